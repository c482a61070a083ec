//! A data set of one's own: drawn on the page of `train serve`, kept in a folder, trained on.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    browser::{Browser, WIDTHS},
    harness::{Place, record, wait_until},
    pages::check,
    serve::{Serving, png, png_of},
};

const PNG: [&str; 1] = ["content-type: image/png"];

fn add(serving: &Serving, label: &str, file: &[u8]) -> (u16, Value) {
    told(serving.ask(&format!("POST /api/drawings?label={label}"), &PNG, file))
}

fn told((status, body): (u16, String)) -> (u16, Value) {
    (status, serde_json::from_str(&body).unwrap_or_else(|_| panic!("{status} {body}")))
}

/// A stroke down the middle, or across it, a little elsewhere each time.
fn stroke(is_across: bool, number: u8) -> Vec<u8> {
    let is_light = |i: usize| {
        let (row, column) = (i / 28, i % 28);
        let (along, off) = if is_across { (column, row) } else { (row, column) };
        (4..24).contains(&along) && (12..15).contains(&(off + usize::from(number % 3)))
    };
    (0..784).map(|i| if is_light(i) { 255 - number } else { 0 }).collect()
}

fn below(folder: &Path) -> Vec<String> {
    let read = |path: &Path| fs::read_dir(path).map(|d| d.map(|e| e.unwrap().path()).collect()).unwrap_or_default();
    let classes: Vec<_> = read(folder);
    let files = classes.iter().flat_map(|class| -> Vec<_> { read(class) });
    let mut names: Vec<String> =
        files.map(|file| file.strip_prefix(folder).unwrap().to_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

#[test]
fn what_is_drawn_and_labelled_is_trained_on_and_answers() {
    let Some(mut browser) = Browser::start() else { return };
    let place = Place::new();
    place.train_small(&["two-layer"]).ok();
    let serving = Serving::start(&place, &["latest"]);
    let drawn = place.path().join("drawn");
    let said = |browser: &mut Browser| browser.text("document.getElementById('drawn').textContent");
    browser.open_address(&serving.address, 820, false);
    until(&mut browser, said, "What you add stays in drawn, in a folder for each label. Key: A.");
    assert!(!drawn.exists());
    assert_eq!(browser.evaluate("document.getElementById('training').offsetHeight"), 0, "there is nothing to train on");
    // A new label stays for the next drawings; the class that the model says is there without typing.
    let lines = [[0.5, 0.2], [0.5, 0.5], [0.51, 0.8]];
    let label = |browser: &mut Browser, text: &str| {
        let typed = format!("find('label').value = '{text}'; find('label').dispatchEvent(new Event('input'))");
        browser.evaluate(&typed);
    };
    label(&mut browser, "line");
    for number in 1..=3 {
        browser.drag("#canvas", &lines.map(|[x, y]| [x + f64::from(number) / 40.0, y]));
        if number == 2 {
            browser.press("a")
        } else {
            browser.evaluate("find('add').click()");
        }
        until(&mut browser, said, &format!("In drawn: {number} of line."));
        wait_until(|| browser.evaluate("strokes.length") == 0);
    }
    let needs = browser.text("find('needs').textContent");
    assert_eq!(needs, "To train it needs 3 of another label.");
    assert_eq!(browser.evaluate("find('train').disabled"), true);
    let refused = |browser: &mut Browser| browser.text("find('refused').textContent");
    browser.evaluate("find('add').click()");
    until(&mut browser, refused, "nothing is drawn yet");
    // The model's own guess.
    label(&mut browser, "");
    let seven = [[0.3, 0.2], [0.4, 0.2], [0.55, 0.2], [0.75, 0.21], [0.65, 0.4], [0.55, 0.6], [0.5, 0.8]];
    browser.drag("#canvas", &seven);
    let guess = |browser: &mut Browser| browser.text("find('label').value");
    wait_until(|| ["3", "7"].contains(&guess(&mut browser).as_str()));
    assert_eq!(browser.text("find('guessed').textContent"), "a guess");
    // What is no label is told, and the drawing stays.
    label(&mut browser, "../out");
    browser.evaluate("find('add').click()");
    until(
        &mut browser,
        refused,
        "`../out` is no label: it names a folder, without slashes and without a dot before it",
    );
    for (width, dark) in WIDTHS.into_iter().zip([true, false, true]) {
        browser.open_address(&serving.address, width, dark);
        until(&mut browser, said, "In drawn: 3 of line.");
        wait_until(|| browser.evaluate("find('config').length") != 0);
        browser.evaluate("find('add').click()");
        until(&mut browser, refused, "nothing is drawn yet");
        let seen = browser.seen(width, &serving.address);
        check(&mut browser, seen, "drawings", width, dark);
    }
    for number in 0..4 {
        label(&mut browser, "seven");
        browser.drag("#canvas", &seven.map(|[x, y]| [x - f64::from(number) / 50.0, y]));
        browser.evaluate("find('add').click()");
        until(&mut browser, said, &format!("In drawn: 3 of line, {} of seven.", number + 1));
        wait_until(|| browser.evaluate("strokes.length") == 0);
    }
    assert_eq!(browser.text("find('back').textContent"), "Take back seven/0004.png");
    browser.evaluate("find('back').click()");
    until(&mut browser, said, "In drawn: 3 of line, 3 of seven.");
    let expected: Vec<String> =
        ["line", "seven"].iter().flat_map(|label| (1..=3).map(move |n| format!("{label}/000{n}.png"))).collect();
    assert_eq!(below(&drawn), expected);
    let read = ["data.source=folder", "data.path=drawn", "data.classes=auto", "data.valid_fraction=0.2"];
    let read: Vec<&str> = read.iter().flat_map(|setting| ["--set", setting]).collect();
    let data = place.train(&[&["data"][..], &read].concat()).ok();
    assert!(data.stdout.contains("28 x 28, grey") && data.stdout.contains("line (target 1)"), "{data:?}");
    // Its run has a page, to which the button leads; the served model's config is chosen.
    assert_eq!(browser.text("find('config').value"), "two-layer");
    assert_eq!(browser.text("find('needs').textContent"), "");
    browser.evaluate("find('train').click()");
    wait_until(|| place.runs().len() == 2 && is_finished(&place.runs()[1]));
    let run = place.runs().pop().unwrap();
    let address = format!("/runs/two-layer/{}/report.html", run.file_name().unwrap().to_str().unwrap());
    wait_until(|| browser.text("location.pathname") == address);
    // It comes anew by itself until the end is there.
    let tiles = "document.querySelector('.tiles')?.textContent ?? 'trains'";
    wait_until(|| !browser.text(tiles).contains("trains"));
    drop(serving);
    // What it has learned it says of a new drawing, on a page that asks for one.
    let serving = Serving::start(&place, &[]);
    browser.open_address(&serving.address, 820, false);
    assert_eq!(browser.text("find('target').textContent"), "Draw line or seven here.");
    for (stroke, expected) in [(&seven[..], "seven"), (&lines, "line")] {
        browser.evaluate("find('clear').click()");
        browser.drag("#canvas", stroke);
        until(&mut browser, |browser| browser.text("document.querySelector('.class').textContent"), expected);
    }
    drop(serving);
    // Beside another model it is asked for what any of them knows; the validation images are those of the first.
    let runs = place.runs();
    let serving = Serving::start(&place, &[runs[0].to_str().unwrap(), runs[1].to_str().unwrap()]);
    browser.open_address(&serving.address, 820, false);
    assert_eq!(browser.text("find('target').textContent"), "Draw 3, 7, line, or seven here.");
    // They know different classes, so that there is no guess, and nothing is filed without a label.
    browser.drag("#canvas", &lines);
    until(&mut browser, |browser| browser.text("find('guessed').textContent"), "the models differ");
    assert_eq!(guess(&mut browser), "");
    browser.press("a");
    until(&mut browser, refused, "a label says what is drawn: there is none yet");
    assert_eq!((browser.text("document.activeElement.id").as_str(), guess(&mut browser).as_str()), ("label", ""));
    // On a phone both answers are seen with the drawing.
    browser.open_address(&serving.address, 390, false);
    browser.drag("#canvas", &lines);
    until(&mut browser, |browser| browser.text("find('guessed').textContent"), "the models differ");
    let answers = "[...document.querySelectorAll('#answers b')].map((one) => one.textContent).join()";
    let said_below = "cards.map((one) => one.said().split(': ')[1].replace(', ', ' ')).join()";
    assert_eq!(browser.text(answers), browser.text(said_below));
    assert_eq!(browser.evaluate("find('answers').getBoundingClientRect().bottom < 600"), true);
    let seen = browser.seen(390, &serving.address);
    check(&mut browser, seen, "answers", 390, false);
    browser.open_address(&serving.address, 820, false);
    assert_eq!(browser.evaluate("find('answers').offsetHeight"), 0);
    browser.evaluate("document.querySelector('#validation summary').click()");
    let whose = format!("As {} sees them: ", browser.text("models[0].name"));
    wait_until(|| browser.text("find('counted').textContent").starts_with(&whose));
}

fn is_finished(run: &Path) -> bool {
    run.join("run.json").is_file() && record(run)["state"] == "finished"
}

/// Waits until the page says this.
#[track_caller]
fn until(browser: &mut Browser, said: impl Fn(&mut Browser) -> String, expected: &str) {
    let end = Instant::now() + Duration::from_secs(20);
    while said(browser) != expected {
        assert!(Instant::now() < end, "{expected}: {}", said(browser));
    }
}

#[test]
fn a_program_adds_images_and_begins_the_run_that_is_described() {
    let place = Place::new();
    place.train_small(&["linear"]).ok();
    let serving = Serving::start(&place, &["latest", "--drawn", "my images"]);
    for number in 0..5 {
        for (label, is_across) in [("gr%C3%B6%C3%9Fe", true), ("%20down%20", false)] {
            let (status, set) = add(&serving, label, &png(&stroke(is_across, number)));
            assert_eq!(status, 200, "{set}");
        }
    }
    let (_, set) = told(serving.ask("GET /api/drawings", &[], b""));
    assert_eq!(set["labels"], json!([["down", 5], ["größe", 5]]));
    assert_eq!(
        (&set["folder"], &set["last"], &set["needs"]),
        (&json!("my images"), &json!("down/0005.png"), &json!([]))
    );
    let begin = json!({ "do": "train", "config": "linear", "settings": set["settings"] }).to_string();
    let (status, done) = told(serving.ask("POST /api/runs", &["content-type: application/json"], begin.as_bytes()));
    assert_eq!(status, 200, "{done}");
    let run = place.path().join("runs").join(done["run"].as_str().unwrap());
    wait_until(|| is_finished(&run));
    let data = &record(&run)["data"];
    assert_eq!((&data["source"], &data["train"], &data["valid"]), (&json!("folder"), &json!(8), &json!(2)), "{data}");
    // Bit by bit what was sent.
    assert_eq!(fs::read(place.path().join("my images/down/0002.png")).unwrap(), png(&stroke(false, 1)));
}

#[test]
fn what_is_no_drawing_of_a_label_is_refused() {
    let place = Place::new();
    place.train_small(&["linear"]).ok();
    let serving = Serving::start(&place, &["latest"]);
    let image = png(&[7; 784]);
    let long = "7".repeat(65);
    for (label, file, reason) in [
        ("..%2F..%2Fout", &image[..], "is no label"),
        ("..", &image, "is no label"),
        (".git", &image, "is no label"),
        ("a%2Fb", &image, "is no label"),
        ("%2Fetc", &image, "is no label"),
        ("a%5Cb", &image, "is no label"),
        ("a%00b", &image, "is no label"),
        ("a%0Ab", &image, "is no label"),
        ("", &image, "a label has 1 to 64 characters"),
        ("%20", &image, "a label has 1 to 64 characters"),
        (&long, &image, "a label has 1 to 64 characters"),
        ("3&folder=/etc", &image, "unknown field `folder`"),
        ("3", b"", "it is no PNG"),
        ("3", b"\xff\xd8\xff\xe0 no PNG", "it is no PNG"),
        ("3", &image[..40], "not a usable image"),
        ("3", &png_of(1025, 1, &[0; 1025]), "1025"),
    ] {
        let (status, told) = add(&serving, label, file);
        let told = told["error"].as_str().unwrap();
        assert!(status == 400 && told.contains(reason) && !told.contains('\n'), "{label}: {status} {told}");
    }
    // A megabyte and more, by what it says of itself and where it says nothing.
    assert_eq!(add(&serving, "3", &vec![0; (1 << 20) + 1]).0, 413);
    let first = format!("POST /api/drawings?label=3 HTTP/1.1\r\nhost: {}\r\n", serving.host());
    let chunk = [b"100000\r\n".as_slice(), &[b'x'; 1 << 20], b"\r\n"].concat();
    let chunked = [format!("{first}transfer-encoding: chunked\r\n\r\n").as_bytes(), &chunk.repeat(3)].concat();
    assert_eq!(serving.raw(&chunked).0, 413);
    // A name that leads here by another's DNS, and another site's page.
    for header in ["host: evil.example", "origin: http://evil.example", "origin: null"] {
        for method in ["GET /api/drawings", "POST /api/drawings?label=3", "DELETE /api/drawings?image=3%2F0001.png"] {
            assert_eq!(serving.ask(method, &[header, PNG[0]], &image).0, 403, "{method} {header}");
        }
    }
    assert_eq!(serving.ask("PUT /api/drawings?label=3", &PNG, &image).0, 405);
    assert!(!place.path().join("drawn").exists());
    // Only what was added here is taken back: neither another's file nor one elsewhere.
    assert_eq!(add(&serving, "3", &image).0, 200);
    fs::write(place.path().join("drawn/3/mine.png"), &image).unwrap();
    for name in ["3%2Fmine.png", "..%2Fruns", "3", "3%2F..%2F3%2F0001.png", "%2Fetc%2Fpasswd", "3%2F0002.png"] {
        let (status, told) = told(serving.ask(&format!("DELETE /api/drawings?image={name}"), &[], b""));
        let told = told["error"].as_str().unwrap();
        assert!(status == 400 && told.ends_with("was not added here, or is taken back"), "{told}");
    }
    let (status, set) = told(serving.ask("DELETE /api/drawings?image=3%2F0001.png", &[], b""));
    assert_eq!((status, &set["labels"], &set["last"]), (200, &json!([["3", 1]]), &Value::Null));
    assert_eq!(below(&place.path().join("drawn")), ["3/mine.png"]);
}

#[test]
fn elsewhere_than_on_loopback_who_has_no_token_adds_nothing() {
    let place = Place::new();
    place.train_small(&["linear"]).ok();
    let serving = Serving::start(&place, &["latest", "--host", "0.0.0.0"]);
    let token = serving.address.split_once("?token=").unwrap().1;
    let image = png(&[7; 784]);
    for method in ["GET /api/drawings", "POST /api/drawings?label=3", "DELETE /api/drawings?image=3%2F0001.png"] {
        assert_eq!(serving.ask(method, &PNG, &image).0, 401, "{method}");
    }
    assert!(!place.path().join("drawn").exists());
    assert_eq!(add(&serving, &format!("3&token={token}"), &image).0, 200);
    let known = format!("authorization: Bearer {token}");
    assert_eq!(serving.ask("DELETE /api/drawings?image=3%2F0001.png", &[&known], b"").0, 200);
    assert_eq!(below(&place.path().join("drawn")), Vec::<String>::new());
}
