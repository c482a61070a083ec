//! Each command on each backend that is compiled in, as a person types it, and batches of every kind of length.

use std::{fs, path::Path};

use train::backend::Kind;

use crate::{
    harness::{Place, Ran, SMALL, backends, check_table, metrics, real_archive, record},
    resume::kill_after,
};

/// Ended well, without a word on standard error, and so without one of a driver's own.
#[track_caller]
fn quiet(ran: Ran) -> Ran {
    assert_eq!(ran.stderr, "", "{ran:?}");
    ran.ok()
}

#[test]
fn every_command_works_on_every_backend() {
    for name in backends().map(Kind::name) {
        let place = Place::new();
        let backend = ["--backend", name];
        let train = |arguments: &[&str]| quiet(place.train(arguments));
        train(&[SMALL, &backend, &["--set", "training.epochs=2"]].concat());
        let more = train(&["--resume", "latest", "--set", "training.epochs=3"]);
        assert!(more.stdout.contains("after epoch 2, step 20"), "{more:?}");
        assert_eq!(metrics(&place.run()).len(), 3);
        assert_eq!(train(&["evaluate", "latest", "--json"]).json()["metrics"]["accuracy"], best_accuracy(&place));
        train(&["evaluate", "latest", "--charts", "--baseline", "--top-losses", "3"]);
        let seven = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/seven.png");
        train(&["predict", "latest", seven.to_str().unwrap()]);
        let report = place.train(&["report", "latest"]).ok();
        assert!(
            report.stderr.starts_with("run      runs/two-layer/") && report.stderr.lines().count() == 1,
            "{report:?}"
        );
        train(&[&["lr-find", "linear"], SMALL, &backend].concat());
        train(&[&["tour"], SMALL, &backend].concat());
        assert!(fs::metadata(place.path().join("tour.html")).unwrap().len() > 100_000);
        train(&[&["baseline"], SMALL, &backend].concat());
        train(&[&["show", "--batch"], SMALL].concat());
        train(&[&["verify", "--json"], SMALL, &backend].concat());
        train(&["runs", "--json"]);
    }
}

fn best_accuracy(place: &Place) -> serde_json::Value {
    record(&place.run())["best"]["metrics"]["accuracy"].clone()
}

#[test]
fn a_killed_run_goes_on_to_its_end_on_every_backend() {
    for name in backends().map(Kind::name) {
        let place = Place::new();
        let steps = ["--set", "training.epochs=5", "--set", "checkpoint.every_steps=8", "--backend", name];
        kill_after(&place, &[SMALL, &steps].concat(), 1);
        if record(&place.run())["state"] != "finished" {
            quiet(place.train(&["--resume", "latest"]));
        }
        assert_eq!(record(&place.run())["state"], "finished");
        assert_eq!(metrics(&place.run()).len(), 5);
        check_table(&place.run());
    }
}

#[test]
fn a_study_names_its_backend_on_every_backend() {
    for name in backends().map(Kind::name) {
        let place = Place::new();
        let set = "\"data.source\" = \"synthetic\"\n\"data.synthetic_train\" = 600\n\"data.synthetic_valid\" = 200\n\
                   \"training.batch_size\" = 64\n\"training.epochs\" = 2\n";
        let space = "\"optimizer.learning_rate\" = [0.1, 1.0]\n";
        place.write("study.toml", &format!("base = \"linear\"\nbackend = \"{name}\"\n[set]\n{set}[space]\n{space}"));
        quiet(place.train(&["sweep", "study.toml"]));
        let trials: Vec<_> = place.runs().into_iter().filter(|run| run.join("trial.toml").is_file()).collect();
        assert_eq!(trials.len(), 2);
        trials.iter().for_each(|trial| assert_eq!(record(trial)["backend"], name));
    }
}

#[test]
fn a_batch_in_shards_comes_to_what_the_whole_does_on_every_backend() {
    for name in backends().map(Kind::name) {
        let last_loss = |config: &[&str], shards: &str| {
            let place = Place::new();
            quiet(place.train(&[config, SMALL, &["--backend", name, "--set", shards]].concat()));
            metrics(&place.run()).last().unwrap()["valid"]["loss"].as_f64().unwrap()
        };
        let net = ["two-layer", "--set", "training.epochs=3"];
        let [whole, parts] = ["parallel.shards=1", "parallel.shards=4"].map(|shards| last_loss(&net, shards));
        assert!((whole - parts).abs() < 1e-5, "{name}: {whole} {parts}");
        // With batch normalisation it is another training, but no worse one.
        let net = ["resnet", "--set", "training.epochs=1", "--set", "model.channels=2"];
        let [whole, parts] = ["parallel.shards=1", "parallel.shards=2"].map(|shards| last_loss(&net, shards));
        assert!((whole - parts).abs() < 0.5 * whole.max(0.05), "{name}: {whole} {parts}");
    }
}

/// Two epochs, saved every eight steps, in batches of this length.
#[track_caller]
fn two_epochs_of(name: &str, config: &str, data: &[&str], batch_size: usize) {
    let place = Place::new();
    let batch_size = format!("training.batch_size={batch_size}");
    let settings = ["--set", &batch_size, "--set", "training.epochs=2", "--set", "checkpoint.every_steps=8"];
    quiet(place.train(&[&[config, "--backend", name], data, &settings].concat()));
    assert_eq!(record(&place.run())["epochs_done"], 2, "{name}, {config}, {batch_size}");
}

#[test]
fn batches_of_any_length_end_an_epoch_on_every_backend() {
    for name in backends().map(Kind::name) {
        // 200 divides both splits, 75 and 25 into a multiple of 8, 599 and 199 leave 1 over, 600 holds all.
        for batch_size in [200, 75, 25, 599, 199, 600] {
            two_epochs_of(name, "two-layer", SMALL, batch_size);
        }
        let few = ["data.source=synthetic", "data.synthetic_train=16", "data.synthetic_valid=8"];
        let few: Vec<&str> = few.iter().flat_map(|setting| ["--set", setting]).collect();
        for batch_size in [1, 2, 16] {
            two_epochs_of(name, "linear", &few, batch_size);
            two_epochs_of(name, "resnet", &few, batch_size);
        }
    }
}

#[test]
fn batches_of_any_length_end_an_epoch_of_the_real_data_on_every_backend() {
    let Some(archive) = real_archive() else { return };
    let path = format!("data.path={archive}");
    let data = ["--set", "data.source=archive", "--set", &path];
    for name in backends().map(Kind::name) {
        // 256 makes 8 batches of the 2,038, 1,033 divides the 12,396 and 1,019 the 2,038, 2,479 and 679 leave 1 over.
        for batch_size in [256, 1033, 1019, 2479, 679, 12396] {
            two_epochs_of(name, "two-layer", &data, batch_size);
        }
    }
}

/// A driver that refuses panics on a thread of its own, which goes on with values that mean nothing.
#[cfg(feature = "wgpu")]
#[test]
fn what_a_driver_refuses_ends_a_run_on_wgpu_with_one_line() {
    let place = Place::new();
    let settings = ["data.source=synthetic", "data.synthetic_train=100000", "training.batch_size=100000"];
    let settings: Vec<&str> = settings.iter().flat_map(|setting| ["--set", setting]).collect();
    let mut command = place.command(&[&["--backend", "wgpu"], &settings[..]].concat());
    let ran = Ran::from(command.env_remove("RUST_BACKTRACE").output().unwrap());
    let said = "backend `wgpu` failed while training: can't allocate buffer of size: 313600000 (cubecl-wgpu-0.10.0/";
    assert!(ran.code == 1 && ran.stderr.starts_with(&format!("error: {said}")), "{ran:?}");
    assert!(ran.stderr.contains("; try another, as `--backend flex`, and tell https://"), "{ran:?}");
    assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
    let run = record(&place.run());
    assert!(run["state"] == "failed" && run["reason"].as_str().unwrap().starts_with(said), "{run}");
    let again = place.train(&["--resume", "latest"]);
    assert_eq!(again.code, 1, "it can be gone on with, and fails in the same way: {again:?}");
}
