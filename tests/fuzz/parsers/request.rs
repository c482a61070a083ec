//! Requests to the server of `serve`, as bytes of a connection: the known ways in with odd queries, headers and bodies.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    ops::Range,
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use proptest::{collection::vec, prelude::*};
use serde_json::{Value, json};
use serve::{
    Action, Asked, Done, Drawings, DrawnSet, Facts, Image, Images, Nearest, Page, Place, ReadImage, Runs, Served,
    Server, Split, Why,
};
use task::{Shape, Task};
use tokio::sync::oneshot;

use super::Parser;
use crate::{
    child,
    strategies::{edited, edits, few},
};

/// A server of this process.
pub struct Requests {
    address: SocketAddr,
    /// Told when nobody asks any more.
    _stop: oneshot::Sender<()>,
}

const SIDE: usize = 4;
/// An event stream has no end of its own.
const PATIENCE: Duration = Duration::from_millis(200);

impl Requests {
    pub fn new() -> Self {
        let server = Server::bind(&Place { host: None, port: Some(0) }).unwrap();
        let address = server.address("").unwrap();
        let address = address.trim_start_matches("http://").trim_end_matches('/').parse().unwrap();
        let (stop, stopped) = oneshot::channel();
        thread::spawn(move || server.run(vec![model()], Arc::new(Known), Arc::new(Known), stopped));
        Self { address, _stop: stop }
    }
}

fn model() -> Served {
    let (asks, queue) = mpsc::channel();
    let values = SIDE * SIDE;
    thread::spawn(move || {
        let logits =
            |images: Vec<f32>| images.chunks(SIDE * SIDE).map(|image| image.iter().sum::<f32>() - 4.0).collect();
        let why = |image: &[f32], _| Why { gradient: image.to_vec(), added: image.to_vec(), covered: image.to_vec() };
        serve::answer(&queue, values, logits, why);
    });
    let facts = Facts {
        name: "linear/1".into(),
        kind: "linear".into(),
        about: "a <model> & more".into(),
        task: Task::new(["3", "7"]).unwrap(),
        shape: Shape::grey([SIDE; 2]),
        quality: None,
        run: None,
        fit: "squish",
        knows_strokes: true,
        is_linear: true,
    };
    Served::new(facts, Arc::new(Known), Arc::new(|| Ok(Arc::new(Known) as Arc<dyn Images>)), asks)
}

impl ReadImage for Known {
    fn file(&self, file: &[u8], _: bool) -> Result<Image, String> {
        let image = data::decode_image(file, 64).map_err(|error| error.to_string())?;
        let values = image.fitted(Shape::grey([SIDE; 2]), data::Fit::Squish);
        Ok(Image { values: values.into_iter().map(|value| f32::from(value) / 255.0).collect(), warnings: vec![] })
    }

    fn warnings(&self, _: &[f32]) -> Vec<String> {
        vec![]
    }
}

/// Images, runs and drawings of which everything is known.
struct Known;

impl Images for Known {
    fn labels(&self, _: Split) -> &[u16] {
        &[0, 1, 1]
    }

    fn values(&self, valid: Range<usize>) -> Vec<f32> {
        vec![0.5; valid.len() * SIDE * SIDE]
    }

    fn png(&self, _: Split, _: usize) -> Vec<u8> {
        chart::Pixels::new(1, 1, vec![7]).to_png()
    }

    fn nearest(&self, _: &[f32], count: usize) -> Option<Nearest> {
        Some(Nearest { images: vec![(2, 0.5); count.min(3)], baseline: (1, 0.25) })
    }
}

impl Runs for Known {
    fn list(&self, asked: &Asked) -> Result<Value, String> {
        if asked.filter.len() % 2 == 1 { Err(asked.filter.clone()) } else { Ok(json!([asked.skip, asked.last])) }
    }

    fn page(&self, name: &str) -> Option<Page> {
        match name {
            "linear/1" => Some(Page::Written("<html><body><header></header><main></main></body></html>".into())),
            "linear/2" => Some(Page::Missing),
            _ => None,
        }
    }

    fn stamp(&self, name: Option<&str>) -> Option<u64> {
        name.is_none_or(|name| name.starts_with("linear")).then_some(1)
    }

    fn compare(&self, names: &[String]) -> Result<String, String> {
        if names.is_empty() { Err("nothing to compare".into()) } else { Ok(names.join(" ")) }
    }

    fn model(&self, name: &str) -> Result<Served, String> {
        if name == "linear/1" { Ok(model()) } else { Err(name.to_owned()) }
    }

    fn configs(&self) -> Value {
        json!({ "configs": [] })
    }

    fn act(&self, action: Action) -> Result<Done, String> {
        Ok(Done { said: format!("{action:?}"), run: None })
    }
}

impl Drawings for Known {
    fn set(&self) -> Result<DrawnSet, String> {
        Ok(DrawnSet { folder: "drawn".into(), labels: vec![], last: None, needs: vec![], settings: vec![] })
    }

    fn add(&self, label: &str, png: &[u8]) -> Result<DrawnSet, String> {
        if png.is_empty() { Err(label.to_owned()) } else { self.set() }
    }

    fn take_back(&self, image: &str) -> Result<DrawnSet, String> {
        Err(image.to_owned())
    }
}

const WAYS: &[&str] = &[
    "GET /",
    "GET /?run=linear/1&run=linear/1",
    "GET /runs",
    "GET /runs/linear/1/report.html",
    "GET /runs/linear/2/report.html",
    "GET /runs/..%2f..%2fetc/passwd",
    "GET /compare?run=linear/1&run=linear/2",
    "GET /api/models",
    "GET /api/runs?last=3&sort=accuracy&filter=accuracy%3E0.9",
    "GET /api/configs",
    "GET /api/events",
    "GET /api/images?from=0&count=24",
    "GET /api/image?index=1&split=train",
    "GET /api/drawings",
    "GET /openapi.json",
    "POST /api/predict?top=2&why=true",
    "POST /api/predict?seen=true",
    "POST /api/nearest",
    "POST /api/runs",
    "POST /api/drawings?label=3",
    "DELETE /api/drawings?image=3/0001.png",
];

const BODIES: &[&[u8]] = &[
    b"",
    br#"{"images": [[0,0,0,0,1,1,1,1,0,0,0,0,0.5,0,0,0]]}"#,
    br#"{"images": [[1e39],[],[null]]}"#,
    br#"{"images": []}"#,
    br#"{"do": "stop", "runs": ["linear/1"]}"#,
    br#"{"do": "note", "run": "linear/1", "text": "<b>"}"#,
    br#"{"do": "undo"}"#,
    include_bytes!("../../../docs/seven.png"),
];

const WORDS: &[&[u8]] = &[
    b"\r\n",
    b"\r\n\r\n",
    b" ",
    b":",
    b"/",
    b"..",
    b"%00",
    b"%ff",
    b"%2e%2e%2f",
    b"?",
    b"&",
    b"=",
    b"HTTP/1.0",
    b"HTTP/2.0",
    b"Transfer-Encoding: chunked\r\n",
    b"Content-Length: 1073741824\r\n",
    b"Content-Length: -1\r\n",
    b"Expect: 100-continue\r\n",
    b"0\r\n\r\n",
    b"ffffffffffffffff\r\n",
    b"linear/1",
    b"\0",
    b"\xff",
    b"\xc3\x28",
    b"OPTIONS",
    b"HEAD",
    b"Upgrade: websocket\r\n",
];

impl Parser for Requests {
    fn inputs(&self) -> BoxedStrategy<Vec<u8>> {
        let host = self.address.to_string();
        let hosts = prop_oneof![9 => Just(host), 1 => Just("evil.example".to_owned())];
        let kinds = prop::sample::select(vec![
            "application/json",
            "image/png",
            "multipart/form-data; boundary=x",
            "application/json; charset=x",
        ]);
        let body = prop_oneof![4 => prop::sample::select(BODIES.to_vec()).prop_map(<[u8]>::to_vec), 1 => few(64)];
        let more = vec(
            prop::sample::select(vec![
                "Origin: http://evil.example",
                "Accept: */*",
                "Cookie: a=b; c",
                "Authorization: Bearer x",
            ]),
            0..3,
        );
        (prop::sample::select(WAYS.to_vec()), hosts, kinds, body, more, edits(WORDS, 3))
            .prop_map(|(way, host, kind, body, more, edits)| {
                let more: String = more.into_iter().map(|header| format!("{header}\r\n")).collect();
                let head = format!(
                    "{way} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {kind}\r\n{more}Content-Length: {}\r\n\r\n",
                    body.len()
                );
                edited([head.into_bytes(), body].concat(), &edits)
            })
            .boxed()
    }

    fn read(&mut self, bytes: &[u8]) -> bool {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        // It may answer, and close, before it has read all of it.
        let _ = stream.write_all(bytes).and_then(|()| stream.shutdown(std::net::Shutdown::Write));
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer);
        // The server goes on without a thread that panics.
        let panic = child::last_panic();
        assert!(panic.is_empty() && !answer.starts_with("HTTP/1.1 500"), "{panic} {answer}");
        answer.starts_with("HTTP/1.1 2")
    }
}
