//! What goes wrong while a run is under way.

use std::{fs, process::Command};

use crate::harness::{Place, SMALL, metrics, record};

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
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"]).arg(&disk).output();
    if !mounted.is_ok_and(|output| output.status.success()) {
        println!("skipped: mounting a small disk takes a superuser");
        return;
    }
    place.train_small(&["--set", "training.epochs=2"]).ok();
    let first = place.run();
    let before = fs::read(first.join("model.safetensors")).unwrap();
    fs::write(disk.join("ballast"), vec![0; 550_000]).unwrap();
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
