//! A headless Chromium that opens a page and tells what a person would meet, over the DevTools protocol
//! (<https://chromedevtools.github.io/devtools-protocol/>).

use std::{
    env,
    io::{BufRead as _, BufReader},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use tempfile::TempDir;
use tungstenite::{Message, WebSocket, stream::MaybeTlsStream};

/// Widths of a telephone, a tablet and a desk, in CSS pixels.
pub const WIDTHS: [u32; 3] = [390, 820, 1440];

/// The browser and the tab in it.
pub struct Browser {
    process: Child,
    _profile: TempDir,
    socket: WebSocket<MaybeTlsStream<TcpStream>>,
    sent: u64,
    session: Option<String>,
    /// What the page asked for and what it complained about.
    heard: Vec<String>,
}

/// What there is to say of a page at one width.
#[derive(Debug, Default)]
pub struct Seen {
    /// Errors of the console, and requests for anything but the page itself.
    pub trouble: Vec<String>,
    /// How much wider than the window it is, in CSS pixels.
    pub overflow: i64,
    /// A picture of all of it.
    pub png: Vec<u8>,
}

/// Chromium, where there is one; says so where not.
fn chromium() -> Option<PathBuf> {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let folders: Vec<PathBuf> = env::var_os("PATH").map(|path| env::split_paths(&path).collect()).unwrap_or_default();
    let found = names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name))).find(|p| p.is_file());
    if found.is_none() {
        println!("skipped: there is no Chromium");
    }
    found
}

impl Browser {
    /// Starts one, if there is one.
    pub fn start() -> Option<Self> {
        let profile = tempfile::tempdir().unwrap();
        let mut command = Command::new(chromium()?);
        let quiet = ["disable-background-networking", "disable-component-update", "disable-sync", "disable-quic"];
        for flag in
            ["headless", "no-sandbox", "disable-gpu", "no-first-run", "hide-scrollbars", "remote-debugging-port=0"]
                .iter()
                .chain(&quiet)
        {
            command.arg(format!("--{flag}"));
        }
        command.arg(format!("--user-data-dir={}", profile.path().display()));
        let mut process = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let address = lines.find_map(|line| line.unwrap().strip_prefix("DevTools listening on ").map(str::to_owned));
        // Whoever does not read what it goes on to say stops it once the pipe is full.
        std::thread::spawn(move || lines.for_each(drop));
        let (socket, _) = tungstenite::connect(address.unwrap()).unwrap();
        if let MaybeTlsStream::Plain(stream) = socket.get_ref() {
            stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        }
        let mut browser = Self { process, _profile: profile, socket, sent: 0, session: None, heard: Vec::new() };
        browser.open_tab();
        Some(browser)
    }

    fn open_tab(&mut self) {
        let target = self.call("Target.createTarget", json!({ "url": "about:blank" }))["targetId"].clone();
        let attached = self.call("Target.attachToTarget", json!({ "targetId": target, "flatten": true }));
        self.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Network", "Runtime", "Log"] {
            self.call(&format!("{domain}.enable"), json!({}));
        }
    }

    /// Opens a file in a window of this width, light or dark.
    pub fn look(&mut self, file: &Path, width: u32, dark: bool) -> Seen {
        let scheme = if dark { "dark" } else { "light" };
        let size = json!({ "width": width, "height": 1000, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.call("Emulation.setDeviceMetricsOverride", size);
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.call("Emulation.setEmulatedMedia", media);
        self.heard.clear();
        let url = format!("file://{}", file.canonicalize().unwrap().display());
        self.call("Page.navigate", json!({ "url": url }));
        self.wait_for("Page.loadEventFired");
        let overflow = self.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth");
        let height = self.evaluate("document.documentElement.scrollHeight");
        let clip =
            json!({ "x": 0, "y": 0, "width": width, "height": height.as_i64().unwrap().min(16_000), "scale": 1 });
        let shot = self.call("Page.captureScreenshot", json!({ "captureBeyondViewport": true, "clip": clip }));
        let png = BASE64_STANDARD.decode(shot["data"].as_str().unwrap()).unwrap();
        let own = format!("request {url}");
        let trouble = self.heard.iter().filter(|heard| **heard != own && !heard.starts_with("request data:"));
        Seen { trouble: trouble.cloned().collect(), overflow: overflow.as_i64().unwrap(), png }
    }

    fn evaluate(&mut self, expression: &str) -> Value {
        self.call("Runtime.evaluate", json!({ "expression": expression }))["result"]["value"].clone()
    }

    /// Sends a command and waits for its result.
    fn call(&mut self, method: &str, params: Value) -> Value {
        self.sent += 1;
        let mut command = json!({ "id": self.sent, "method": method, "params": params });
        if let Some(session) = &self.session {
            command["sessionId"] = session.as_str().into();
        }
        self.socket.send(Message::text(command.to_string())).unwrap();
        loop {
            let message = self.read();
            if message["id"] == self.sent {
                assert!(message["error"].is_null(), "{method}: {message}");
                return message["result"].clone();
            }
        }
    }

    fn wait_for(&mut self, event: &str) {
        while self.read()["method"] != event {}
    }

    /// The next message; what it tells of the page is remembered.
    fn read(&mut self) -> Value {
        let message: Value = serde_json::from_str(self.socket.read().unwrap().to_text().unwrap()).unwrap();
        let params = &message["params"];
        let heard = match message["method"].as_str().unwrap_or_default() {
            "Network.requestWillBeSent" => params["request"]["url"].as_str().map(|url| format!("request {url}")),
            "Runtime.exceptionThrown" => Some(format!("exception {params}")),
            "Runtime.consoleAPICalled" | "Log.entryAdded" => Some(format!("console {params}")),
            _ => None,
        };
        self.heard.extend(heard);
        message
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It may have ended by itself; there is nothing else to be done about it.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
