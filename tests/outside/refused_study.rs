//! `train sweep`: what is wrong with a study is said before anything runs.

use std::fs;

use crate::{
    harness::Place,
    sweep::{RATES, study, sweep},
};

#[test]
fn what_is_wrong_with_a_study_is_said_before_anything_runs() {
    let place = Place::new();
    let number = "\"optimizer.learning_rate\" = [0.1]";
    let cases = [
        (
            "",
            "\"optimizer.learning_rat\" = [0.1]",
            "study.toml:10: unknown key `optimizer.learning_rat`; did you mean `optimizer.learning_rate`?",
        ),
        ("", "\"optimizer.learning_rate\" = []", "study.toml:10: "),
        (
            "search = \"random\"\ntrials = 2",
            "\"optimizer.learning_rate\" = { log_uniform = [0.0, 1.0] }",
            "study.toml:11: ",
        ),
        ("", "\"optimizer.learning_rate\" = { uniform = [0.0, 1.0] }", "study.toml:10: "),
        (
            "limit = 2",
            "seed = [1, 2, 3]",
            "study.toml:10: 3 trials are more than 2; `--yes` runs them, or raise `limit`",
        ),
        ("metric = \"valid.acuracy\"", number, "did you mean `valid.accuracy`?"),
        (
            "search = \"random\"",
            number,
            "study.toml:1: `trials` is missing: how many points the search tries, such as trials = 20",
        ),
        ("serch = \"random\"", number, "study.toml:2: unknown key `serch`; did you mean `search`?"),
        ("max_time = \"soon\"", number, "expected a time such as \"1d12h\", \"2h30m\", \"45m\" or \"90s\""),
        ("", "\"model.hidden\" = [10, 0]", "`model.hidden` is 0, expected"),
        ("prune = \"ash\"", number, "study.toml:2: `prune` is \"ash\", expected asha or median; did you mean `asha`?"),
        (
            "",
            "\"training.epochs\" = [1, 2]",
            "study.toml:10: `training.epochs` cannot be in the space: it makes no other run",
        ),
        (
            "",
            "\"data.source\" = [\"synthetic\"]",
            "`data.source` cannot be in the space: the trials of a study share their data",
        ),
        (
            "",
            "\"optimizer.momentum\" = [0, 0.0]",
            "optimizer.momentum=0 and optimizer.momentum=0.0 are the same run; remove one",
        ),
        (
            "search = \"tpe\"\ntrials = 3",
            "\"optimizer.momentum\" = [0, 0.0, 0.5]",
            "optimizer.momentum=0 and optimizer.momentum=0.0 are the same run; remove one",
        ),
        (
            "search = \"random\"\ntrials = 1",
            "\"optimizer.momentum\" = [0, 0.0, 0.5]",
            "optimizer.momentum=0 and optimizer.momentum=0.0 are the same run; remove one",
        ),
        ("", "\"model.hidden\" = { int = [1, 9], log = true, step = 2 }", "`step` and `log` go with `int` alone"),
        ("", "\"model.hidden\" = { itn = [1, 9] }", "it has `itn`; did you mean `int`?"),
        ("", "optimizer.momentum = [0.5]", "a dotted key of a plan is one key in quotes"),
        ("name = \"../x\"", number, "study.toml:2: `name` is \"../x\", expected a string, a folder name"),
        (
            "repeat = 2",
            "seed = [0, 1]",
            "study.toml:10: `seed` is in the space; remove it there, or `seeds` and `repeat`",
        ),
        (
            "",
            "\"training.batch_size\" = [8]",
            "study.toml:7: `training.batch_size` is what the trials differ in; remove it here or there",
        ),
        ("seeds = [0, 0]", number, "`seeds` is [0, 0], expected different integers from 0 on, one or more"),
        ("seeds = [0]\nrepeat = 2", number, "`repeat` is 2, expected nothing: the study lists its `seeds`"),
        (
            "repeat = 1000000000000",
            number,
            "study.toml:2: `repeat` is 1000000000000, expected an integer from 1 to 65536",
        ),
        ("search = \"sobol\"\ntrials = 2", "", "`[space]` is missing: the keys that the search chooses values for"),
        ("devices = [0, 7]", number, "study.toml:2: `devices`: "),
        ("backend = \"cuda\"", number, "study.toml:2: `backend`: "),
        ("prune.min_epochs = 2", number, "study.toml:2: `prune.kind` is missing: asha or median"),
    ];
    for (keys, space, message) in cases {
        study(&place, keys, space);
        let ran = sweep(&place, &[]);
        assert!(
            ran.code == 2 && ran.stderr.starts_with("error: ") && ran.stderr.contains(message),
            "{message}: {ran:?}"
        );
        assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
    }
    place.write("study.toml", "# no such base\nbase = \"nope\"\n");
    let ran = sweep(&place, &[]);
    assert!(ran.code == 2 && ran.stderr.starts_with("error: study.toml:2: `base`: nope: no such config"), "{ran:?}");
    assert!(!place.path().join("runs").exists());
    study(&place, "limit = 2", "seed = [1, 2, 3]");
    study(&place, "prune = \"median\"", number);
    sweep(&place, &["--dry-run"]).ok();
    study(&place, "limit = 2", "seed = [1, 2, 3]");
    assert!(sweep(&place, &["--yes", "--dry-run"]).ok().stdout.contains("3       new     seed=3"));
}

#[test]
fn a_folder_of_something_else_is_refused() {
    let place = Place::new();
    study(&place, "", RATES);
    sweep(&place, &["--set", "training.epochs=1"]).ok();
    // The same file may change: what is done is done, and what is new is added.
    study(&place, "metric = \"valid.loss\"", &format!("{RATES}\n\"optimizer.momentum\" = [0.0, 0.5]"));
    let ran = sweep(&place, &["--set", "training.epochs=1"]).ok();
    assert_eq!((ran.stdout.matches("  finished  ").count(), ran.stdout.contains("6 finished, of 6")), (3 + 6, true));
    // Another is another study, as long as there are two of them.
    let text = fs::read_to_string(place.path().join("study.toml")).unwrap();
    let other = text.replace("base = ", "name = \"study\"\nseed = 1\nbase = ");
    place.write("other.toml", &other);
    for arguments in
        [&["sweep", "other.toml"][..], &["sweep", "report", "other.toml"], &["sweep", "other.toml", "--dry-run"]]
    {
        let ran = place.train(arguments);
        let message = "error: other.toml:1: `runs/study` belongs to another study (/";
        assert!(ran.code == 2 && ran.stderr.starts_with(message), "{ran:?}");
        assert!(ran.stderr.ends_with("study.toml); change `name`\n"), "{ran:?}");
    }
    fs::remove_file(place.path().join("study.toml")).unwrap();
    place.train(&["sweep", "status", "other.toml"]).ok();
    place.train_small(&["linear", "--set", "training.epochs=1"]).ok();
    study(&place, "name = \"linear\"", RATES);
    sweep(&place, &[]).fails(2, "study.toml:1: `runs/linear` holds what is no trial of a study; change `name`");
}
