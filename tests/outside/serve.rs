//! `train serve`: the page in a browser, the interface, and who is not answered.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use burn::tensor::{Tensor, TensorData};
use data::{DataSet, Request, Source, decode_image};
use model::{AutodiffBackend, Distance};
use serde_json::{Value, json};
use train::{
    backend::{BackendJob, Kind, dispatch},
    baseline,
};

use crate::{
    browser::{Browser, WIDTHS},
    harness::{Place, real_archive, record, wait_until},
    pages::check,
};

/// A server, which ends with this.
pub struct Serving {
    process: Child,
    /// As printed, `http://127.0.0.1:8000/`.
    pub address: String,
}

impl Serving {
    pub fn start(place: &Place, arguments: &[&str]) -> Self {
        let mut process = place.command(&[&["serve"], arguments].concat()).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let address = lines.find_map(|line| Some(line.unwrap().strip_prefix("serves   ")?.to_owned())).unwrap();
        // What it says later has a reader as long as it runs.
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, address }
    }

    /// Host and port.
    pub fn host(&self) -> &str {
        self.address.strip_prefix("http://").unwrap().split('/').next().unwrap()
    }

    /// Sends a request as it stands; status and body of the answer, of which none has the status 0.
    pub fn raw(&self, request: &[u8]) -> (u16, String) {
        let (status, body) = self.raw_bytes(request);
        (status, String::from_utf8_lossy(&body).into_owned())
    }

    fn raw_bytes(&self, request: &[u8]) -> (u16, Vec<u8>) {
        let mut stream = TcpStream::connect(self.host()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        // It may answer, and close, before it has read all of it.
        let _ = stream.write_all(request);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap_or(answer.len());
        let head = String::from_utf8_lossy(&answer[..end]).into_owned();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
        (status, answer.get(end + 4..).unwrap_or_default().to_vec())
    }

    pub fn ask(&self, first: &str, headers: &[&str], body: &[u8]) -> (u16, String) {
        let mut request = format!("{first} HTTP/1.1\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
        let has_host = headers.iter().any(|header| header.starts_with("host:"));
        let host = if has_host { String::new() } else { format!("host: {}\r\n", self.host()) };
        request += &host;
        headers.iter().for_each(|header| request += &format!("{header}\r\n"));
        self.raw(&[format!("{request}\r\n").as_bytes(), body].concat())
    }

    fn predict(&self, query: &str, body: &Value) -> (u16, Value) {
        self.json(&format!("POST /api/predict{query}"), body)
    }

    /// Sends JSON, and is answered by JSON.
    fn json(&self, first: &str, body: &Value) -> (u16, Value) {
        let headers = ["content-type: application/json"];
        let (status, body) = self.ask(first, &headers, body.to_string().as_bytes());
        (status, serde_json::from_str(&body).unwrap_or_else(|_| panic!("{status} {body}")))
    }

    /// Ends it as Ctrl-C does; its exit code.
    #[cfg(unix)]
    fn interrupt(mut self) -> i32 {
        Command::new("kill").args(["-INT", &self.process.id().to_string()]).status().unwrap();
        self.process.wait().unwrap().code().unwrap()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A grey file of 28 x 28 pixels.
pub fn png(values: &[u8]) -> Vec<u8> {
    png_of(28, 28, values)
}

pub fn png_of(width: u32, height: u32, values: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.write_header().unwrap().write_image_data(values).unwrap();
    file
}

#[test]
fn a_drawn_3_is_a_3_and_a_drawn_7_a_7() {
    let (Some(archive), Some(mut browser)) = (real_archive(), Browser::start()) else { return };
    let place = Place::new();
    let path = format!("data.path={archive}");
    for config in ["two-layer", "linear"] {
        place.train(&[config, "--set", "data.source=archive", "--set", &path]).ok();
    }
    let runs = place.runs();
    let runs: Vec<&str> = runs.iter().map(|run| run.to_str().unwrap()).collect();
    let serving = Serving::start(&place, &runs);
    let accuracy = record(Path::new(runs[0]))["best"]["metrics"]["accuracy"].as_f64().unwrap();
    let reached = format!("accuracy {accuracy:.4} on 2,038 validation images");
    let seven = [[0.3, 0.2], [0.4, 0.2], [0.55, 0.2], [0.75, 0.21], [0.65, 0.4], [0.55, 0.6], [0.5, 0.8]];
    for (width, dark) in WIDTHS.into_iter().zip([true, false, false]) {
        browser.open_address(&serving.address, width, dark);
        // Nothing is drawn: it is asked for once, and there is nothing that a model sees.
        let page = browser.text("document.querySelector('main').innerText");
        assert!(page.matches("Draw 3 or 7 here.").count() == 1 && !page.contains("what the model sees"), "{page}");
        assert!(!page.contains("orange") && page.contains(&reached), "{page}");
        let link = format!("/{}/report.html", runs[0].split_once("/runs/").map_or("", |(_, name)| name));
        assert!(browser.text("document.querySelector('.model a').href").ends_with(&format!("/runs{link}")), "{link}");
        // A click is a dot.
        browser.drag("#canvas", &[[0.5, 0.5]]);
        assert!(browser.evaluate("light().filter((value) => value > 0.5).length").as_u64() > Some(300));
        wait_until(|| browser.text("document.querySelector('.model').innerText").contains("It knows only 3 and 7."));
        browser.evaluate("find('clear').click()");
        browser.evaluate("document.getElementById('why').click()");
        // Off the middle and small, as a hand may draw it.
        let three: Vec<[f64; 2]> = [[10, 12], [15, 8], [24, 9], [28, 15], [24, 21], [17, 23], [25, 25], [29, 31]]
            .into_iter()
            .chain([[26, 38], [18, 41], [10, 37]])
            .map(|[x, y]| [f64::from(x) / 60.0 + 0.05, f64::from(y) / 60.0 + 0.1])
            .collect();
        for (stroke, expected) in [(&three[..], "3 3"), (&seven, "7 7")] {
            browser.drag("#canvas", stroke);
            until(&mut browser, expected);
            wait_until(|| {
                browser.text("document.querySelector('.key').innerText").trim()
                    == format!("orange: for {}, blue: against", &expected[..1])
            });
            assert!(browser.text("document.querySelector('.seen').innerText").starts_with("what the model sees"));
            let time = browser.text("document.querySelector('.time').textContent");
            assert!(time.ends_with(" ms from the stroke to the number"), "{time}");
            if expected == "3 3" {
                browser.evaluate("document.getElementById('clear').click()");
            }
        }
        // What the pixels add is the score of a linear model.
        let caption = browser.text("document.querySelectorAll('figcaption')[1].textContent + document.querySelectorAll('figcaption')[4].textContent");
        assert!(caption.contains("with the bias"), "{caption}");
        browser.evaluate("find('map').value = 'gradient'; find('map').dispatchEvent(new Event('change'))");
        let captions = "document.querySelectorAll('figcaption')[1].textContent + document.querySelectorAll('figcaption')[4].textContent";
        let gradient = "the gradient of the class by the pixels";
        wait_until(|| browser.text(captions) == format!("{gradient}: the weights of the model{gradient}"));
        let seen = browser.seen(width, &serving.address);
        check(&mut browser, seen, "serve", width, dark);
    }
    // The same page with the model in itself.
    for run in runs {
        place.train(&["export", run, "--page", "digit.html"]).ok();
        let page = place.path().join("digit.html");
        browser.open(&page, 390, false);
        browser.evaluate("document.getElementById('why').click()");
        browser.drag("#canvas", &seven);
        until(&mut browser, "7");
        let added = "document.querySelectorAll('figcaption')[1].textContent";
        let is_linear = run.contains("linear");
        assert_eq!(browser.text(added).contains("with the bias"), is_linear);
        assert!(is_linear || browser.text(added) == "what each pixel adds: gradient × value");
        let seen = browser.seen(390, &format!("file://{}", page.canonicalize().unwrap().display()));
        check(&mut browser, seen, "digit", 390, false);
    }
}

/// Waits until the page says these classes.
fn until(browser: &mut Browser, expected: &str) {
    let names = "[...document.querySelectorAll('.class')].map((name) => name.textContent).join(' ')";
    let end = Instant::now() + Duration::from_secs(20);
    while browser.text(names) != expected {
        assert!(Instant::now() < end, "{expected}: {}", browser.text(names));
    }
}

#[test]
fn its_predictions_are_those_of_predict() {
    let place = Place::new();
    place.train_small(&["two-layer"]).ok();
    let images: Vec<Vec<u8>> =
        (0..5u32).map(|seed| (0..784u32).map(|i| ((i * i * (seed + 3)) % 256) as u8).collect()).collect();
    let mut arguments = vec!["predict".to_owned(), "latest".into(), "--json".into(), "--top".into(), "2".into()];
    for (number, pixels) in images.iter().enumerate() {
        fs::write(place.path().join(format!("{number}.png")), png(pixels)).unwrap();
        arguments.push(format!("{number}.png"));
    }
    let expected = place.train(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).ok().json();
    let serving = Serving::start(&place, &["latest"]);
    let rows: Vec<Vec<f32>> =
        images.iter().map(|image| image.iter().map(|value| f32::from(*value) / 255.0).collect()).collect();
    let (status, together) = serving.predict("?top=2", &json!({ "images": rows }));
    assert_eq!(status, 200, "{together}");
    for (number, expected) in expected.as_array().unwrap().iter().enumerate() {
        let (status, alone) =
            serving.ask("POST /api/predict?top=2&why=true", &["content-type: image/png"], &png(&images[number]));
        let alone: Value = serde_json::from_str(&alone).unwrap();
        assert_eq!((status, alone["predictions"][0]["why"]["added"].as_array().unwrap().len()), (200, 784));
        for found in [&together["predictions"][number], &alone["predictions"][0]] {
            assert_eq!(found["label"], expected["label"]);
            for place in 0..2 {
                let [found, expected] = [found, expected].map(|prediction| &prediction["top"][place]);
                let off = found["probability"].as_f64().unwrap() - expected["probability"].as_f64().unwrap();
                // Sums over batches of other sizes are of another order.
                assert!(found["label"] == expected["label"] && off.abs() < 1e-6, "{found} {expected}");
            }
        }
    }
    // As `curl -F` sends them, in their order.
    let part = |name: &str, file: &[u8]| {
        let head = format!("--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n");
        [head.as_bytes(), file, b"\r\n"].concat()
    };
    let form = |parts: &[Vec<u8>]| {
        let body = [&parts.concat()[..], b"--b--\r\n"].concat();
        let (status, answer) =
            serving.ask("POST /api/predict", &["content-type: multipart/form-data; boundary=b"], &body);
        (status, serde_json::from_str::<Value>(&answer).unwrap())
    };
    let files: Vec<Vec<u8>> = images.iter().map(|image| part("a.png", &png(image))).collect();
    let (status, answer) = form(&files);
    let found = answer["predictions"].as_array().unwrap_or_else(|| panic!("{status} {answer}"));
    assert_eq!(found.len(), 5);
    for (found, expected) in found.iter().zip(together["predictions"].as_array().unwrap()) {
        let off = found["logits"][0].as_f64().unwrap() - expected["logits"][0].as_f64().unwrap();
        assert!(off.abs() < 1e-5, "{found} {expected}");
    }
    for (parts, reason) in [
        (&[files[0].clone(), part("b.png", b"nothing")][..], "image 1: not a usable image: it starts as no image does"),
        (&[], "0 images, expected 1 to 1000"),
        (&vec![part("c", b""); 1001], "more images than 1000"),
    ] {
        let (status, answer) = form(parts);
        let told = answer["error"].as_str().unwrap();
        assert!(status == 400 && told.starts_with(reason), "{status} {told}");
    }
    let cut = serving.ask("POST /api/predict", &["content-type: multipart/form-data; boundary=b"], &files[0]);
    assert!(cut.0 == 400 && cut.1.contains("the form is cut off"), "{cut:?}");
    let (_, models) = serving.ask("GET /api/models", &[], b"");
    let models: Value = serde_json::from_str(&models).unwrap();
    assert_eq!((&models[0]["classes"], &models[0]["shape"]), (&json!(["3", "7"]), &json!([1, 28, 28])));
    let name = models[0]["name"].as_str().unwrap().replace('/', "%2F");
    assert_eq!(serving.predict(&format!("?model={name}"), &json!({ "images": [rows[0]] })).0, 200);
    #[cfg(unix)]
    assert_eq!(serving.interrupt(), 0);
}

#[test]
fn what_cannot_be_answered_is_told_in_a_line() {
    let place = Place::new();
    place.train_small(&["linear"]).ok();
    let serving = Serving::start(&place, &["latest"]);
    let zeros = vec![0.0; 784];
    for (query, body, reason) in [
        ("", json!({ "images": [[0.0]] }), "image 0 has 1 values, the model takes 1 x 28 x 28 = 784"),
        ("", json!({ "images": [vec![255.0; 784]] }), "image 0 has the value 255, expected 0 (black) to 1"),
        ("", json!({ "images": [] }), "0 images, expected 1 to 1000"),
        ("", json!({ "pixels": [] }), "the JSON: unknown field `pixels`"),
        ("?why=true", json!({ "images": [zeros, zeros] }), "`why` is of one image"),
        ("?model=../../etc", json!({ "images": [zeros] }), "no model of this name"),
        ("?tops=3", json!({ "images": [zeros] }), "unknown field `tops`"),
    ] {
        let (status, answer) = serving.predict(query, &body);
        let told = answer["error"].as_str().unwrap();
        assert!((400..405).contains(&status) && told.contains(reason) && !told.contains('\n'), "{status} {told}");
    }
    let (status, told) = serving.ask("POST /api/predict", &["content-type: image/png"], b"no image");
    assert!(status == 400 && told.contains("it starts as no image does"), "{status} {told}");
    assert_eq!(serving.ask("GET /api/../../etc/passwd", &[], b"").0, 404);
    assert_eq!(serving.ask("DELETE /api/predict", &[], b"").0, 405);
}

#[test]
fn dark_strokes_on_light_are_told_alike_and_inverted_and_centred_on_the_page() {
    let place = Place::new();
    let Some(data) = trained_on_real(&place) else { return };
    let serving = Serving::start(&place, &["latest"]);
    let index = data.valid.labels().iter().position(|label| data.class(*label) == "7").unwrap();
    let light = data.valid.image(index);
    let dark: Vec<u8> = light.iter().map(|value| 255 - value).collect();
    let warning = "looks like dark strokes on light, the model knows light on black";
    fs::write(place.path().join("dark.png"), png(&dark)).unwrap();
    let told = place.train(&["predict", "latest", "dark.png"]).ok().stderr;
    assert_eq!(told, format!("warning: `dark.png` {warning}: try --invert\n"));
    let expected = json!([format!("{warning}: try invert=true")]);
    let of_file = |query: &str, pixels: &[u8]| {
        let (status, answer) =
            serving.ask(&format!("POST /api/predict{query}"), &["content-type: image/png"], &png(pixels));
        assert_eq!(status, 200, "{answer}");
        serde_json::from_str::<Value>(&answer).unwrap()["predictions"][0].clone()
    };
    let of_numbers = |query: &str, pixels: &[u8]| {
        serving.predict(query, &json!({ "images": [values(pixels)] })).1["predictions"][0].clone()
    };
    let right = of_file("", light);
    for ask in [&of_file as &dyn Fn(&str, &[u8]) -> Value, &of_numbers] {
        assert_eq!((&ask("", &dark)["warnings"], &ask("", light)["warnings"]), (&expected, &Value::Null));
        let inverted = ask("?invert=true", &dark);
        assert_eq!((&inverted["warnings"], &inverted["label"]), (&Value::Null, &json!("7")));
        assert!((inverted["logits"][0].as_f64().unwrap() - right["logits"][0].as_f64().unwrap()).abs() < 1e-4);
    }
    assert_eq!(of_file("", &[0; 784])["warnings"], json!(["is blank"]));
    let Some(mut browser) = Browser::start() else { return };
    // Small, in a corner of a large light sheet: only centred it is a 7.
    let sheet: Vec<u8> = (0..100 * 100)
        .map(|i| (i / 100, i % 100))
        .map(|(y, x)| {
            let is_within = (64..92).contains(&y) && (4..32).contains(&x);
            if is_within { dark[(y - 64) * 28 + x - 4] } else { 255 }
        })
        .collect();
    let file = serde_json::to_string(&png_of(100, 100, &sheet)).unwrap();
    place.train(&["export", "latest", "--page", "digit.html"]).ok();
    let page = format!("file://{}", place.path().join("digit.html").canonicalize().unwrap().display());
    for address in [&serving.address, &page] {
        browser.open_address(address, 390, false);
        browser.evaluate(&format!("void take(new Blob([new Uint8Array({file})], {{ type: 'image/png' }}))"));
        let line = "document.getElementById('dark').hidden ? '' : document.getElementById('isdark').textContent";
        wait_until(|| browser.text(line) == format!("The image {warning}."));
        browser.evaluate("document.getElementById('invert').click()");
        until(&mut browser, "7");
        assert_eq!(browser.text(line), "The image is inverted.");
        // The mass of what the model sees is in the middle, as that of a drawing.
        let middle = |browser: &mut Browser| -> Vec<f64> {
            let seen = "cards[0].input().values ?? []";
            let values: Vec<f64> =
                browser.evaluate(seen).as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect();
            let mass: f64 = values.iter().sum();
            let mean = |of: &dyn Fn(usize) -> usize| {
                values.iter().enumerate().map(|(i, v)| v * (of(i) as f64 + 0.5)).sum::<f64>() / mass
            };
            vec![mean(&|i| i / 28), mean(&|i| i % 28)]
        };
        assert!(middle(&mut browser).iter().all(|middle| (middle - 14.0).abs() < 0.3), "{:?}", middle(&mut browser));
        // As it is on demand: the whole sheet, whose digit is a few pixels.
        browser.evaluate("document.getElementById('raw').click()");
        wait_until(|| browser.evaluate("cards[0].input().values").is_null());
        let seen = browser.seen(390, address);
        check(&mut browser, seen, "dark", 390, false);
        browser.evaluate("document.getElementById('clear').click()");
        assert_eq!(browser.text(line), "");
    }
}

/// The linear model on the real data, and those data.
fn trained_on_real(place: &Place) -> Option<DataSet> {
    let archive = real_archive()?;
    let path = format!("data.path={archive}");
    place.train(&["linear", "--set", "data.source=archive", "--set", &path]).ok();
    let source = Source::Archive { path: archive.into() };
    let request = Request { source, cache: Some(place.path().join("cache")), ..Request::default() };
    Some(data::load(&request, &mut |_| {}).unwrap())
}

fn values(image: &[u8]) -> Vec<f32> {
    image.iter().map(|pixel| f32::from(*pixel) / 255.0).collect()
}

#[test]
fn the_wrong_validation_images_come_first_and_are_answered_as_they_are_listed() {
    let place = Place::new();
    let Some(data) = trained_on_real(&place) else { return };
    let serving = Serving::start(&place, &["latest"]);
    let (status, listed) = serving.json("GET /api/images?count=200", &Value::Null);
    assert_eq!((status, &listed["total"]), (200, &json!(2038)), "{listed}");
    let images = listed["images"].as_array().unwrap();
    let wrong = listed["wrong"].as_u64().unwrap() as usize;
    let is_wrong = |image: &Value| image["label"] != image["prediction"];
    assert_eq!(images.iter().map(is_wrong).collect::<Vec<_>>(), (0..200).map(|i| i < wrong).collect::<Vec<_>>());
    // Those with the highest losses, and as many wrong ones, as `evaluate` has them.
    let evaluated = place.train(&["evaluate", "latest", "--json", "--top-losses", "20"]).ok().json();
    let accuracy = evaluated["metrics"]["accuracy"].as_f64().unwrap();
    assert!((accuracy - (2038 - wrong) as f64 / 2038.0).abs() < 1e-9, "{accuracy} {wrong}");
    for (image, top) in images.iter().zip(evaluated["top_losses"].as_array().unwrap()) {
        let name = data.image_name(data::Split::Valid, image["index"].as_u64().unwrap() as usize);
        assert_eq!((&json!(name), &image["prediction"]), (&top["image"], &top["prediction"]), "{top}");
    }
    // Then the least certain.
    let probability = |image: &Value| image["probability"].as_f64().unwrap();
    let right: Vec<f64> = images[wrong..].iter().map(probability).collect();
    assert!(right.is_sorted() && right[0] < 0.6, "{right:?}");
    let (_, last) = serving.json("GET /api/images?from=2030", &Value::Null);
    assert_eq!(last["images"].as_array().unwrap().len(), 8);
    let request = |index: &Value| {
        format!("GET /api/image?index={index} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", serving.host())
    };
    for image in images[..3].iter().chain(&images[wrong..wrong + 3]) {
        let (status, file) = serving.raw_bytes(request(&image["index"]).as_bytes());
        let pixels = decode_image(&file, 28).unwrap().pixels;
        assert_eq!((status, &pixels[..]), (200, data.valid.image(image["index"].as_u64().unwrap() as usize)));
        let (_, answer) = serving.ask("POST /api/predict", &["content-type: image/png"], &file);
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(answer["predictions"][0]["label"], image["prediction"]);
        assert!((probability(&answer["predictions"][0]) - probability(image)).abs() < 1e-6, "{answer} {image}");
    }
}

/// What the baseline says of each validation image, with the distance to the mean of that class.
struct Baseline<'a>(&'a DataSet);

impl BackendJob for Baseline<'_> {
    const WORK: &'static str = "computing the baseline";

    type Output = Vec<(u16, f32)>;

    fn run<B: AutodiffBackend>(self, device: B::Device) -> Self::Output {
        let Self(data) = self;
        let means = baseline::fit::<B>(data, &device);
        let labels = data.task().predict(&baseline::logits(&means, &data.valid, Distance::L2, &device));
        let said = |(label, image): (u16, &[u8])| {
            let row = Tensor::from_data(TensorData::new(values(image), [1, image.len()]), &device);
            let distance = Distance::L2.between(row, means.mean(usize::from(label))).into_data();
            (label, distance.convert::<f32>().iter().next().unwrap())
        };
        labels.into_iter().zip(data.valid.iter()).map(said).collect()
    }
}

#[test]
fn a_training_image_is_nearest_to_itself_and_the_baseline_says_what_baseline_says() {
    let place = Place::new();
    let Some(data) = trained_on_real(&place) else { return };
    let serving = Serving::start(&place, &["latest"]);
    let nearest = |image: &[u8]| {
        let (status, answer) = serving.json("POST /api/nearest", &json!({ "images": [values(image)] }));
        assert_eq!((status, answer["nearest"].as_array().map(Vec::len)), (200, Some(5)), "{answer}");
        answer
    };
    for index in [0, 7000, 12_395] {
        let answer = nearest(data.train.image(index));
        let class = data.class(data.train.labels()[index]);
        assert_eq!(answer["nearest"][0], json!({ "index": index, "label": class, "distance": 0.0 }));
    }
    let said = dispatch(Kind::Flex, 0, &place.path().join("kernels"), Baseline(&data)).unwrap();
    // Where it is wrong, too: what it says is not the label.
    let wrong = (0..2038).filter(|index| said[*index].0 != data.valid.labels()[*index]).take(5);
    for index in wrong.chain((0..2038).step_by(200)) {
        let (image, (label, distance)) = (data.valid.image(index), said[index]);
        let answer = nearest(image);
        let found = &answer["baseline"];
        assert_eq!(found["label"], data.class(label));
        assert!((found["distance"].as_f64().unwrap() - f64::from(distance)).abs() < 1e-6, "{found} {distance}");
        // By hand, which is slow.
        let squares = |other: &[u8]| -> f64 {
            image.iter().zip(other).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum()
        };
        let least = data.train.iter().map(squares).fold(f64::INFINITY, f64::min);
        let found = answer["nearest"][0]["distance"].as_f64().unwrap();
        assert!((found - (least / 784.0).sqrt() / 255.0).abs() < 1e-6, "{found}");
    }
}

#[test]
fn images_that_are_gone_are_told_and_come_when_they_are_back() {
    let place = Place::new();
    let folder = place.path().join("mine");
    for (number, (split, class)) in
        [("train", "3"), ("train", "7"), ("valid", "3"), ("valid", "7")].into_iter().enumerate()
    {
        let folder = folder.join(split).join(class);
        fs::create_dir_all(&folder).unwrap();
        for image in 0..4u32 {
            let pixels: Vec<u8> = (0..784u32).map(|i| (i * (image + 4 * number as u32 + 1) % 256) as u8).collect();
            fs::write(folder.join(format!("{image}.png")), png(&pixels)).unwrap();
        }
    }
    let small = ["--set", "training.epochs=1", "--set", "training.batch_size=4"];
    place.train(&[&["linear", "--set", "data.source=folder", "--set", "data.path=mine"], &small[..]].concat()).ok();
    let away = place.path().join("away");
    fs::rename(&folder, &away).unwrap();
    let serving = Serving::start(&place, &["latest"]);
    let zeros = json!({ "images": [vec![0.0; 784]] });
    let told = |first: &str| {
        let (status, answer) = serving.json(first, &zeros);
        (status, answer["error"].as_str().unwrap_or_default().to_owned())
    };
    for first in ["GET /api/images", "GET /api/image?index=0", "POST /api/nearest"] {
        let (status, told) = told(first);
        assert_eq!(status, 404, "{told}");
        assert!(told.starts_with("the images of linear/") && !told.contains('\n'), "{told}");
        assert!(told.ends_with("cannot be shown: `data.path` is \"mine\": there is no such file or folder"), "{told}");
    }
    assert_eq!(serving.predict("", &zeros).0, 200);
    if let Some(mut browser) = Browser::start() {
        browser.open_address(&serving.address, 390, false);
        browser.evaluate("document.querySelector('#validation summary').click()");
        let counted = "document.getElementById('counted').textContent";
        wait_until(|| browser.text(counted).ends_with("there is no such file or folder"));
    }
    // Others in their place are not what the run was trained on.
    fs::create_dir_all(&folder).unwrap();
    for split in ["train", "valid"] {
        fs::create_dir(folder.join(split)).unwrap();
        for (from, to) in [("3", "7"), ("7", "3")] {
            let (from, to) = (away.join(split).join(from), folder.join(split).join(to));
            fs::create_dir(&to).unwrap();
            for image in 0..4 {
                let name = format!("{image}.png");
                fs::copy(from.join(&name), to.join(&name)).unwrap();
            }
        }
    }
    let (status, others) = told("GET /api/images");
    assert!(status == 404 && others.contains("the data is not what the run was trained on (fingerprint "), "{others}");
    fs::remove_dir_all(&folder).unwrap();
    fs::rename(&away, &folder).unwrap();
    let (status, listed) = serving.json("GET /api/images", &zeros);
    assert_eq!((status, &listed["total"]), (200, &json!(8)), "{listed}");
}

#[test]
fn what_no_image_can_be_asked_for_by_is_told_in_a_line() {
    let place = Place::new();
    place.train_small(&["linear"]).ok();
    let serving = Serving::start(&place, &["latest"]);
    let zeros = vec![0.0; 784];
    for (first, images, expected, reason) in [
        ("GET /api/images?count=0", 0, 400, "`count` is 0, expected 1 to 200"),
        ("GET /api/images?count=201", 0, 400, "`count` is 201, expected 1 to 200"),
        ("GET /api/images?from=201", 0, 400, "`from` is 201, but there are 200 validation images"),
        ("GET /api/images?from=-1", 0, 400, "from: invalid digit found in string"),
        ("GET /api/images?model=../../etc", 0, 404, "no model of this name"),
        ("GET /api/images?last=3", 0, 400, "unknown field `last`"),
        ("GET /api/image?index=200", 0, 404, "there is no image 200, but 200 from 0 on"),
        ("GET /api/image?index=600&split=train", 0, 404, "there is no image 600, but 600 from 0 on"),
        ("GET /api/image?index=0&split=test", 0, 400, "unknown variant `test`, expected `train` or `valid`"),
        ("GET /api/image?index=99999999999999999999", 0, 400, "number too large"),
        ("GET /api/image", 0, 400, "missing field `index`"),
        ("POST /api/nearest", 0, 400, "0 images, expected 1 to 1000"),
        ("POST /api/nearest", 2, 400, "the nearest are of one image"),
        ("POST /api/nearest?model=none", 1, 404, "no model of this name"),
        ("POST /api/nearest?top=3", 1, 400, "unknown field `top`"),
    ] {
        let (status, answer) = serving.json(first, &json!({ "images": vec![&zeros; images] }));
        let told = answer["error"].as_str().unwrap();
        assert!(status == expected && told.contains(reason) && !told.contains('\n'), "{first}: {status} {told}");
    }
    let (status, rest) = serving.json("GET /api/images?from=200", &Value::Null);
    assert_eq!((status, &rest["images"]), (200, &json!([])), "nothing is left");
}

#[test]
fn a_validation_image_is_chosen_on_the_page_and_has_neighbours() {
    let place = Place::new();
    let Some(mut browser) = Browser::start() else { return };
    let Some(data) = trained_on_real(&place) else { return };
    let serving = Serving::start(&place, &["latest"]);
    let (thumbs, target) = ("#thumbs button", "document.getElementById('target').textContent");
    let count = format!("document.querySelectorAll('{thumbs}').length");
    let (_, listed) = serving.json("GET /api/images", &Value::Null);
    for (width, dark) in WIDTHS.into_iter().zip([false, true, false]) {
        browser.open_address(&serving.address, width, dark);
        assert_eq!(browser.evaluate(&count), 0, "nothing is loaded before it is opened");
        browser.evaluate("document.querySelector('#validation summary').click()");
        wait_until(|| browser.evaluate(&count) == 24);
        browser.evaluate("document.getElementById('more').click()");
        wait_until(|| browser.evaluate(&count) == 48);
        let counted = browser.text("document.getElementById('counted').textContent");
        let expected = format!("{} of 2,038 are wrong: these first, then the least certain. ", listed["wrong"]);
        assert!(counted.starts_with(&expected), "{counted}");
        browser.evaluate("document.getElementById('nearest').click()");
        for number in [0, 1] {
            let image = &listed["images"][number];
            let [label, prediction] = ["label", "prediction"].map(|key| image[key].as_str().unwrap());
            let button = format!("document.querySelectorAll('{thumbs}')[{number}]");
            assert!(browser.text(&format!("{button}.textContent")).starts_with(&format!("{prediction}, is {label}")));
            browser.evaluate(&format!("{button}.click()"));
            until(&mut browser, prediction);
            let expected = format!("validation image {}, its label: {label}", image["index"]);
            assert_eq!(browser.text(target), expected);
            assert_eq!(browser.text("document.getElementById('label').value"), label);
        }
        let image = data.valid.image(listed["images"][1]["index"].as_u64().unwrap() as usize);
        let (_, expected) = serving.json("POST /api/nearest", &json!({ "images": [values(image)] }));
        let said = |of: &Value| format!("{}, {:.3}", of["label"].as_str().unwrap(), of["distance"].as_f64().unwrap());
        let neighbours: String = expected["nearest"].as_array().unwrap().iter().map(said).collect();
        wait_until(|| browser.text("document.querySelector('.nearest')?.textContent ?? ''") == neighbours);
        let baseline = browser.text("document.querySelector('.nearest + p').textContent");
        let expected = said(&expected["baseline"]).replace(", ", ", whose mean image is nearest: ");
        assert!(baseline.ends_with(&format!("pixel similarity says {expected}")), "{baseline} {expected}");
        let loaded = "[...document.querySelectorAll('.nearest img')].filter((image) => image.complete && image.naturalWidth === 28).length";
        wait_until(|| browser.evaluate(loaded) == 5);
        let seen = browser.seen(width, &serving.address);
        check(&mut browser, seen, "validation", width, dark);
        // What is drawn in its place has no label but the model's.
        browser.drag("#canvas", &[[0.3, 0.2], [0.4, 0.2], [0.55, 0.2], [0.75, 0.21], [0.65, 0.4], [0.5, 0.8]]);
        until(&mut browser, "7");
        assert_eq!(browser.text(target), "");
        assert_eq!(browser.text("document.getElementById('label').value"), "7");
    }
}

#[test]
fn others_are_not_answered() {
    let place = Place::new();
    place.train_small(&["linear"]).ok();
    let serving = Serving::start(&place, &["latest"]);
    assert_eq!(serving.ask("GET /", &[], b"").0, 200);
    // A name that leads here by another's DNS, another site's form, and a page of another port.
    assert_eq!(serving.ask("GET /", &["host: evil.example"], b"").0, 403);
    for origin in ["http://evil.example", "http://127.0.0.1:1", "null"] {
        assert_eq!(serving.ask("POST /api/predict", &[&format!("origin: {origin}")], b"{}").0, 403, "{origin}");
    }
    // A gigabyte is refused by what it says of itself, and where it says nothing after 16 MB.
    let claim = format!("POST /api/predict HTTP/1.1\r\nhost: {}\r\ncontent-length: 1000000000\r\n\r\n", serving.host());
    assert_eq!(serving.raw(claim.as_bytes()).0, 413);
    let chunk = [b"100000\r\n".as_slice(), &[b'x'; 1 << 20], b"\r\n"].concat();
    let chunked =
        format!("POST /api/predict HTTP/1.1\r\nhost: {}\r\ntransfer-encoding: chunked\r\n\r\n", serving.host());
    assert_eq!(serving.raw(&[chunked.as_bytes(), &chunk.repeat(18)].concat()).0, 413);
    assert!(serving.raw(&[b'x'; 100_000]).0 >= 400);
    // Nothing of this has ended it.
    assert_eq!(serving.ask("GET /api/models", &[], b"").0, 200);
}

#[test]
fn who_only_waits_is_sent_away_and_the_others_are_served() {
    let place = Place::new();
    place.train_small(&["linear"]).ok();
    let serving = Serving::start(&place, &["latest"]);
    let silent: Vec<TcpStream> = (0..600).map(|_| TcpStream::connect(serving.host()).unwrap()).collect();
    let began = Instant::now();
    assert_eq!(serving.ask("GET /api/models", &[], b"").0, 200);
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    drop(silent);
    // A body that stops coming, too.
    let mut stream = TcpStream::connect(serving.host()).unwrap();
    let head = format!("POST /api/predict HTTP/1.1\r\nhost: {}\r\ncontent-length: 1000\r\n\r\nhalf", serving.host());
    stream.write_all(head.as_bytes()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let (began, mut answer) = (Instant::now(), [0; 12]);
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 408");
    assert!(began.elapsed() < Duration::from_secs(50), "{:?}", began.elapsed());
}

#[test]
fn who_takes_no_answers_is_sent_away() {
    let place = Place::new();
    place.train_small(&["linear"]).ok();
    let serving = Serving::start(&place, &["latest"]);
    let mut stream = TcpStream::connect(serving.host()).unwrap();
    stream.set_write_timeout(Some(Duration::from_secs(60))).unwrap();
    let request = format!("GET / HTTP/1.1\r\nhost: {}\r\n\r\n", serving.host()).repeat(1000);
    // Both sides' buffers fill, then nobody takes anything, until the server has no more patience.
    let began = Instant::now();
    while stream.write_all(request.as_bytes()).is_ok() {
        assert!(began.elapsed() < Duration::from_secs(120));
    }
    assert!(began.elapsed() < Duration::from_secs(50), "{:?}", began.elapsed());
    assert_eq!(serving.ask("GET /api/models", &[], b"").0, 200);
}

#[test]
fn where_an_address_is_asked_for_the_token_is() {
    let place = Place::new();
    place.train_small(&["linear"]).ok();
    // A name that leads to loopback is loopback; who types it means others, too.
    for host in ["localhost", "127.0.0.1"] {
        let own = Serving::start(&place, &["latest", "--host", host]);
        let token = own.address.split_once("?token=").unwrap().1;
        assert_eq!(own.ask("GET /api/models", &[], b"").0, 401);
        assert_eq!(own.ask(&format!("GET /api/models?token={token}"), &[], b"").0, 200);
        assert_eq!(own.ask(&format!("GET /api/models?token={token}"), &["host: evil.example"], b"").0, 403);
    }
    let serving = Serving::start(&place, &["latest", "--host", "0.0.0.0"]);
    let token = serving.address.split_once("?token=").unwrap().1;
    assert_eq!(serving.ask("GET /", &[], b"").0, 401);
    assert_eq!(serving.ask("GET /?token=0123", &[], b"").0, 401);
    assert_eq!(serving.ask(&format!("GET /?token={token}"), &[], b"").0, 200);
    assert_eq!(serving.ask("GET /api/models", &[&format!("authorization: Bearer {token}")], b"").0, 200);
    // Of all addresses one is printed that can be opened.
    let everywhere = Serving::start(&place, &["latest", "--host", "0.0.0.0"]);
    assert!(!everywhere.host().starts_with("0.0.0.0"), "{}", everywhere.address);
    assert_eq!(everywhere.ask("GET /api/models", &[], b"").0, 401);
    let Some(mut browser) = Browser::start() else { return };
    browser.open_address(&serving.address, 820, false);
    // The cookie is enough from now on.
    browser.open_address(serving.address.split('?').next().unwrap(), 820, false);
    assert_eq!(browser.text("document.querySelector('h1').textContent"), "Draw");
}

#[test]
fn a_port_in_use_is_named_and_without_one_the_next_is_taken() {
    let place = Place::new();
    place.train_small(&["linear"]).ok();
    let first = Serving::start(&place, &["latest"]);
    let second = Serving::start(&place, &["latest"]);
    assert_ne!(first.host(), second.host());
    let port = first.host().split(':').next_back().unwrap();
    let at = format!("cannot listen on 127.0.0.1, port {port}: ");
    for (arguments, expected) in [
        (&["--port", port][..], at.as_str()),
        (&["--port", port], "; another --port, or none, takes a free one"),
        (&["--host", "nowhere.invalid"], "; --host has to be a name or an address of this machine"),
        (&["--host", "192.0.2.1"], "; --host has to be an address of this machine"),
    ] {
        let ran = place.train(&[&["serve", "latest"], arguments].concat());
        assert!(ran.code == 2 && ran.stderr.contains(expected) && ran.stderr.lines().count() == 1, "{ran:?}");
    }
}
