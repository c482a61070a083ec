//! What goes wrong while a run is under way.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    harness::{Place, Ran, SMALL, metrics, record, skip},
    serve::png,
};

#[test]
fn a_loss_that_is_no_number_fails_the_run_and_keeps_the_last_good_checkpoint() {
    let place = Place::new();
    let settings = ["--set", "training.loss=binary-cross-entropy", "--set", "optimizer.learning_rate=1e38"];
    let ran = place.train_small(&[&settings[..], &["--set", "training.epochs=3"]].concat());
    assert_eq!(ran.code, 1);
    assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
    for part in ["the training loss became", "in epoch 1, step ", "try a tenth"] {
        assert!(ran.stderr.contains(part), "{part}: {ran:?}");
    }
    assert_eq!(record(&place.run())["state"], "failed");
    // It has no model, and says why wherever one is asked for.
    let run = place.run();
    for arguments in [&["export"][..], &["evaluate"], &["predict"]] {
        let more = if arguments == ["export"] { ["--onnx", "m.onnx"].as_slice() } else { &[] };
        let more = if arguments == ["predict"] { ["run.png"].as_slice() } else { more };
        fs::write(place.path().join("run.png"), png(&[0; 784])).unwrap();
        let ran = place.train(&[arguments, &[run.to_str().unwrap()], more].concat());
        assert!(ran.code != 0 && ran.stderr.lines().count() == 1, "{ran:?}");
        for part in ["has no model: it failed in epoch 1 of 3: the training loss became", "; `train --resume "] {
            assert!(ran.stderr.contains(part), "{part}: {ran:?}");
        }
        assert!(!place.path().join("m.onnx").exists());
    }
}

#[test]
fn a_failed_run_with_a_model_says_so_where_the_model_is_used() {
    let place = Place::new();
    place.train_small(&["linear", "--set", "training.epochs=2"]).ok();
    let run = place.run();
    let mut changed = record(&run);
    changed["state"] = "failed".into();
    changed["reason"] = "the training loss became NaN".into();
    changed["epochs"] = 5.into();
    let best = changed["best"]["epoch"].as_u64().unwrap();
    fs::write(run.join("run.json"), changed.to_string()).unwrap();
    fs::write(place.path().join("run.png"), png(&[0; 784])).unwrap();
    let failed = format!(
        "failed in epoch 3 of 5: the training loss became NaN; its model is of epoch {best}, the best before that"
    );
    for arguments in [
        &["export", "latest", "--hub", "mine"][..],
        &["export", "latest", "--onnx", "m.onnx", "--json"],
        &["evaluate", "latest"],
    ] {
        let ran = place.train(arguments).ok();
        assert!(
            ran.stderr.starts_with("warning: run `runs/linear/") && ran.stderr.ends_with(&format!("` {failed}\n")),
            "{ran:?}"
        );
    }
    let card = fs::read_to_string(place.path().join("mine/README.md")).unwrap();
    assert!(card.contains(&format!("\nThe training {failed}.\n")), "{card}");
}

#[test]
fn a_run_that_diverges_later_can_go_on_from_its_last_good_checkpoint() {
    let place = Place::new();
    // One cycle starts low: the first epochs are good, the peak is not.
    let settings = [
        "--set",
        "training.loss=binary-cross-entropy",
        "--set",
        "optimizer.learning_rate=3e37",
        "--set",
        "schedule.kind=one-cycle",
        "--set",
        "schedule.div=1e38",
        "--set",
        "schedule.pct_start=0.9",
        "--set",
        "training.epochs=6",
    ];
    let ran = place.train_small(&settings);
    assert_eq!(ran.code, 1, "{ran:?}");
    let run = place.run();
    assert_eq!(record(&run)["state"], "failed");
    if record(&run)["epochs_done"].as_u64() > Some(0) {
        assert!(fs::read_dir(run.join("checkpoints")).unwrap().count() > 0);
        assert!(run.join("model.safetensors").is_file(), "the best model so far");
        assert!(fs::read_to_string(run.join("report.html")).unwrap().contains("failed: the training loss became"));
    }
}

#[test]
fn an_output_root_that_cannot_be_written_is_named_before_training() {
    let place = Place::new();
    place.write("runs", "a file in the place of the folder");
    let ran = place.train_small(&[]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.starts_with("error: cannot write `runs/two-layer`: "), "{ran:?}");
    assert!(ran.stderr.trim_end().ends_with("another output root: `--set runs=FOLDER`"), "{ran:?}");
    assert_eq!(ran.stderr.lines().count(), 1);
}

#[test]
fn a_full_disk_ends_the_run_with_one_message_and_loses_nothing() {
    full_disk(&[]);
}

#[test]
fn a_full_disk_ends_a_run_with_event_files_in_the_same_way() {
    full_disk(&["--set", "tensorboard=true", "--set", "checkpoint.keep_last=1"]);
}

#[track_caller]
fn full_disk(settings: &[&str]) {
    let place = Place::new();
    let disk = place.path().join("runs");
    fs::create_dir(&disk).unwrap();
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=2m", "tmpfs"]).arg(&disk).output();
    if !mounted.is_ok_and(|output| output.status.success()) {
        skip("mounting a small disk takes a superuser");
        return;
    }
    place.train_small(&["--set", "training.epochs=2"]).ok();
    let first = place.run();
    let before = fs::read(first.join("model.safetensors")).unwrap();
    // Room for a run's folder, and not for all that is to come into it.
    let used = blocks_of(&first);
    fs::write(disk.join("ballast"), vec![0; (2 << 20) - used - 150_000]).unwrap();
    let ran = place.train(&[&["--set", "training.epochs=50", "--set", "name=second"], SMALL, settings].concat());
    let after = fs::read(first.join("model.safetensors")).unwrap();
    let resumed = {
        fs::remove_file(disk.join("ballast")).unwrap();
        let second = place.runs().into_iter().find(|run| run.parent().unwrap().ends_with("second")).unwrap();
        let ran = place.train(&["--resume", second.to_str().unwrap()]);
        (ran, metrics(&second).len(), record(&second)["state"].clone())
    };
    Command::new("umount").arg(&disk).status().unwrap();
    assert_eq!(ran.code, 1, "{ran:?}");
    assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
    assert!(ran.stderr.contains("cannot write `runs/second/") && ran.stderr.contains("free some space"), "{ran:?}");
    assert_eq!(before, after);
    assert_eq!((resumed.0.code, resumed.1, resumed.2), (0, 50, "finished".into()), "{:?}", resumed.0);
}

/// Bytes that the files of a folder take on a disk of blocks of 4096.
fn blocks_of(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let bytes = |path: &PathBuf| fs::metadata(path).unwrap().len().next_multiple_of(4096) as usize;
    entries.map(|path| if path.is_dir() { blocks_of(&path) } else { bytes(&path) }).sum()
}

#[test]
fn what_a_kill_left_of_a_run_folder_is_swept_and_what_is_being_made_is_not() {
    let place = Place::new();
    let [left, being_made] = ["1", "2"].map(|n| place.path().join(format!("runs/two-layer/.20260101-000000-{n}.part")));
    [&left, &being_made].into_iter().for_each(|folder| fs::create_dir_all(folder).unwrap());
    let long_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(3600);
    fs::File::open(&left).unwrap().set_modified(long_ago).unwrap();
    place.train_small(&["--set", "training.epochs=1"]).ok();
    assert!(!left.exists() && being_made.exists());
}

#[test]
#[cfg(target_os = "linux")]
fn without_memory_a_run_ends_with_one_line() {
    let place = Place::new();
    let train = place.command(&[
        "linear",
        "--quiet",
        "--set",
        "data.source=synthetic",
        "--set",
        "data.synthetic_train=1000000",
    ]);
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -v 600000; exec \"$0\" \"$@\""]).arg(train.get_program()).args(train.get_args());
    shell.current_dir(place.path()).env("XDG_CACHE_HOME", place.path());
    let ran = Ran::from(shell.output().unwrap());
    assert!(ran.code == 1 && ran.stderr.starts_with("error: there is no memory for "), "{ran:?}");
    assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
}

#[test]
fn a_line_of_metrics_that_is_damaged_is_named() {
    let place = Place::new();
    place.train_small(&["linear", "--set", "training.epochs=2"]).ok();
    let path = place.run().join("metrics.jsonl");
    let whole = fs::read_to_string(&path).unwrap();
    let run = place.run().display().to_string();
    place.train_small(&["two-layer", "--set", "training.epochs=1"]).ok();
    for (text, line) in [(format!("garbage\n{whole}"), 1), (whole.replacen("\"epoch\":2", "\"epoch\":", 1), 2)] {
        fs::write(&path, text).unwrap();
        for command in [vec!["report", &run], vec!["compare", &run, "latest"]] {
            let ran = place.train(&command);
            let said = format!("metrics.jsonl` is damaged: line {line} tells of no epoch and no batch (");
            assert!(ran.code == 1 && ran.stderr.contains(&said), "{ran:?}");
            assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
        }
    }
    fs::write(&path, &whole[..whole.len() - 9]).unwrap();
    place.train(&["report", &run]).ok();
}

#[test]
fn a_resume_says_that_it_does_without_a_damaged_line_of_metrics() {
    let place = Place::new();
    place.train_small(&["linear", "--set", "training.epochs=3"]).ok();
    let path = place.run().join("metrics.jsonl");
    let whole = fs::read_to_string(&path).unwrap();
    fs::write(&path, whole.replacen("\"epoch\":2", "\"epoch\":", 1)).unwrap();
    let ran = place.train(&["--resume", "latest", "--set", "training.epochs=4"]).ok();
    assert!(ran.stderr.starts_with("warning: `") && ran.stderr.contains("line 2 tells of no epoch"), "{ran:?}");
    let epochs: Vec<_> = metrics(&place.run()).iter().map(|line| line["epoch"].clone()).collect();
    assert_eq!(epochs, [1, 3, 4]);
}

#[test]
#[cfg(unix)]
fn a_file_of_a_run_that_has_no_end_is_refused() {
    let place = Place::new();
    place.train_small(&["linear", "--set", "training.epochs=1"]).ok();
    let run = place.run();
    for name in ["run.json", "metrics.jsonl"] {
        let kept = fs::read(run.join(name)).unwrap();
        fs::remove_file(run.join(name)).unwrap();
        std::os::unix::fs::symlink("/dev/zero", run.join(name)).unwrap();
        let ran = place.train(&["report", "latest"]);
        assert!(ran.code == 1 && ran.stderr.ends_with("it is no regular file\n"), "{ran:?}");
        fs::remove_file(run.join(name)).unwrap();
        fs::write(run.join(name), kept).unwrap();
    }
}

#[test]
fn a_finished_run_without_model_and_checkpoints_says_that_it_starts_anew() {
    let place = Place::new();
    place.train_small(&["linear", "--set", "training.epochs=1"]).ok();
    let run = place.run();
    fs::remove_file(run.join("model.safetensors")).unwrap();
    let said = || place.train(&["evaluate", run.to_str().unwrap()]).stderr;
    assert!(said().contains("`train --resume "), "{}", said());
    // One that is not whole helps as little as none.
    let checkpoints = fs::read_dir(run.join("checkpoints")).unwrap();
    checkpoints.for_each(|entry| fs::write(entry.unwrap().path(), "cut short").unwrap());
    let anew = "it was removed, and its checkpoints are gone; `train CONFIG` with its config.toml starts it anew\n";
    assert!(said().ends_with(anew), "{}", said());
}

/// A run folder as it was while there were two classes and grey images alone: without the keys, and without what the record says, that
/// came later.
#[test]
fn a_run_of_before_is_evaluated_and_goes_on() {
    let place = Place::new();
    place.train(&[&["--set", "training.epochs=2"], SMALL].concat()).ok();
    let run = place.run();
    let evaluated = |place: &Place| place.train(&["evaluate", "latest", "--json"]).ok().json();
    let before = evaluated(&place);
    let config = fs::read_to_string(run.join("config.toml")).unwrap();
    let later = |section: &str| match section {
        "[data]" => {
            &["channels", "size", "fit", "on_broken", "valid_fraction", "split_seed", "transposed", "sampling"][..]
        }
        "[model]" => &["blocks", "dropout"],
        "[augmentation]" => &["flip", "shift", "crop", "brightness", "contrast", "erasing", "mixup"],
        "[training]" => &["class_weights", "label_smoothing", "ema_decay"],
        _ => &[],
    };
    let (mut section, mut left_out) = ("", 0);
    // The first line seals the rest.
    let kept = config.lines().skip(1).filter(|line| {
        section = if line.starts_with('[') { line } else { section };
        let key = line.split(" =").next().unwrap_or_default();
        let is_later = later(section).contains(&key) || (section == "[data]" && key.ends_with("_column"));
        left_out += usize::from(is_later);
        !is_later
    });
    let old: String = kept.flat_map(|line| [line, "\n"]).collect();
    assert_eq!(left_out, 23, "{config}");
    let seal = format!("(crc32 {:08x})", crc32fast::hash(old.as_bytes()));
    let head = format!("# The resolved plan of this run {seal}; to change it, copy it.\n");
    fs::write(run.join("config.toml"), head + &old).unwrap();
    let mut old = record(&run);
    for (section, key) in [("data", "skipped"), ("data", "test"), ("model", "channels")] {
        old[section].as_object_mut().unwrap().remove(key);
    }
    for metrics in [&["last"][..], &["best", "metrics"]] {
        let of = metrics.iter().fold(&mut old, |value, key| &mut value[*key]);
        for metric in ["log_loss", "calibration_error"] {
            of.as_object_mut().unwrap().remove(metric).unwrap();
        }
    }
    fs::write(run.join("run.json"), old.to_string()).unwrap();
    assert_eq!(evaluated(&place), before);
    place.train(&["report", "latest"]).ok();
    place.train(&["--resume", "latest", "--set", "training.epochs=3"]).ok();
    let whole = Place::new();
    whole.train(&[&["--set", "training.epochs=3"], SMALL].concat()).ok();
    assert!(
        fs::read(run.join("model.safetensors")).unwrap() == fs::read(whole.run().join("model.safetensors")).unwrap()
    );
}
