//! The pages of `train serve` on which runs are watched, begun, stopped, and kept in order.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::TcpStream,
    path::Path,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    browser::{Browser, WIDTHS},
    harness::{Place, metrics, wait_until},
    pages::check,
    serve::Serving,
};

/// Data that is drawn in a moment.
const DRAWN: [&str; 3] = ["data.source=synthetic", "data.synthetic_train=600", "data.synthetic_valid=200"];

fn act(serving: &Serving, action: &Value) -> (u16, String) {
    let headers = ["content-type: application/json"];
    let (status, body) = serving.ask("POST /api/runs", &headers, action.to_string().as_bytes());
    let answer: Value = serde_json::from_str(&body).unwrap_or_else(|_| panic!("{status} {body}"));
    let said = if status == 200 { &answer["said"] } else { &answer["error"] };
    (status, said.as_str().unwrap().to_owned())
}

fn done(serving: &Serving, action: Value) -> String {
    let (status, said) = act(serving, &action);
    assert_eq!(status, 200, "{action}: {said}");
    said
}

fn rows(serving: &Serving, query: &str) -> Vec<Value> {
    let (status, body) = serving.ask(&format!("GET /api/runs{query}"), &[], b"");
    assert_eq!(status, 200, "{body}");
    let list: Value = serde_json::from_str(&body).unwrap();
    list["runs"].as_array().unwrap().clone()
}

/// Begins a run that trains until it is stopped; its name.
fn endless(serving: &Serving) -> String {
    let settings = [&DRAWN[..], &["training.epochs=1000000"]].concat();
    let said = done(serving, json!({ "do": "train", "config": "linear", "settings": settings }));
    said.strip_prefix("trains in runs/").unwrap().to_owned()
}

fn stop(serving: &Serving, name: &str) {
    done(serving, json!({ "do": "stop", "runs": [name] }));
    // Its page is written after its state.
    let has_ended = |row: &Value| row["state"] == "interrupted" && row["alive"] == false;
    wait_until(|| has_ended(&rows(serving, "")[0]));
}

/// Reads events of an address until so many changes have been told.
fn changes(serving: &Serving, address: &str, count: usize) {
    use std::io::Write as _;
    let mut stream = TcpStream::connect(serving.host()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    write!(stream, "GET {address} HTTP/1.1\r\nhost: {}\r\n\r\n", serving.host()).unwrap();
    let told = BufReader::new(stream).lines().map(|line| line.unwrap()).filter(|line| line == "data: changed");
    assert_eq!(told.take(count).count(), count);
}

#[test]
fn a_run_is_begun_watched_stopped_and_goes_on_from_the_page() {
    let place = Place::new();
    // No model yet: there are the runs' pages.
    let serving = Serving::start(&place, &[]);
    assert_eq!(serving.ask("GET /", &[], b"").0, 307);
    assert!(rows(&serving, "").is_empty());
    let name = endless(&serving);
    let row = &rows(&serving, "")[0];
    assert_eq!((&row["name"], &row["state"], &row["alive"]), (&json!(name), &json!("running"), &json!(true)));
    changes(&serving, "/api/events", 2);
    changes(&serving, &format!("/api/events?name={}", name.replace('/', "%2F")), 2);
    let (status, page) = serving.ask(&format!("GET /runs/{name}/report.html"), &[], b"");
    assert!(status == 200 && page.contains("the run trains") && page.contains("EventSource"), "{status}");
    let (status, told) = act(&serving, &json!({ "do": "remove", "runs": [name] }));
    assert!(status == 400 && told.contains("is in use"), "{told}");
    stop(&serving, &name);
    assert!(done(&serving, json!({ "do": "resume", "runs": [name] })).starts_with("goes on: "));
    wait_until(|| rows(&serving, "")[0]["state"] == "running");
    // The training is nobody's child: it goes on without the server.
    drop(serving);
    let serving = Serving::start(&place, &[]);
    assert_eq!(rows(&serving, "")[0]["state"], "running");
    stop(&serving, &name);
    let (status, told) = act(&serving, &json!({ "do": "stop", "runs": [name] }));
    assert!(status == 400 && told.contains("no process trains in"), "{told}");
}

#[test]
fn the_command_line_stops_a_run_too() {
    let place = Place::new();
    let mut process = place.start(&["linear", "--set", DRAWN[0], "--set", "training.epochs=1000000"]);
    wait_until(|| place.runs().first().is_some_and(|run| run.join("metrics.jsonl").is_file()));
    let ran = place.train(&["runs", "stop", "latest"]).ok();
    assert!(ran.stdout.starts_with("asked `runs/linear/") && ran.stdout.contains("train --resume runs/"), "{ran:?}");
    assert_eq!(process.wait().unwrap().code(), Some(130));
    let ran = place.train(&["runs", "stop", "latest"]);
    assert!(ran.code == 2 && ran.stderr.starts_with("error: no process trains in `runs/linear/"), "{ran:?}");
    // What was asked of it does not stop the one that goes on.
    let run = place.run();
    let done = metrics(&run).len();
    let mut process = place.start(&["--resume", run.to_str().unwrap()]);
    wait_until(|| metrics(&run).len() > done + 20);
    place.train(&["runs", "stop", "latest"]).ok();
    assert_eq!(process.wait().unwrap().code(), Some(130));
}

#[test]
fn studies_notes_tags_trash_and_comparisons_are_as_on_the_command_line() {
    let place = Place::new();
    for config in ["linear", "two-layer"] {
        place.train_small(&[config]).ok();
    }
    let serving = Serving::start(&place, &[]);
    let names: Vec<String> = rows(&serving, "").iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect();
    assert_eq!(names.len(), 2);
    done(&serving, json!({ "do": "note", "run": names[0], "text": "<b>first</b>" }));
    done(&serving, json!({ "do": "tags", "run": names[0], "tags": ["paper", "good"] }));
    assert!(place.train(&["runs", "tag", &format!("runs/{}", names[0])]).ok().stdout.contains("paper, good"));
    let found = rows(&serving, "?filter=tag%3Dpaper+accuracy%3E0.1&sort=accuracy");
    assert_eq!((found.len(), &found[0]["note"]), (1, &json!("<b>first</b>")));
    assert_eq!(rows(&serving, "?last=1&skip=1")[0]["name"], json!(names[1]));
    let (status, page) = serving.ask(&format!("GET /compare?run={}&run={}", names[0], names[1]), &[], b"");
    assert!(status == 200 && page.contains(&format!("runs/{}/report.html", names[0])), "{status}");
    done(&serving, json!({ "do": "remove", "runs": [names[0]] }));
    assert_eq!(rows(&serving, "").len(), 1);
    assert_eq!(serving.ask(&format!("GET /runs/{}/report.html", names[0]), &[], b"").0, 404);
    done(&serving, json!({ "do": "undo" }));
    assert_eq!(rows(&serving, "").len(), 2);
    // Who shows another state is told so at once.
    changes(&serving, &format!("/api/events?name={}&stamp=0", names[0].replace('/', "%2F")), 1);
    // A page that was never written, or is gone.
    let page = place.path().join("runs").join(&names[0]).join("report.html");
    fs::remove_file(&page).unwrap();
    let (status, missing) = serving.ask(&format!("GET /runs/{}/report.html", names[0]), &[], b"");
    assert!(status == 200 && missing.contains("write it"), "{missing}");
    done(&serving, json!({ "do": "report", "runs": [names[0]] }));
    assert!(page.is_file());

    write_study(&place);
    done(&serving, json!({ "do": "sweep", "study": "ours", "settings": ["training.batch_size=64"] }));
    wait_until(|| rows(&serving, "")[0]["state"] == "study: 2 finished");
    wait_until(|| place.path().join("runs/ours/report.html").is_file());
    assert_eq!(serving.ask("GET /runs/ours/report.html", &[], b"").0, 200);
    let trial = place.runs().into_iter().find(|run| run.join("trial.toml").is_file()).unwrap();
    let trial = trial.strip_prefix(place.path()).unwrap_or(&trial).to_str().unwrap().to_owned();
    assert_eq!(serving.ask(&format!("GET /{trial}/report.html"), &[], b"").0, 200, "{trial}");
    assert_eq!(serving.ask("GET /compare?run=ours", &[], b"").0, 200);
}

/// A study that is known by its name, `ours`.
fn write_study(place: &Place) {
    fs::create_dir_all(place.path().join("configs/sweeps")).unwrap();
    let study = "base = \"linear\"\njobs = 1\n[set]\n\"data.source\" = \"synthetic\"\n\"data.synthetic_train\" = 600\n\
                 \"data.synthetic_valid\" = 200\n\"training.epochs\" = 2\n[space]\nseed = [0, 1]\n";
    place.write("configs/sweeps/ours.toml", study);
}

#[test]
fn a_study_is_begun_and_goes_on_below_the_output_root_that_is_served() {
    let place = Place::new();
    write_study(&place);
    let serving = Serving::start(&place, &["--runs", "other"]);
    for action in
        [json!({ "do": "sweep", "study": "ours", "settings": [] }), json!({ "do": "resume", "runs": ["ours"] })]
    {
        done(&serving, action);
        wait_until(|| {
            let rows = rows(&serving, "");
            rows.first().is_some_and(|row| row["state"] == "study: 2 finished" && row["alive"] == false)
        });
    }
    assert!(place.path().join("other/ours/study.toml").is_file() && !place.path().join("runs").exists());
}

#[test]
fn the_page_of_a_study_is_seen_changing_every_few_seconds() {
    let place = Place::new();
    write_study(&place);
    let serving = Serving::start(&place, &[]);
    done(&serving, json!({ "do": "sweep", "study": "ours", "settings": ["training.epochs=1000000"] }));
    wait_until(|| place.path().join("runs/ours/report.html").is_file());
    let began = Instant::now();
    // Beside other work the page takes longer to write, and is written less often.
    changes(&serving, "/api/events?name=ours", 6);
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
    done(&serving, json!({ "do": "stop", "runs": ["ours"] }));
    wait_until(|| rows(&serving, "")[0]["alive"] == false);
}

#[test]
fn no_name_from_outside_is_a_path() {
    let place = Place::new();
    place.train_small(&["linear"]).ok();
    let serving = Serving::start(&place, &[]);
    // A run, but not below the output root.
    let name = rows(&serving, "")[0]["name"].as_str().unwrap().to_owned();
    let elsewhere = place.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    fs::rename(place.path().join("runs").join(&name), elsewhere.join("run")).unwrap();
    let whole = elsewhere.join("run");
    let whole = whole.to_str().unwrap();
    let up = ["../elsewhere/run", "..%2Felsewhere%2Frun", "%2e%2e/elsewhere/run", "linear/../../elsewhere/run"];
    for name in up.into_iter().chain([whole, "%00", "..", ".", "%2F", "linear"]) {
        let (status, _) = serving.ask(&format!("GET /runs/{name}/report.html"), &[], b"");
        assert_eq!(status, 404, "{name}");
    }
    for (action, reason) in [
        (json!({ "do": "note", "run": "../elsewhere/run", "text": "x" }), "there is no run"),
        (json!({ "do": "remove", "runs": [whole] }), "there is no run"),
        (json!({ "do": "train", "config": "../x.toml", "settings": [] }), "there is no config `../x.toml`"),
        (json!({ "do": "train", "config": "liner", "settings": [] }), "did you mean `linear`?"),
        (json!({ "do": "train", "config": "linear", "settings": ["training.epoch=3"] }), "training.epochs"),
        (json!({ "do": "train", "config": "linear", "settings": ["data.path=/no", "data.source=folder"] }), "/no"),
        (json!({ "do": "sweep", "study": "/etc/passwd", "settings": [] }), "there is no study"),
        (json!({ "do": "tags", "run": "x", "tags": ["a b"] }), "there is no run"),
        (json!({ "do": "eat" }), "unknown variant `eat`"),
    ] {
        let (status, told) = act(&serving, &action);
        assert!((400..=422).contains(&status) && told.contains(reason) && !told.contains('\n'), "{action}: {told}");
    }
    assert!(Path::new(whole).join("run.json").is_file() && !Path::new(whole).join("report").exists());
    for (query, reason) in
        [("?sort=nonsense", "no `nonsense`"), ("?filter=x%3E", "expected a word, or a key"), ("?no=1", "unknown")]
    {
        let (status, told) = serving.ask(&format!("GET /api/runs{query}"), &[], b"");
        assert!(status == 400 && told.contains(reason), "{told}");
    }
    for first in ["GET /api/events?stamp=x", "GET /compare?run", "GET /runs/%ff/report.html"] {
        let (status, told) = serving.ask(first, &[], b"");
        let told = serde_json::from_str::<Value>(&told).unwrap_or_else(|_| panic!("{first}: {told}"));
        assert!(status == 400 && told["error"].is_string(), "{first}: {status} {told}");
    }
    // Another site's page, and a form of one, which can send no JSON.
    let begin = json!({ "do": "undo" }).to_string();
    let headers = ["content-type: application/json", "origin: http://evil.example"];
    assert_eq!(serving.ask("POST /api/runs", &headers, begin.as_bytes()).0, 403);
    assert_eq!(serving.ask("POST /api/runs", &["content-type: text/plain"], begin.as_bytes()).0, 415);
}

#[cfg(unix)]
#[test]
fn a_run_that_is_linked_from_another_disk_is_a_run_and_a_page_that_is_a_link_is_none() {
    use std::os::unix::fs::symlink;
    let place = Place::new();
    place.train_small(&["linear"]).ok();
    let (run, big) = (place.run(), place.path().join("big"));
    fs::create_dir(&big).unwrap();
    let linked = big.join("run");
    fs::rename(&run, &linked).unwrap();
    symlink(&linked, &run).unwrap();
    let serving = Serving::start(&place, &[]);
    let name = rows(&serving, "")[0]["name"].as_str().unwrap().to_owned();
    let page = |name: &str| serving.ask(&format!("GET /runs/{name}/report.html"), &[], b"");
    assert_eq!(page(&name).0, 200);
    for above in
        [format!("{name}/.."), format!("{name}/../run"), format!("{name}/checkpoints"), format!("{name}/../../big/run")]
    {
        assert_eq!(page(&above).0, 404, "{above}");
    }
    place.write("secret", "a <b>secret</b>");
    fs::remove_file(linked.join("report.html")).unwrap();
    symlink(place.path().join("secret"), linked.join("report.html")).unwrap();
    let (status, shown) = page(&name);
    assert!(status == 200 && shown.contains("write it") && !shown.contains("secret"), "{shown}");
    // The link goes to the trash, not what it leads to.
    done(&serving, json!({ "do": "remove", "runs": [name] }));
    assert!(linked.join("run.json").is_file() && !run.exists() && rows(&serving, "").is_empty());
    done(&serving, json!({ "do": "undo" }));
    assert_eq!(rows(&serving, "")[0]["name"], name);
}

#[test]
fn pages_that_are_watched_leave_connections_for_others() {
    use std::io::Write as _;
    let place = Place::new();
    place.train_small(&["linear"]).ok();
    let serving = Serving::start(&place, &[]);
    let watching: Vec<TcpStream> = (0..64)
        .map(|_| {
            let mut stream = TcpStream::connect(serving.host()).unwrap();
            write!(stream, "GET /api/events HTTP/1.1\r\nhost: {}\r\n\r\n", serving.host()).unwrap();
            // It is watched once the first event has come.
            let told = BufReader::new(stream.try_clone().unwrap()).lines().any(|line| line.unwrap() == "data: begin");
            assert!(told);
            stream
        })
        .collect();
    let (status, told) = serving.ask("GET /api/events", &[], b"");
    assert!(status == 503 && told.contains("64 pages are watched already"), "{told}");
    assert_eq!(rows(&serving, "").len(), 1);
    drop(watching);
    // Who has gone is noticed when he is told something.
    wait_until(|| serving.ask("GET /api/events?name=linear%2Fno", &[], b"").0 == 404);
}

#[test]
fn a_run_that_grows_is_seen_growing() {
    let Some(mut browser) = Browser::start() else { return };
    let place = Place::new();
    let serving = Serving::start(&place, &[]);
    for (width, dark) in WIDTHS.into_iter().zip([true, false, false]) {
        let name = endless(&serving);
        browser.open_address(&format!("{}runs", serving.address), width, dark);
        let epochs = "document.querySelector('#rows .epochs')?.textContent ?? ''";
        let mut seen = Vec::new();
        let end = Instant::now() + Duration::from_secs(30);
        while seen.len() < 3 {
            let now = browser.text(epochs);
            if seen.last() != Some(&now) {
                seen.push(now);
            }
            assert!(Instant::now() < end, "{seen:?}");
        }
        // What is new comes into the page of the run, in which all stays as it was chosen.
        browser.open_address(&format!("{}runs/{name}", serving.address), width, dark);
        wait_until(|| browser.evaluate("document.querySelectorAll('.legend button').length > 1") == true);
        browser.evaluate("window.mark = 7; document.querySelector('.legend button').click()");
        let state = "document.querySelector('.tiles').textContent";
        for _ in 0..2 {
            let before = browser.text(state);
            wait_until(|| browser.text(state) != before);
        }
        assert!(browser.text(state).contains("trains"), "{}", browser.text(state));
        let kept = "[window.mark, document.querySelectorAll('.legend [aria-pressed=false]').length, \
            document.querySelectorAll('.plot .off').length]";
        assert_eq!(browser.evaluate(kept), json!([7, 1, 1]));
        // A click on the list's buttons stops it.
        browser.open_address(&format!("{}runs", serving.address), width, dark);
        let box_of = "document.querySelector('#rows input')";
        wait_until(|| !browser.evaluate(&format!("{box_of}?.checked ?? null")).is_null());
        browser.evaluate(&format!("{box_of}.click(); document.querySelector('[data-do=stop]').click()"));
        wait_until(|| rows(&serving, "")[0]["state"] == "interrupted");
        wait_until(|| browser.text("document.querySelector('#rows .state').textContent") == "interrupted");
        let seen = browser.seen(width, &serving.address);
        check(&mut browser, seen, "runs", width, dark);
        done(&serving, json!({ "do": "remove", "runs": [name] }));
    }
    // A note by the dialog.
    place.train_small(&["linear"]).ok();
    browser.open_address(&format!("{}runs", serving.address), 820, false);
    wait_until(|| browser.evaluate("document.querySelectorAll('#rows button').length") == 1);
    browser
        .evaluate("document.querySelector('#rows button').click(); document.getElementById('note').value = 'by hand'");
    browser.evaluate("document.querySelector('dialog [value=write]').click()");
    wait_until(|| rows(&serving, "")[0]["note"] == "by hand");
}

#[test]
fn a_series_that_is_off_stays_off_when_many_epochs_draw_it_in_another_way() {
    let Some(mut browser) = Browser::start() else { return };
    let place = Place::new();
    // Up to nine epochs are dots on a thin line, with a key that says so.
    place.train_small(&["linear", "--set", "training.epochs=9"]).ok();
    let serving = Serving::start(&place, &[]);
    let name = rows(&serving, "")[0]["name"].as_str().unwrap().to_owned();
    browser.open_address(&format!("{}runs/{name}", serving.address), 1440, false);
    wait_until(|| browser.evaluate("document.querySelectorAll('.legend button').length > 1") == true);
    browser.evaluate("window.mark = 7; document.querySelectorAll('.legend button')[1].click()");
    place.train_small(&["--resume", &format!("runs/{name}"), "--set", "training.epochs=12"]).ok();
    wait_until(|| browser.text("document.querySelector('.tiles').textContent").contains("12 of 12"));
    let kept = "[window.mark, document.querySelector('.legend [aria-pressed=false]')?.textContent.trim(), \
        document.querySelectorAll('.plot .off').length]";
    assert_eq!(browser.evaluate(kept), json!([7, "validation", 1]));
}

#[test]
fn runs_of_different_data_are_told_apart_and_listed_by_themselves() {
    let place = Place::new();
    let folder = place.path().join("my digits");
    for (class, value) in [("a", 40), ("b", 200)] {
        fs::create_dir_all(folder.join(class)).unwrap();
        for number in 0..10 {
            fs::write(folder.join(class).join(format!("{number}.png")), crate::serve::png(&[value + number; 784]))
                .unwrap();
        }
    }
    place.train_small(&["two-layer"]).ok();
    let of_folder = ["data.source=folder", "data.path=my digits", "data.classes=auto", "data.valid_fraction=0.2"];
    let set: Vec<&str> = of_folder.iter().flat_map(|setting| ["--set", setting]).collect();
    place.train(&[&["linear", "--set", "training.epochs=1"][..], &set].concat()).ok();
    let serving = Serving::start(&place, &[]);
    let all = rows(&serving, "");
    let names: Vec<&str> = all.iter().map(|row| row["data"].as_str().unwrap()).collect();
    assert!(names[0] == "my digits (folder)" && names[1] != names[0], "{names:?}");
    assert_eq!((&all[0]["model"], &all[1]["model"]), (&json!("linear"), &json!("two-layer")));
    // An older run has no name of its data in its record.
    let record = place.path().join("runs").join(all[0]["name"].as_str().unwrap()).join("run.json");
    let mut older: Value = serde_json::from_slice(&fs::read(&record).unwrap()).unwrap();
    assert!(older["data"].as_object_mut().unwrap().remove("name").is_some());
    fs::write(&record, older.to_string()).unwrap();
    let listed = place.train(&["runs", "--json"]).json();
    assert_eq!(listed[0]["run"]["data"]["name"], "my digits (folder)");
    // A name with a space in it is one condition, beside others.
    assert_eq!(rows(&serving, "?data=my+digits+(folder)"), all[..1]);
    assert!(rows(&serving, "?data=my+digits+(folder)&filter=model%3Dtwo-layer").is_empty());
    let Some(mut browser) = Browser::start() else { return };
    for (width, dark) in WIDTHS.into_iter().zip([false, true, false]) {
        browser.open_address(&format!("{}runs", serving.address), width, dark);
        let shown = "[...document.querySelectorAll('#rows .data')].map((cell) => cell.textContent).join('; ')";
        wait_until(|| browser.text(shown) == names.join("; "));
        // The model is said of those alone whose config does not say it.
        assert_eq!(browser.text("find('count').textContent"), "2 runs");
        assert!(
            !browser
                .text("[...document.querySelectorAll('#rows .name .small')].map((one) => one.textContent).join()")
                .contains("two-layer")
        );
        browser.evaluate("find('data').value = 'my digits (folder)'; find('data').onchange()");
        wait_until(|| browser.text(shown) == "my digits (folder)");
        assert_eq!(browser.text("find('count').textContent"), "1 of 2 match");
        let seen = browser.seen(width, &serving.address);
        check(&mut browser, seen, "data", width, dark);
    }
}

#[test]
fn a_run_is_begun_in_a_dialog_that_says_what_is_refused() {
    let Some(mut browser) = Browser::start() else { return };
    let place = Place::new();
    let serving = Serving::start(&place, &[]);
    for (width, dark) in WIDTHS.into_iter().zip([false, true, false]) {
        browser.open_address(&format!("{}runs", serving.address), width, dark);
        wait_until(|| browser.text("find('count').textContent") == "No runs yet: Train a new run begins one.");
        assert_eq!(browser.evaluate("find('begin').open"), false);
        browser.evaluate("find('new').click()");
        // The usual config is chosen, in the middle of what is seen.
        wait_until(|| browser.text("find('config').selectedOptions[0]?.textContent ?? ''") == "two-layer");
        let is_seen = "(({ top, bottom }) => top >= 0 && bottom <= innerHeight)(find('train').getBoundingClientRect())";
        assert_eq!(browser.evaluate(is_seen), true);
        let seen = browser.seen(width, &serving.address);
        check(&mut browser, seen, "begin", width, dark);
        browser.evaluate("find('cancel').click()");
        assert_eq!(browser.evaluate("find('begin').open"), false);
    }
    let begin = |browser: &mut Browser, settings: &str| {
        browser.evaluate(&format!(
            "find('settings').value = {settings:?}; document.querySelector('#train button').click()"
        ));
    };
    browser.evaluate("find('new').click()");
    begin(&mut browser, "training.epoch=3");
    wait_until(|| browser.text("find('refused').textContent").contains("training.epochs"));
    assert_eq!((browser.evaluate("find('begin').open"), rows(&serving, "").len()), (json!(true), 0));
    begin(&mut browser, &format!("{}\ntraining.epochs=2", DRAWN.join("\n")));
    wait_until(|| browser.evaluate("find('begin').open") == false);
    assert!(browser.text("find('said').textContent").starts_with("trains in runs/two-layer/"));
    wait_until(|| rows(&serving, "").first().is_some_and(|row| row["state"] == "finished" && row["alive"] == false));
}

#[test]
fn of_runs_that_are_alike_the_first_stands_for_all_and_the_heads_of_the_columns_stay() {
    let Some(mut browser) = Browser::start() else { return };
    let place = Place::new();
    for (config, seed) in [("linear", 7), ("two-layer", 7), ("two-layer", 7), ("two-layer", 7), ("two-layer", 8)] {
        let seed = format!("seed={seed}");
        place.train_small(&[config, "--set", "training.epochs=1", "--set", &seed]).ok();
    }
    let serving = Serving::start(&place, &[]);
    let seen = "[...document.querySelectorAll('#rows tr')].map((row) => row.checkVisibility() ? 'x' : '.').join('')";
    let fold = "document.querySelector('#rows [aria-expanded]')";
    for (width, dark) in WIDTHS.into_iter().zip([false, true, false]) {
        browser.open_address(&format!("{}runs", serving.address), width, dark);
        wait_until(|| browser.text(seen) == "xx..x");
        assert_eq!(browser.text(&format!("{fold}.textContent")), "2 more alike");
        let page = browser.seen(width, &serving.address);
        check(&mut browser, page, "alike", width, dark);
        browser.evaluate(&format!("{fold}.click()"));
        assert_eq!(
            (browser.text(seen).as_str(), browser.text(&format!("{fold}.ariaExpanded")).as_str()),
            ("xxxxx", "true")
        );
        // What is unfolded stands at one line, those below the first further in where there is room, and stays so.
        let style = |row: usize, of: &str, key: &str| {
            format!("getComputedStyle(document.querySelectorAll('#rows tr')[{row}].querySelector('{of}')).{key}")
        };
        let lines: Vec<bool> =
            (0..5).map(|row| browser.text(&style(row, ".tick", "boxShadow")).contains("inset")).collect();
        assert_eq!(lines, [false, true, true, true, false]);
        let indents = [1, 2, 4].map(|row| browser.text(&style(row, ".name", "paddingLeft")));
        assert_eq!(indents, ["0px", if width < 600 { "0px" } else { "20px" }, "0px"]);
        browser.evaluate("location.reload()");
        browser.comes_anew();
        wait_until(|| browser.text(seen) == "xxxxx");
        // One that is ticked is seen, whatever is folded.
        browser.evaluate(&format!("document.querySelectorAll('#rows input')[3].click(); {fold}.click()"));
        assert_eq!(browser.text(seen), "xx.xx");
        browser.evaluate("find('untick').click()");
        assert_eq!(browser.text(seen), "xx..x");
    }
    // Where rows are scrolled away their columns are still named, below the buttons.
    browser.evaluate("document.body.style.paddingBottom = '3000px'; scrollTo(0, 200)");
    let places =
        "['#actions', '.runs th:nth-child(2)'].map((one) => document.querySelector(one).getBoundingClientRect())";
    let touch = format!("(([above, below]) => above.top === 0 && Math.abs(below.top - above.bottom) < 1)({places})");
    assert_eq!(browser.evaluate(&touch), true);
}

#[test]
fn what_is_at_work_comes_first_and_one_column_has_the_accuracy() {
    let place = Place::new();
    let serving = Serving::start(&place, &[]);
    let running = endless(&serving);
    // The loss still falls in its last epoch, the accuracy does not rise.
    place.train_small(&["linear", "--set", "training.epochs=3"]).ok();
    let finished = |row: &Value| row["state"] == "finished" && row["alive"] == false;
    wait_until(|| rows(&serving, "?sort=began").first().is_some_and(finished));
    let listed = rows(&serving, "");
    assert_eq!((listed.len(), &listed[0]["name"], &listed[0]["can_draw"]), (2, &json!(running), &json!(false)));
    let row = &listed[1];
    let run = place.path().join("runs").join(row["name"].as_str().unwrap());
    let accuracies: Vec<f64> = metrics(&run).iter().map(|epoch| epoch["valid"]["accuracy"].as_f64().unwrap()).collect();
    let highest = accuracies.iter().copied().fold(0.0, f64::max);
    let at = accuracies.iter().position(|accuracy| *accuracy == highest).unwrap() + 1;
    assert_eq!(row["highest"], json!({ "accuracy": format!("{highest:.4}"), "epoch": at.to_string() }));
    // What differs from the config but for the data, which has a column.
    let changes = row["changes"].to_string();
    assert!(changes.contains("\"epochs=3\"") && !changes.contains("source="), "{changes}");
    assert!(row["began_at"].as_str().unwrap().ends_with('Z'), "{row}");
    done(&serving, json!({ "do": "stop", "runs": [running] }));
    // Nothing is at work: the newest is first.
    wait_until(|| rows(&serving, "")[0]["name"] == row["name"]);
    let Some(mut browser) = Browser::start() else { return };
    for (width, dark) in WIDTHS.into_iter().zip([true, false, true]) {
        browser.open_address(&format!("{}runs", serving.address), width, dark);
        let first = "document.querySelector('#rows .accuracy')";
        wait_until(|| browser.evaluate(&format!("{first} !== null")) == true);
        let best = row["epoch"].as_u64().unwrap();
        let expected = format!("{} epoch {best}highest {highest:.4} epoch {at}", row["accuracy"].as_str().unwrap());
        assert_eq!(browser.text(&format!("{first}.textContent")), expected);
        let title = browser.text("document.querySelector('#rows time').title");
        assert!(title.contains(" at ") && title.contains("20"), "{title}");
        let seen = browser.seen(width, &serving.address);
        check(&mut browser, seen, "accuracy", width, dark);
    }
}

#[test]
fn the_view_is_in_the_address_and_one_comes_back_to_it() {
    let place = Place::new();
    let Some(mut browser) = Browser::start() else { return };
    for config in ["linear", "two-layer", "linear"] {
        place.train_small(&[config, "--set", "training.epochs=1"]).ok();
    }
    let serving = Serving::start(&place, &[]);
    let address = format!("{}runs", serving.address);
    browser.open_address(&address, 820, false);
    let names = "[...document.querySelectorAll('#rows .name a')].map((link) => link.textContent).join()";
    let of = |query: &str| {
        let names: Vec<Value> = rows(&serving, query).iter().map(|row| row["name"].clone()).collect();
        names.iter().map(|name| name.as_str().unwrap()).collect::<Vec<_>>().join(",")
    };
    wait_until(|| browser.text(names) == of(""));
    assert_eq!(browser.text("location.search"), "", "as it is by itself");
    browser.evaluate("find('filter').value = 'linear'; find('filter').oninput()");
    browser.evaluate("for (let i = 0; i < 2; i++) document.querySelector('[data-sort=path]').click()");
    let view = "?filter=linear&sort=-path";
    let is_so = |browser: &mut Browser| {
        wait_until(|| browser.text(names) == of(view) && browser.text("location.search") == view);
        let shown = "find('filter').value + ' ' + find('sort').value + ' ' + find('turn').ariaLabel";
        assert_eq!(browser.text(shown), "linear path descending");
    };
    is_so(&mut browser);
    browser.evaluate("document.querySelector('#rows input').click()");
    // Loaded again, back from a page, and by the bar of that page.
    browser.evaluate("location.reload()");
    browser.comes_anew();
    is_so(&mut browser);
    browser.evaluate("document.querySelector('#rows .name a').click()");
    browser.comes_anew();
    browser.evaluate("history.back()");
    browser.comes_anew();
    is_so(&mut browser);
    assert_eq!(browser.evaluate("document.querySelectorAll('#rows input:checked').length"), 1);
    browser.evaluate("document.querySelector('#rows .name a').click()");
    browser.comes_anew();
    browser.evaluate("document.querySelector(\"a[href='/runs']\").click()");
    browser.comes_anew();
    is_so(&mut browser);
    // On the list itself that way leads to all of it.
    browser.evaluate("document.querySelector(\"a[href='/runs']\").click()");
    browser.comes_anew();
    wait_until(|| browser.text(names) == of(""));
    // What somebody was sent, data and all; an order that there is none of is none.
    browser.open_address(&format!("{address}?data=synthetic&sort=no&filter=two-layer"), 390, false);
    wait_until(|| browser.text(names) == of("?filter=two-layer"));
    assert_eq!(browser.text("find('data').value + ' ' + find('sort').value"), "synthetic began");
}

#[test]
fn the_models_of_ticked_runs_answer_side_by_side() {
    let place = Place::new();
    for config in ["linear", "two-layer"] {
        place.train_small(&[config, "--set", "training.epochs=1"]).ok();
    }
    write_study(&place);
    let serving = Serving::start(&place, &[]);
    done(&serving, json!({ "do": "sweep", "study": "ours", "settings": [] }));
    wait_until(|| rows(&serving, "")[0]["state"] == "study: 2 finished" && rows(&serving, "")[0]["alive"] == false);
    // Who names none is answered by what the server was begun with, and no name is a path.
    let (_, page) = serving.ask("GET /", &[], b"");
    assert!(page.contains("\"name\":\"two-layer/") && !page.contains("\"name\":\"linear/"));
    for (name, said) in [("no", "there is no run `no`"), ("..%2Fruns", "there is no run"), ("%3Cb%3E", "&lt;b&gt;")] {
        let (status, page) = serving.ask(&format!("GET /?run={name}"), &[], b"");
        assert!(status == 400 && page.contains(said), "{name}: {status}");
    }
    let nine = ["run=ours"; 9].join("&");
    assert_eq!(serving.ask(&format!("GET /?{nine}"), &[], b"").0, 400);
    let without = rows(&serving, "?filter=model%3Dlinear")[1]["name"].as_str().unwrap().to_owned();
    let run = place.path().join("runs").join(&without);
    let kept = fs::read(run.join("model.safetensors")).unwrap();
    fs::remove_file(run.join("model.safetensors")).unwrap();
    let (status, page) = serving.ask(&format!("GET /?run={without}"), &[], b"");
    assert!(status == 400 && page.contains("has no model yet"), "{page}");
    fs::write(run.join("model.safetensors"), kept).unwrap();
    let Some(mut browser) = Browser::start() else { return };
    let draw = "document.querySelector('[data-do=draw]')";
    for (width, dark) in WIDTHS.into_iter().zip([false, true, false]) {
        browser.open_address(&format!("{}runs", serving.address), width, dark);
        wait_until(|| browser.evaluate("document.querySelectorAll('#rows tr').length") == 3);
        assert_eq!(browser.evaluate(&format!("{draw}.disabled")), true);
        browser.evaluate("document.querySelectorAll('#rows input').forEach((box) => box.click())");
        browser.evaluate(&format!("{draw}.click()"));
        browser.comes_anew();
        let names = "[...document.querySelectorAll('.model h2')].map((name) => name.textContent).join(' ')";
        let named = browser.text(names);
        let of = |config: &str| named.split(' ').any(|name| name.starts_with(config));
        assert!(named.split(' ').count() == 3 && ["ours/", "linear/", "two-layer/"].into_iter().all(of), "{named}");
        browser.drag("#canvas", &[[0.3, 0.2], [0.7, 0.2], [0.5, 0.8]]);
        wait_until(|| browser.evaluate("document.querySelectorAll('.class').length") == 3);
        // A program is told how to ask the first of them, which is not the one that is asked by itself.
        assert!(browser.text("find('curl').textContent").contains("/api/predict?model=ours%2F"));
        let seen = browser.seen(width, &serving.address);
        check(&mut browser, seen, "ticked-drawn", width, dark);
    }
    let (_, models) = serving.ask("GET /api/models", &[], b"");
    // One that answers already answers once.
    assert_eq!(models.matches("\"name\"").count(), 3, "{models}");
}

#[test]
fn ticks_stay_while_the_list_is_filtered_and_sorted() {
    let place = Place::new();
    let Some(mut browser) = Browser::start() else { return };
    for config in ["linear", "two-layer", "linear"] {
        place.train_small(&[config, "--set", "training.epochs=1"]).ok();
    }
    let serving = Serving::start(&place, &[]);
    browser.open_address(&format!("{}runs", serving.address.split('?').next().unwrap()), 820, false);
    let count = "document.querySelectorAll('#rows tr').length";
    wait_until(|| browser.evaluate(count) == 3);
    browser.evaluate("document.querySelectorAll('#rows input').forEach((box) => box.click())");
    let ticked = "find('ticked').hidden ? '' : find('howmany').textContent";
    let checked = "document.querySelectorAll('#rows input:checked').length";
    assert_eq!(browser.text(ticked), "3 ticked.");
    let filter = |browser: &mut Browser, text: &str| {
        browser.evaluate(&format!("find('filter').value = {text:?}; find('filter').oninput()"));
    };
    filter(&mut browser, "model=two-layer");
    wait_until(|| browser.evaluate(count) == 1);
    let hidden =
        "3 ticked, 2 of them not in the list below: Compare and Draw take all, the others those that are seen.";
    assert_eq!((browser.text(ticked).as_str(), browser.evaluate(checked)), (hidden, json!(1)));
    assert_eq!(browser.evaluate("document.querySelector('[data-do=compare]').disabled"), false);
    let seen = browser.seen(820, &serving.address);
    check(&mut browser, seen, "ticked", 820, false);
    // What is not seen is not removed.
    browser.evaluate("document.querySelector('[data-do=remove]').click()");
    wait_until(|| rows(&serving, "").len() == 2);
    assert_eq!(rows(&serving, "?filter=model%3Dlinear").len(), 2);
    filter(&mut browser, "");
    browser.evaluate("find('sort').value = 'accuracy'; find('sort').onchange()");
    wait_until(|| browser.evaluate(count) == 2);
    assert_eq!((browser.text(ticked).as_str(), browser.evaluate(checked)), ("2 ticked.", json!(2)));
    // The head of a column sorts by it, and at the next click the other way round.
    let names = "[...document.querySelectorAll('#rows .name a')].map((link) => link.textContent).join()";
    let head = "document.querySelector('[data-sort=path]')";
    let mut expected: Vec<String> =
        rows(&serving, "").iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect();
    expected.sort();
    for order in ["ascending", "descending"] {
        browser.evaluate(&format!("{head}.click()"));
        wait_until(|| browser.text(names) == expected.join(","));
        assert_eq!(
            browser.text("[...document.querySelectorAll('[aria-sort]')].map((one) => one.ariaSort).join()"),
            order
        );
        assert_eq!(browser.text("find('sort').value + ' ' + find('turn').ariaLabel"), format!("path {order}"));
        expected.reverse();
    }
    browser.evaluate("find('untick').click()");
    assert_eq!((browser.text(ticked).as_str(), browser.evaluate(checked)), ("", json!(0)));
    assert_eq!(browser.evaluate("document.querySelector('[data-do=compare]').disabled"), true);
}

#[test]
fn the_page_prunes_as_the_command_line_does_after_it_has_said_what_goes() {
    let place = Place::new();
    for _ in 0..4 {
        place.train_small(&["linear", "--set", "training.epochs=1"]).ok();
    }
    let serving = Serving::start(&place, &[]);
    let names: Vec<String> = rows(&serving, "").iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect();
    done(&serving, json!({ "do": "note", "run": names[3], "text": "stays" }));
    let kept = "kept beside the newest 1: 1 run, running or with a note or tag";
    let would = format!("2 runs would go to the trash: runs/{}, runs/{}; {kept}", names[2], names[1]);
    assert_eq!(done(&serving, json!({ "do": "prune", "keep": 1, "dry_run": true })), would);
    let dry = place.train(&["runs", "prune", "--keep", "1", "--dry-run"]).ok().stdout;
    assert!(dry.starts_with(kept) && dry.ends_with("2 runs would be removed\n"), "{dry}");
    assert_eq!(rows(&serving, "").len(), 4);
    let nothing = done(&serving, json!({ "do": "prune", "keep": 9 }));
    assert_eq!(nothing, "nothing to remove: 4 runs below `runs` and no study is touched");
    assert_eq!(act(&serving, &json!({ "do": "prune", "keep": -1 })).0, 422);
    let Some(mut browser) = Browser::start() else { return };
    browser.open_address(&format!("{}runs", serving.address), 390, false);
    let count = "document.querySelectorAll('#rows tr').length";
    wait_until(|| browser.evaluate(count) == 4);
    browser.evaluate("document.querySelector('#prune button').click()");
    let said = "nothing to remove: 4 runs below `runs` and no study is touched";
    wait_until(|| browser.text("find('said').textContent") == said);
    let begin = "find('prune').parentElement.open = true; find('keep').value = 1; document.querySelector('#prune button').click()";
    let is_open = "find('pruning').open";
    browser.evaluate(begin);
    wait_until(|| browser.evaluate(is_open) == true);
    assert_eq!(browser.text("find('pruned').textContent"), would);
    let seen = browser.seen(390, &serving.address);
    check(&mut browser, seen, "prune", 390, false);
    browser.evaluate("document.querySelector('#pruning [value=\"\"]').click()");
    browser.evaluate(begin);
    wait_until(|| browser.evaluate(is_open) == true);
    assert_eq!(rows(&serving, "").len(), 4, "cancelled");
    browser.evaluate("document.querySelector('#pruning [value=prune]').click()");
    wait_until(|| browser.evaluate(count) == 2);
    let left: Vec<Value> = rows(&serving, "").iter().map(|row| row["name"].clone()).collect();
    assert_eq!(left, [names[0].as_str(), &names[3]]);
    browser.evaluate("find('undo').click()");
    wait_until(|| browser.evaluate(count) == 4);
}
