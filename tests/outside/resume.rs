//! A run that was stopped, killed or cut short ends with the same bits as one that was not.

use std::{fs, path::Path, process::Command};

use crate::harness::{Place, SMALL, check_table, metrics, model, record, wait_until};

const EPOCHS: &[&str] = &["--set", "training.epochs=6", "--set", "training.log_steps=true"];

/// The run that is never killed, and the one that is killed again and again.
#[track_caller]
fn same_after_kills(settings: &[&str]) {
    let arguments = [SMALL, EPOCHS, settings].concat();
    let whole = Place::new();
    whole.train(&arguments).ok();
    let killed = Place::new();
    kill_after(&killed, &arguments, 1);
    let run = killed.run();
    let resume = ["--resume", run.to_str().unwrap()];
    let done = |run: &Path| record(run)["state"] == "finished";
    for epochs in [3, 5] {
        if !done(&run) {
            kill_after(&killed, &resume, epochs);
        }
    }
    if !done(&run) {
        killed.train(&resume).ok();
    }
    assert_eq!(record(&run)["state"], "finished");
    assert_eq!(metrics(&run), metrics(&whole.run()), "{settings:?}");
    assert!(model(&run) == model(&whole.run()), "other bits with {settings:?}");
    check_table(&run);
}

/// Starts the program and kills it, as `kill -9` does, as soon as a checkpoint of that many epochs is there.
pub fn kill_after(place: &Place, arguments: &[&str], epochs: usize) {
    let mut child = place.start(arguments);
    wait_until(|| {
        let checkpoints =
            place.runs().first().map(|run| run.join("checkpoints")).and_then(|path| fs::read_dir(path).ok());
        let newest = checkpoints.into_iter().flatten().filter_map(|entry| step(&entry.ok()?.path())).max();
        newest.is_some_and(|step| step >= epochs * 10) || child.try_wait().unwrap().is_some()
    });
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Ten steps are an epoch here.
fn step(path: &Path) -> Option<usize> {
    path.file_name()?.to_str()?.strip_prefix("step-")?.strip_suffix(".checkpoint")?.parse().ok()
}

fn every_optimizer_and_schedule(backend: &str) {
    for optimizer in [
        &["--set", "optimizer.kind=sgd", "--set", "optimizer.momentum=0.9", "--set", "optimizer.weight_decay=0.01"][..],
        &["--set", "optimizer.kind=adam", "--set", "optimizer.learning_rate=0.001"],
        &["--set", "optimizer.kind=adamw", "--set", "optimizer.learning_rate=0.001"],
    ] {
        for schedule in ["schedule.kind=constant", "schedule.kind=cosine", "schedule.kind=one-cycle"] {
            same_after_kills(&[&["--backend", backend, "--set", schedule], optimizer].concat());
        }
    }
}

#[test]
fn killed_runs_resume_exactly_on_flex() {
    every_optimizer_and_schedule("flex");
}

#[test]
fn killed_runs_resume_exactly_on_ndarray() {
    every_optimizer_and_schedule("ndarray");
}

#[test]
fn killed_runs_resume_exactly_from_within_an_epoch() {
    let each_step = ["--set", "checkpoint.every_steps=1", "--set", "checkpoint.keep_last=3"];
    same_after_kills(&each_step);
    same_after_kills(
        &[&each_step[..], &["--set", "training.accumulate=3", "--set", "training.clip_norm=0.1"]].concat(),
    );
}

#[test]
fn a_killed_residual_net_resumes_exactly_with_its_running_statistics() {
    let small = ["resnet", "--set", "model.channels=2", "--set", "training.batch_size=64"];
    same_after_kills(&small);
}

#[test]
fn killed_runs_resume_exactly_with_averaged_weights_and_dropout() {
    let net = ["resnet", "--set", "model.channels=2", "--set", "model.dropout=0.5", "--set", "training.ema_decay=0.9"];
    let each_step = ["--set", "checkpoint.every_steps=1", "--set", "checkpoint.keep_last=3"];
    same_after_kills(&[&net[..], &["--set", "training.batch_size=64"]].concat());
    same_after_kills(&[&net[..], &each_step].concat());
    same_after_kills(&["--backend", "ndarray", "--set", "training.ema_decay=0.99"]);
}

#[test]
fn averaged_weights_are_what_is_evaluated_and_kept() {
    let place = Place::new();
    let arguments = ["resnet", "--set", "model.channels=2", "--set", "training.epochs=2"];
    let with = |settings: &[&str]| {
        place.train(&[&arguments[..], SMALL, settings].concat()).ok();
        place.runs().pop().unwrap()
    };
    let [plain, averaged, dropped] = [
        with(&[]),
        with(&["--set", "training.ema_decay=0.9"]),
        with(&["--set", "training.ema_decay=0.9", "--set", "model.dropout=0.5"]),
    ];
    // The same training, looked at otherwise.
    let train = |run: &Path| metrics(run).iter().map(|epoch| epoch["train"].clone()).collect::<Vec<_>>();
    assert_eq!(train(&plain), train(&averaged));
    assert_ne!(train(&plain), train(&dropped));
    assert_ne!(metrics(&plain)[0]["valid"], metrics(&averaged)[0]["valid"]);
    for run in [&averaged, &dropped] {
        let evaluated = place.train(&["evaluate", run.to_str().unwrap(), "--json"]).ok().json();
        assert_eq!(evaluated["metrics"], record(run)["best"]["metrics"]);
    }
    // Nothing is left out when it is evaluated, and the best model is found again in the checkpoint.
    fs::remove_file(averaged.join("model.safetensors")).unwrap();
    place.train(&["--resume", averaged.to_str().unwrap()]).ok();
    let evaluated = place.train(&["evaluate", averaged.to_str().unwrap(), "--json"]).ok().json();
    assert_eq!(evaluated["metrics"], record(&averaged)["best"]["metrics"]);
}

/// The best epoch's checkpoint is looked at when a run goes on; Burn's clones of a network share the running statistics.
#[test]
fn a_residual_net_whose_best_epoch_is_not_its_last_resumes_exactly() {
    let settings = |epochs: &'static str| {
        let net =
            ["resnet", "--set", "model.channels=2", "--set", "schedule.kind=constant", "--set", "optimizer.kind=sgd"];
        [
            &net[..],
            &["--set", "optimizer.learning_rate=1e-6", "--set", "training.monitor=recall", "--set", epochs],
            SMALL,
        ]
        .concat()
    };
    let [place, whole] = [Place::new(), Place::new()];
    place.train(&settings("training.epochs=3")).ok();
    assert!(record(&place.run())["best"]["epoch"].as_u64() < Some(3), "{}", record(&place.run())["best"]);
    place.train(&["--resume", "latest", "--set", "training.epochs=5"]).ok();
    whole.train(&settings("training.epochs=5")).ok();
    assert_eq!(metrics(&place.run()), metrics(&whole.run()));
    assert!(model(&place.run()) == model(&whole.run()));
}

#[test]
fn an_interrupt_saves_and_says_how_to_resume() {
    let arguments = [&["--set", "training.epochs=400"], SMALL].concat();
    let place = Place::new();
    let child = place.command(&arguments).stdout(std::process::Stdio::piped()).spawn().unwrap();
    wait_until(|| place.runs().first().is_some_and(|run| metrics(run).len() >= 3));
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let run = place.run();
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(
        stdout.contains(&format!("train --resume {}", run.strip_prefix(place.path()).unwrap().display())),
        "{stdout}"
    );
    assert_eq!(record(&run)["state"], "interrupted");
    assert!(run.join("model.safetensors").is_file(), "the best model so far");

    place.train(&["--resume", "latest", "--quiet"]).ok();
    let whole = Place::new();
    whole.train(&arguments).ok();
    assert!(model(&run) == model(&whole.run()));
    assert_eq!(metrics(&run), metrics(&whole.run()));
}

#[test]
fn more_epochs_go_on_as_if_planned_from_the_start() {
    let place = Place::new();
    place.train_small(&["--set", "training.epochs=2"]).ok();
    place.train(&["--resume", "latest", "--set", "training.epochs=5"]).ok();
    let whole = Place::new();
    whole.train_small(&["--set", "training.epochs=5"]).ok();
    assert!(model(&place.run()) == model(&whole.run()));
}

#[test]
fn a_resume_under_a_changed_plan_is_refused_naming_the_change() {
    let place = Place::new();
    place.train_small(&["--set", "training.epochs=2"]).ok();
    let run = place.run();
    let before = fs::read(run.join("config.toml")).unwrap();
    let ran =
        place.train(&["--resume", "latest", "--set", "optimizer.learning_rate=0.2", "--set", "training.epochs=4"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("`optimizer.learning_rate`: 0.1 -> 0.2"), "{ran:?}");
    assert_eq!(fs::read(run.join("config.toml")).unwrap(), before);
}

#[test]
fn a_finished_run_says_how_to_get_more_epochs() {
    let place = Place::new();
    place.train_small(&["--set", "training.epochs=2"]).ok();
    let ran = place.train(&["--resume", "latest"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("--set training.epochs=4"), "{ran:?}");
}

#[test]
fn a_truncated_checkpoint_gives_way_to_the_one_before() {
    let place = Place::new();
    place.train_small(&["--set", "training.epochs=3"]).ok();
    let run = place.run();
    let newest = run.join("checkpoints/step-00000030.checkpoint");
    let bytes = fs::read(&newest).unwrap();
    fs::write(&newest, &bytes[..bytes.len() / 2]).unwrap();
    let ran = place.train(&["--resume", "latest", "--set", "training.epochs=5"]).ok();
    assert!(
        ran.stderr.starts_with("warning: `") && ran.stderr.contains("step-00000030.checkpoint` is damaged"),
        "{ran:?}"
    );
    let whole = Place::new();
    whole.train_small(&["--set", "training.epochs=5"]).ok();
    assert!(model(&run) == model(&whole.run()));
    assert_eq!(metrics(&run), metrics(&whole.run()), "no line twice");
}

#[test]
fn a_run_in_use_is_left_alone() {
    let place = Place::new();
    let mut child = place.start(&[&["--set", "training.epochs=100000"], SMALL].concat());
    wait_until(|| place.runs().first().is_some_and(|run| run.join("metrics.jsonl").exists()));
    let ran = place.train(&["--resume", "latest"]);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("is in use by another process"), "{ran:?}");
}

/// As a kill between the last checkpoint and the model would leave it.
fn cut_off_before_the_model(run: &Path) {
    fs::remove_file(run.join("model.safetensors")).unwrap();
    let record = fs::read_to_string(run.join("run.json")).unwrap();
    fs::write(run.join("run.json"), record.replace("\"finished\"", "\"running\"")).unwrap();
}

#[test]
fn a_run_killed_after_its_last_epoch_still_gets_its_model() {
    let place = Place::new();
    place.train_small(&["--set", "training.epochs=3"]).ok();
    let run = place.run();
    let (before, lines) = (model(&run), metrics(&run));
    cut_off_before_the_model(&run);
    let ran = place.train(&["evaluate", run.to_str().unwrap()]);
    assert!(ran.code == 2 && ran.stderr.contains("has no model"), "{ran:?}");
    place.train(&["--resume", "latest"]).ok();
    assert!(model(&run) == before);
    assert_eq!((metrics(&run), &record(&run)["state"]), (lines, &"finished".into()));
}

#[test]
fn an_edited_or_cut_plan_is_noticed() {
    let place = Place::new();
    place.train_small(&["--set", "training.epochs=2"]).ok();
    let config = place.run().join("config.toml");
    let text = fs::read_to_string(&config).unwrap();
    for other in [text.replace("hidden = 30", "hidden = 31"), text[..300].to_owned(), String::new()] {
        fs::write(&config, other).unwrap();
        for arguments in [&["--resume", "latest", "--set", "training.epochs=4"][..], &["evaluate", "latest"]] {
            let ran = place.train(arguments);
            assert_eq!(ran.code, 1, "{ran:?}");
            assert!(ran.stderr.contains("config.toml` is damaged: it is not as the run wrote it"), "{ran:?}");
        }
    }
}

#[test]
fn a_run_that_lost_its_checkpoints_does_not_silently_start_over() {
    let place = Place::new();
    place.train_small(&["--set", "training.epochs=2"]).ok();
    let run = place.run();
    fs::remove_dir_all(run.join("checkpoints")).unwrap();
    let before = metrics(&run);
    let ran = place.train(&["--resume", "latest", "--set", "training.epochs=4"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.stderr.contains("its checkpoints are gone"), "{ran:?}");
    assert_eq!(metrics(&run), before);
}

#[test]
fn an_interrupt_stops_a_run_of_one_step_an_epoch() {
    let place = Place::new();
    let arguments = [SMALL, &["--set", "training.batch_size=600", "--set", "training.epochs=100000"]].concat();
    let mut child = place.start(&arguments);
    wait_until(|| place.runs().first().is_some_and(|run| metrics(run).len() >= 3));
    Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    wait_until(|| child.try_wait().unwrap().is_some());
    assert_eq!(record(&place.run())["state"], "interrupted");
}

#[test]
fn runs_and_a_resume_do_not_stand_in_each_others_way() {
    let place = Place::new();
    place.train_small(&["--set", "training.epochs=1"]).ok();
    let mut watcher = Command::new("sh");
    let look = format!("while :; do '{}' runs; done", place.command(&[]).get_program().to_str().unwrap());
    let mut watcher =
        watcher.args(["-c", &look]).current_dir(place.path()).stdout(std::process::Stdio::null()).spawn().unwrap();
    for epochs in 2..12 {
        place.train(&["--resume", "latest", "--set", &format!("training.epochs={epochs}")]).ok();
    }
    watcher.kill().unwrap();
    watcher.wait().unwrap();
}

/// Whether the best checkpoint was deleted or a byte of it flipped, and whether the model file is gone as well: the run ends.
#[test]
fn a_run_that_lost_its_best_checkpoint_goes_on_and_ends_with_a_model() {
    for (is_deleted, model_is_left) in [(true, true), (true, false), (false, true), (false, false)] {
        let place = Place::new();
        place.train_small(&["--set", "training.epochs=5", "--set", "training.monitor=recall"]).ok();
        let run = place.run();
        let before = record(&run)["best"].clone();
        let best = run.join(format!("checkpoints/step-{:08}.checkpoint", before["step"].as_u64().unwrap()));
        if is_deleted {
            fs::remove_file(&best).unwrap();
        } else {
            let mut bytes = fs::read(&best).unwrap();
            bytes[100] ^= 1;
            fs::write(&best, bytes).unwrap();
        }
        if !model_is_left {
            cut_off_before_the_model(&run);
            let ran = place.train(&["evaluate", run.to_str().unwrap()]);
            assert!(ran.code == 2 && ran.stderr.contains("it was killed after epoch 5"), "{ran:?}");
        }
        let ran = place.train(&["--resume", run.to_str().unwrap(), "--set", "training.epochs=8"]).ok();
        assert_eq!(ran.stderr.contains("warning: ") && ran.stderr.contains("it was of the best epoch"), !model_is_left);
        assert_eq!(record(&run)["state"], "finished");
        let evaluated = place.train(&["evaluate", run.to_str().unwrap(), "--json"]).ok().json();
        assert_eq!(evaluated["metrics"]["recall"], record(&run)["best"]["metrics"]["recall"], "{evaluated}");
    }
}

fn checkpoint(run: &Path, step: usize) -> std::path::PathBuf {
    run.join(format!("checkpoints/step-{step:08}.checkpoint"))
}

/// Another step's file under its name, or another run's of the same plan but for the seed.
#[test]
fn a_best_checkpoint_that_is_of_another_step_or_run_is_lost_and_said_to_be() {
    let other = Place::new();
    other.train_small(&["linear", "--set", "training.epochs=6", "--set", "seed=5"]).ok();
    for is_of_another_run in [false, true] {
        let place = Place::new();
        place.train_small(&["linear", "--set", "training.epochs=6", "--set", "training.monitor=recall"]).ok();
        let run = place.run();
        let best = record(&run)["best"]["step"].as_u64().unwrap() as usize;
        assert!(best < 50, "the best is not among the newest two");
        let from = if is_of_another_run { checkpoint(&other.run(), 60) } else { checkpoint(&run, 60) };
        fs::copy(from, checkpoint(&run, best)).unwrap();
        cut_off_before_the_model(&run);
        let ran = place.train(&["--resume", run.to_str().unwrap(), "--set", "training.epochs=8"]).ok();
        let said = format!("step-{best:08}.checkpoint` is damaged: it is of step 60; it was of the best epoch");
        assert!(ran.stderr.starts_with("warning: ") && ran.stderr.contains(&said), "{ran:?}");
        let evaluated = place.train(&["evaluate", run.to_str().unwrap(), "--json"]).ok().json();
        assert_eq!(evaluated["metrics"]["recall"], record(&run)["best"]["metrics"]["recall"], "{evaluated}");
    }
}

#[test]
fn a_checkpoint_of_another_run_gives_way_to_the_runs_own() {
    let [place, other] = [Place::new(), Place::new()];
    place.train_small(&["linear", "--set", "training.epochs=3"]).ok();
    other.train_small(&["linear", "--set", "training.epochs=3", "--set", "seed=5"]).ok();
    fs::copy(checkpoint(&other.run(), 30), checkpoint(&place.run(), 30)).unwrap();
    let ran = place.train(&["--resume", "latest", "--set", "training.epochs=5"]).ok();
    assert!(
        ran.stderr.contains("step-00000030.checkpoint` is damaged: it is of another run, that began at "),
        "{ran:?}"
    );
    let whole = Place::new();
    whole.train_small(&["linear", "--set", "training.epochs=5"]).ok();
    assert!(model(&place.run()) == model(&whole.run()));
}

#[test]
fn a_killed_run_that_lost_its_checkpoints_does_not_start_over() {
    let place = Place::new();
    kill_after(&place, &[SMALL, &["--set", "training.epochs=100000"]].concat(), 6);
    let run = place.run();
    fs::remove_dir_all(run.join("checkpoints")).unwrap();
    let before = metrics(&run);
    let ran = place.train(&["--resume", "latest"]);
    assert!(ran.code == 2 && ran.stderr.contains("its checkpoints are gone"), "{ran:?}");
    assert_eq!(metrics(&run), before);
}
