//! What a person sees of a study at work: plain lines in a pipe, a live table on a terminal.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    process::{Child, Stdio},
};

use serde_json::Value;

use crate::harness::{Place, Ran, wait_until};

/// A study of these keys and this space, on data that is drawn in a moment.
fn study(place: &Place, keys: &str, space: &str) {
    let set = "\"data.source\" = \"synthetic\"\n\"data.synthetic_train\" = 600\n\"data.synthetic_valid\" = 200\n\
               \"training.batch_size\" = 64\n\"training.epochs\" = 3\n";
    place.write("study.toml", &format!("base = \"two-layer\"\njobs = 1\n{keys}\n[set]\n{set}[space]\n{space}\n"));
}

const SEEDS: &str = "\"optimizer.learning_rate\" = [0.1]\nseed = [0, 1, 2]";

#[test]
fn in_a_pipe_there_is_a_plain_line_for_each_trial() {
    let place = Place::new();
    study(&place, "", SEEDS);
    let ran = place.train(&["sweep", "study.toml"]).ok();
    assert!(!ran.stdout.contains('\u{1b}') && ran.stderr.is_empty(), "{ran:?}");
    let lines: Vec<&str> = ran.stdout.lines().skip(5).take(3).collect();
    for (line, number) in lines.iter().zip(1..) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let expected = [&number.to_string(), "finished", words[2], "3/3", "epochs", "learning_rate=0.1"];
        assert_eq!(words[..6], expected, "{}", ran.stdout);
        assert!(words[2].len() == 8 && words[2].parse::<f64>().is_ok(), "{line}");
    }
}

#[test]
fn a_failed_trial_says_why_and_what_it_wrote_last() {
    let place = Place::new();
    let rates = "\"optimizer.learning_rate\" = [1e37, 0.1]\n\"training.loss\" = [\"mean-squared-error\"]";
    study(&place, "retries = 0", rates);
    let ran = place.train(&["sweep", "study.toml"]);
    let lines: Vec<&str> = ran.stdout.lines().skip(5).take(3).collect();
    assert_eq!(lines[0], "    1  failed         -           0/3 epochs  learning_rate=1e37 loss=mean-squared-error");
    assert!(lines[1].starts_with("       the training loss became NaN in epoch 1, step 2"), "{lines:?}");
    assert!(lines[2].starts_with("    2  finished  "), "{lines:?}");
}

/// Reads two lines and goes, as `head -2` does.
fn head(child: &mut Child) {
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().starts_with("study    study, 3 trials"));
    assert!(lines.next().is_some());
}

#[test]
fn a_reader_that_goes_does_not_stop_a_study() {
    let place = Place::new();
    study(&place, "", SEEDS);
    let mut command = place.command(&["sweep", "study.toml"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    head(&mut child);
    let ran = Ran::from(child.wait_with_output().unwrap());
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    assert!(place.path().join("runs/study/report.html").is_file());
    let status = place.train(&["sweep", "status", "study.toml"]).ok();
    assert!(status.stdout.contains("3 finished, of 3 trials"), "{}", status.stdout);
}

/// What the study writes on a terminal, which util-linux's `script` makes.
#[cfg(target_os = "linux")]
fn on_a_terminal(place: &Place, variable: (&str, &str)) -> String {
    let train = place.command(&["sweep", "study.toml"]);
    let typed = format!("{} sweep study.toml", train.get_program().to_str().unwrap());
    let mut script = std::process::Command::new("script");
    script.args(["-qec", &typed, "typescript"]).current_dir(place.path());
    script.stdin(Stdio::null()).stdout(Stdio::null());
    script.env("TERM", "xterm-256color").env_remove("NO_COLOR").env(variable.0, variable.1);
    script.env("XDG_CACHE_HOME", place.path().join("cache"));
    assert!(script.status().unwrap().success());
    fs::read_to_string(place.path().join("typescript")).unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn on_a_terminal_a_live_table_stands_below_the_lines_and_is_gone_at_the_end() {
    const CLEAR: &str = "\r\u{1b}[0J";
    let place = Place::new();
    study(&place, "", SEEDS);
    let shown = on_a_terminal(&place, ("NO_COLOR", ""));
    let (before, last) = shown.rsplit_once(CLEAR).unwrap();
    assert!(before.contains("trials   ────────────────────") && before.contains("1 running, 2 waiting"), "{shown}");
    assert!(before.contains("    1  ────────  -           0/3 epochs  learning_rate=0.1 seed=0"), "{shown}");
    // A line for good, over the first one of the table.
    let said = before.lines().find(|line| line.contains("    1  finished  ")).unwrap();
    assert!(
        said.ends_with(
            "\u{1b}[38;5;244m    1  finished       0.970000    3/3 epochs  learning_rate=0.1 seed=0\u{1b}[0m\u{1b}[K"
        ),
        "{shown}"
    );
    assert!(before.contains("\u{1b}[38;5;"), "{shown}");
    assert!(last.starts_with("\r\n trial   valid.accuracy"), "{last}");
    // The best row alone is in colour.
    let coloured: Vec<&str> = last.lines().filter(|line| line.contains('\u{1b}')).collect();
    assert!(coloured.len() == 1 && coloured[0].starts_with("\u{1b}[38;5;35m 1 "), "{last}");
    fs::remove_dir_all(place.path().join("runs")).unwrap();
    let shown = on_a_terminal(&place, ("NO_COLOR", "1"));
    assert!(shown.contains("trials   ───") && !shown.contains("\u{1b}[38;"), "{shown}");
}

#[test]
fn status_tells_what_runs_and_a_program_all_of_it() {
    let place = Place::new();
    study(&place, "", SEEDS);
    let set = ["--set", "training.epochs=1000000"];
    let mut driver = place.start(&[&["sweep", "study.toml"], &set[..]].concat());
    let status = || place.train(&["sweep", "status", "study.toml", "--json"]).json();
    wait_until(|| place.path().join("runs/study").is_dir());
    wait_until(|| status()["running"][0]["epoch"].as_u64() > Some(0));
    let text = place.train(&["sweep", "status", "study.toml"]).ok().stdout;
    let row = text.lines().find(|line| line.contains("/1000000 epochs")).unwrap();
    assert!(row.trim_start().starts_with("1  ") && row.ends_with("  learning_rate=0.1 seed=0"), "{text}");
    let left = text.lines().find_map(|line| line.strip_prefix("time     about ")).unwrap();
    assert!(left.ends_with(" h left"), "{left}");
    assert!(status()["seconds_left"].as_f64() > Some(3600.0), "{text}");
    assert_eq!(status()["at_work"], true);
    place.train(&["sweep", "stop", "study.toml"]).ok();
    assert_eq!(driver.wait().unwrap().code(), Some(130));
    let ended = status();
    assert_eq!(
        (&ended["at_work"], &ended["running"], &ended["total"]),
        (&false.into(), &Value::Array(vec![]), &3.into())
    );
    assert_eq!(ended["seconds_left"], Value::Null);
    let first = &ended["trials"][0];
    assert_eq!((&first["state"], &first["point"]["optimizer.learning_rate"]), (&"interrupted".into(), &"0.1".into()));
}
