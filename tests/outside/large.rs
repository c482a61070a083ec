//! Studies of ten thousand trials: read fast, in little memory, on a page that opens.

use std::{
    fs,
    io::Read as _,
    path::Path,
    process::Stdio,
    thread,
    time::{Duration, Instant, SystemTime},
};

use plan::Setting;
use serde_json::{Value, json};
use study::{Study, Trial};

use crate::harness::{Place, record};

/// Values of each of the two keys.
const VALUES: usize = 100;

/// The study: a grid of `rates` by `hidden`, as lists.
fn study(place: &Place, rates: &[String], hidden: &[String]) {
    let text = format!(
        "base = \"two-layer\"\nlimit = 10000\n[set]\n\"data.source\" = \"synthetic\"\n\"data.synthetic_train\" = 600\n\
         \"data.synthetic_valid\" = 200\n\"training.epochs\" = 10\n[space]\n\"optimizer.learning_rate\" = [{}]\n\
         \"model.hidden\" = [{}]\n",
        rates.join(", "),
        hidden.join(", ")
    );
    place.write("study.toml", &text);
}

/// A study of 10,000 finished trials: one that has really run, and copies of it with other values.
fn large(place: &Place) -> Study {
    let rates: Vec<String> = (0..VALUES).map(|n| format!("{:?}", 10f64.powf(n as f64 / 33.0 - 3.0))).collect();
    let hidden: Vec<String> = (0..VALUES).map(|n| (n + 5).to_string()).collect();
    study(place, &rates[..1], &hidden[..1]);
    place.train(&["sweep", "study.toml"]).ok();
    study(place, &rates, &hidden);
    copies(place, VALUES * VALUES)
}

/// The study that is written down, with so many trials: one that has really run, and copies of it with other values.
fn copies(place: &Place, trials: usize) -> Study {
    let mut study = Study::read(&place.path().join("study.toml"), &[]).unwrap();
    let first = place.runs().into_iter().find(|run| run.join("trial.toml").is_file()).unwrap();
    let record = record(&first);
    let backend = record["backend"].as_str().unwrap().to_owned();
    study.make_definite([Setting::flag("test", "backend", backend)]);
    let fingerprint = record["data"]["fingerprint"].as_str().unwrap();
    let points = study.points().unwrap();
    assert_eq!(points.len(), trials);
    let trial = |number: usize| Trial::new(&study, number, points[number].clone(), None, fingerprint).unwrap();
    assert_eq!(place.path().join(trial(0).path), first, "a copy would not be known as a trial");
    let copies: Vec<usize> = (1..points.len()).collect();
    thread::scope(|scope| {
        for part in copies.chunks(points.len().div_ceil(4)) {
            scope.spawn(|| part.iter().for_each(|number| copy(place, &first, &trial(*number))));
        }
    });
    study
}

/// A trial's folder as the program leaves it, but for checkpoint and model.
fn copy(place: &Place, first: &Path, trial: &Trial) {
    let folder = place.path().join(&trial.path);
    fs::create_dir_all(folder.join("checkpoints")).unwrap();
    fs::write(folder.join("config.toml"), run::folder::plan_text(&trial.plan)).unwrap();
    let point = toml::to_string(&study::TrialRecord::new(trial)).unwrap();
    fs::write(folder.join("trial.toml"), point).unwrap();
    let accuracy = |epoch: usize| accuracy(trial, epoch);
    let mut run = record(first);
    run["best"]["metrics"]["accuracy"] = json!(accuracy(10));
    run["best"]["metrics"]["loss"] = json!(1.0 - accuracy(10));
    run["seconds"] = json!(0.3 + accuracy(10));
    let epochs = if is_stopped(trial) { 3 } else { 10 };
    if is_stopped(trial) {
        (run["state"], run["epochs_done"]) = (json!("paused"), json!(epochs));
    }
    fs::write(folder.join("run.json"), serde_json::to_vec_pretty(&run).unwrap()).unwrap();
    let metrics = fs::read_to_string(first.join("metrics.jsonl")).unwrap();
    let line = |(epoch, line): (usize, &str)| {
        let mut line: Value = serde_json::from_str(line).unwrap();
        line["valid"]["accuracy"] = json!(accuracy(epoch + 1));
        line["valid"]["loss"] = json!(1.0 - accuracy(epoch + 1));
        line.to_string() + "\n"
    };
    fs::write(folder.join("metrics.jsonl"), metrics.lines().take(epochs).enumerate().map(line).collect::<String>())
        .unwrap();
    for file in ["lock", "output.txt"] {
        fs::write(folder.join(file), "").unwrap();
    }
}

/// Of trials of four keys two of three.
fn is_stopped(trial: &Trial) -> bool {
    trial.point.len() == 4 && !trial.number.is_multiple_of(3)
}

/// A hill over the logarithm of the learning rate, with a little of the hidden units and of luck.
fn accuracy(trial: &Trial, epoch: usize) -> f64 {
    let number = |key: &str| trial.point[key].number().unwrap();
    let luck = f64::from((trial.number as u32).wrapping_mul(2_654_435_761) >> 20) / 4096.0;
    let hill = 0.98 - 0.05 * (number("optimizer.learning_rate").log10() + 1.0).powi(2);
    hill + 0.0001 * number("model.hidden") + 0.004 * luck - 0.3 / (1 + epoch * epoch) as f64
}

/// When each trial was written last.
fn written(place: &Place) -> Vec<SystemTime> {
    let runs = place.runs().into_iter().map(|run| run.join("run.json"));
    runs.filter_map(|record| fs::metadata(record).ok()?.modified().ok()).collect()
}

struct Took {
    stdout: String,
    time: Duration,
    /// The most memory it held, in MB; none where the system does not say.
    megabytes: Option<f64>,
}

/// Runs a command and looks at its memory every few milliseconds.
fn measured(place: &Place, arguments: &[&str]) -> Took {
    let began = Instant::now();
    let mut child = place.command(arguments).stdout(Stdio::piped()).spawn().unwrap();
    let mut out = child.stdout.take().unwrap();
    let reader = thread::spawn(move || {
        let mut text = String::new();
        out.read_to_string(&mut text).unwrap();
        text
    });
    let mut megabytes = None;
    let status = loop {
        // It only rises; of a process that has ended there is none.
        megabytes = memory(child.id()).or(megabytes);
        match child.try_wait().unwrap() {
            Some(status) => break status,
            None => thread::sleep(Duration::from_millis(3)),
        }
    };
    assert!(status.success(), "{arguments:?}: {status}");
    let took = Took { stdout: reader.join().unwrap(), time: began.elapsed(), megabytes };
    println!("train {}: {:.2} s, {:?} MB", arguments.join(" "), took.time.as_secs_f64(), took.megabytes);
    took
}

/// The peak of a process so far.
fn memory(process: u32) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches(" kB").parse::<f64>().ok()? / 1024.0)
}

/// Three times what is asked for, as the machine may have other work; of memory no more than that.
#[track_caller]
fn within(took: &Took, seconds: f64) {
    assert!(took.time.as_secs_f64() < 3.0 * seconds, "{:.2} s instead of {seconds}", took.time.as_secs_f64());
    assert!(took.megabytes.is_none_or(|megabytes| megabytes < 300.0), "{:?} MB", took.megabytes);
}

#[test]
fn ten_thousand_trials_are_read_reported_and_known_in_seconds() {
    let place = Place::new();
    large(&place);
    let status = measured(&place, &["sweep", "status", "study.toml"]);
    assert!(status.stdout.contains("10,000 finished, of 10,000 trials"), "{}", status.stdout);
    within(&status, 1.0);
    let report = measured(&place, &["sweep", "report", "study.toml"]);
    within(&report, 5.0);
    let page = place.path().join("runs/study/report.html");
    let text = fs::read_to_string(&page).unwrap();
    println!("the page: {} kB", text.len() / 1000);
    assert!(text.len() < 300_000, "a page of {} bytes", text.len());
    for said in ["200 of 10,000 trials", "60 of 10,000 trials", "9,990 more points"] {
        assert!(text.contains(said), "{said}");
    }
    if let Some(mut browser) = crate::browser::Browser::start() {
        let seen = browser.look(&page, 390, false);
        assert!(seen.trouble.is_empty() && seen.overflow <= 0, "{:?}", seen.trouble);
    }
    let dry = measured(&place, &["sweep", "study.toml", "--dry-run"]);
    assert_eq!(dry.stdout.lines().filter(|line| line.contains("model.hidden=")).count(), 10_000);
    within(&dry, 5.0);
    // A driver that finds all of them finished: it begins none, and writes the page again.
    let before = written(&place);
    let again = measured(&place, &["sweep", "study.toml"]);
    assert!(again.stdout.contains("10,000 finished, of 10,000 trials"), "{}", again.stdout);
    assert!(written(&place) == before, "a finished trial was run again");
    within(&again, 10.0);
}

#[test]
fn the_page_of_a_thousand_trials_of_four_keys_is_small() {
    let place = Place::new();
    let write = |trials: usize| {
        let text = format!(
            "base = \"two-layer\"\nsearch = \"random\"\ntrials = {trials}\nmetric = \"valid.loss\"\n[set]\n\
             \"data.source\" = \"synthetic\"\n\"data.synthetic_train\" = 600\n\"data.synthetic_valid\" = 200\n\
             \"training.epochs\" = 10\n[space]\n\"optimizer.learning_rate\" = {{ log_uniform = [0.01, 10.0] }}\n\
             \"optimizer.momentum\" = {{ uniform = [0.0, 0.95] }}\n\"optimizer.weight_decay\" = {{ log_uniform = [1e-6, 0.1] }}\n\
             \"model.hidden\" = {{ int = [10, 100] }}\n[prune]\nkind = \"asha\"\nmin_epochs = 3\n"
        );
        place.write("study.toml", &text);
    };
    write(1);
    place.train(&["sweep", "study.toml"]).ok();
    write(1000);
    copies(&place, 1000);
    place.train(&["sweep", "report", "study.toml"]).ok();
    let page = fs::read_to_string(place.path().join("runs/study/report.html")).unwrap();
    assert!(page.contains("stopped after 3") && page.contains("<summary>All 1,000 trials</summary>"));
    assert!(page.len() < 300_000, "a page of {} bytes", page.len());
    let shown = place.train(&["compare", "runs/study", "--html", "compare.html"]).ok().stdout;
    let page = fs::read_to_string(place.path().join("compare.html")).unwrap();
    assert!(page.len() < 300_000, "a comparison of {} bytes", page.len());
    let said = "Shown are 35 of 995 other trials, evenly chosen from the best to the worst.";
    let shown = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(page.contains(said) && shown.contains(said) && page.contains(" 1,000 trials</summary>"), "{shown}");
    let longest = page.split("aria-label=\"").map(|rest| rest.find('"').unwrap_or(0)).max();
    assert!(longest < Some(1_000), "an alternative text of {longest:?} characters");
}
