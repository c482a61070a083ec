//! TensorBoard's event files, read by TensorBoard's own reader.

use std::{collections::BTreeMap, fs, path::Path, process::Command};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use data::{Request, Source};
use serde_json::Value;

use crate::{
    harness::{Place, metrics, python_with, record, wait_until},
    resume::kill_after,
};

const ON: &[&str] = &["--set", "tensorboard=true", "--set", "training.log_steps=true"];

fn python() -> Option<String> {
    python_with("tensorboard")
}

/// What the reader finds in a run folder.
fn read(python: &str, run: &Path) -> Value {
    let output = Command::new(python).args(["-c", include_str!("tensorboard.py")]).arg(run).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Trains a new run on small data with event files.
fn trained(settings: &[&str]) -> Place {
    let place = Place::new();
    place.train_small(&[ON, settings].concat()).ok();
    place
}

/// A value as TensorBoard holds it.
fn single(value: &Value) -> f64 {
    f64::from(value.as_f64().unwrap() as f32)
}

/// The points that the scalars should have, by tag, as `metrics.jsonl` and `run.json` tell.
fn expected_scalars(run: &Path) -> BTreeMap<String, Vec<(u64, f64)>> {
    let mut expected = BTreeMap::<String, Vec<(u64, f64)>>::new();
    let mut add = |tag: String, step: u64, value: &Value| {
        if !value.is_null() {
            expected.entry(tag).or_default().push((step, single(value)));
        }
    };
    let text = fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    for line in text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
        let step = line["step"].as_u64().unwrap();
        if line.get("batch_loss").is_some() {
            add("step/loss".into(), step, &line["batch_loss"]);
            add("step/learning_rate".into(), step, &line["learning_rate"]);
            continue;
        }
        for (split, folder) in [("train", ""), ("valid", "valid: ")] {
            for (metric, value) in line[split].as_object().unwrap() {
                add(format!("{folder}epoch/{metric}"), step, value);
            }
        }
        add("speed/images_per_second".into(), step, &line["images_per_second"]);
        add("step/gradient_norm".into(), step, &line["gradient_norm"]);
        add("step/update_ratio".into(), step, &line["update_ratio"]);
    }
    let best = &record(run)["best"];
    for (metric, value) in best["metrics"].as_object().unwrap() {
        add(format!("valid_best/{metric}"), best["step"].as_u64().unwrap(), value);
    }
    expected
}

fn scalars(read: &Value) -> BTreeMap<String, Vec<(u64, f64)>> {
    serde_json::from_value(read["scalars"].clone()).unwrap()
}

#[test]
fn the_reader_finds_every_scalar_as_the_metrics_have_it() {
    let Some(python) = python() else { return };
    let place = trained(&["--set", "training.epochs=3", "--set", "schedule.kind=one-cycle"]);
    let read = read(&python, &place.run());
    assert_eq!(scalars(&read), expected_scalars(&place.run()));
    assert_eq!(read["scalars"]["step/loss"].as_array().unwrap().len(), 30);
    assert_eq!((&read["repeated"], &read["files"]), (&Value::Array(vec![]), &2.into()));
}

#[test]
fn the_reader_finds_every_key_of_the_plan_and_how_the_run_ended() {
    let Some(python) = python() else { return };
    let place = trained(&["--set", "training.epochs=1"]);
    let read = read(&python, &place.run());
    assert!(read["plan"].as_object().unwrap().len() > 40);
    assert_eq!(read["hparams"], read["plan"]);
    assert_eq!(read["status"], 1, "STATUS_SUCCESS");
}

#[test]
fn the_reader_finds_the_plan_as_text_and_precision_by_recall() {
    let Some(python) = python() else { return };
    let place = trained(&["--set", "training.epochs=1"]);
    let read = read(&python, &place.run());
    assert_eq!(read["plan_text"], fs::read_to_string(place.run().join("config.toml")).unwrap());
    let evaluated = place.train(&["evaluate", "latest", "--json"]).ok().json();
    let curve: Vec<Vec<f64>> = serde_json::from_value(read["pr_curves"]["class/3"].clone()).unwrap();
    assert_eq!((curve.len(), curve[0].len()), (6, 127));
    let samples = |at: usize| (0..4).map(|row| curve[row][at]).sum::<f64>();
    assert!((0..127).all(|at| samples(at) == 200.0) && curve[5][0] == 1.0, "every sample, at any threshold");
    // Half of the way is where the class is decided.
    let recall = evaluated["metrics"]["recall"].as_f64().unwrap();
    assert!((curve[5][63] - recall).abs() < 1e-6, "{} {recall}", curve[5][63]);
}

#[test]
fn the_histograms_count_every_parameter_of_the_model() {
    let Some(python) = python() else { return };
    let place = trained(&["--set", "training.epochs=3"]);
    let (read, record) = (read(&python, &place.run()), record(&place.run()));
    let values = model_values(&place.run());
    let mut counted = 0;
    for (here, torch) in [
        ("first.weight", "0.weight"),
        ("first.bias", "0.bias"),
        ("second.weight", "2.weight"),
        ("second.bias", "2.bias"),
    ] {
        let points = read["histograms"][format!("parameters/{here}")].as_array().unwrap();
        assert_eq!(points.iter().map(|point| &point[0]).collect::<Vec<_>>(), [10, 20, 30], "one an epoch");
        let best = points.iter().find(|point| point[0] == record["best"]["step"]).unwrap();
        let [num, buckets, min, max, sum, squares]: [f64; 6] = serde_json::from_value(best[1].clone()).unwrap();
        let model = &values[torch];
        assert_eq!((num, buckets), (model.len() as f64, model.len() as f64), "{here}");
        let extremes = |pick: fn(f64, f64) -> f64| model.iter().copied().reduce(pick).unwrap();
        assert_eq!((min, max), (extremes(f64::min), extremes(f64::max)), "{here}");
        let sums = [model.iter().sum::<f64>(), model.iter().map(|value| value * value).sum()];
        assert!((sum - sums[0]).abs() < 1e-9 && (squares - sums[1]).abs() < 1e-9, "{here}: {sum} {squares} {sums:?}");
        counted += num as u64;
    }
    assert_eq!(record["model"]["parameters"], counted);
}

/// The tensors of `model.safetensors`: a length, a header of JSON, the values.
fn model_values(run: &Path) -> BTreeMap<String, Vec<f64>> {
    let bytes = fs::read(run.join("model.safetensors")).unwrap();
    let (length, rest) = bytes.split_first_chunk().unwrap();
    let (header, data) = rest.split_at(u64::from_le_bytes(*length) as usize);
    let header: BTreeMap<String, Value> = serde_json::from_slice(header).unwrap();
    let values = |at: &Value| {
        let [from, to]: [usize; 2] = serde_json::from_value(at["data_offsets"].clone()).unwrap();
        data[from..to].chunks_exact(4).map(|b| f64::from(f32::from_le_bytes(b.try_into().unwrap()))).collect()
    };
    header.iter().filter(|(name, _)| *name != "__metadata__").map(|(name, at)| (name.clone(), values(at))).collect()
}

#[test]
fn the_images_are_those_of_the_top_losses_pixel_by_pixel() {
    let Some(python) = python() else { return };
    let place = trained(&["--set", "training.epochs=2"]);
    let read = read(&python, &place.run());
    let top = place.train(&["evaluate", "latest", "--top-losses", "9", "--json"]).ok().json();
    let source = Source::Synthetic { seed: 0, train: 600, valid: 200 };
    let digits = data::load(&Request { source, ..Request::default() }, &mut |_| {}).unwrap().valid;
    let images = read["images"].as_object().unwrap();
    let names: Vec<&str> = images.keys().map(String::as_str).collect();
    let of = |group: &str| images.iter().filter(|(tag, _)| tag.starts_with(group)).collect::<Vec<_>>();
    // Of each class the surest, one in the middle, and what is most wrong.
    assert_eq!(
        (of("valid_top_losses/").len(), of("valid_classes/3 ").len(), of("valid_classes/7 ").len()),
        (9, 3, 3),
        "{names:?}"
    );
    assert!(of("valid_confused/").len() <= 2 && images.len() == 15 + of("valid_confused/").len(), "{names:?}");
    for ((rank, (tag, points)), top) in
        of("valid_top_losses/").into_iter().enumerate().zip(top["top_losses"].as_array().unwrap())
    {
        let name = top["image"].as_str().unwrap();
        let caption = format!(
            "{}, is {}, loss {:.4}, {name}",
            text(&top["prediction"]),
            text(&top["target"]),
            top["loss"].as_f64().unwrap()
        );
        assert_eq!((tag, &read["descriptions"][tag]), (&format!("valid_top_losses/{}", rank + 1), &caption.into()));
        let [step, height, width, png] = points[0].as_array().unwrap().as_slice() else { panic!("{points}") };
        assert_eq!((step, height, width), (&record(&place.run())["best"]["step"], &28.into(), &28.into()));
        assert_eq!(decoded(text(png)), digits.image(number(name, digits.labels())));
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// The number within the split of `valid/<class>/<number within the class>`.
fn number(name: &str, labels: &[u16]) -> usize {
    let [_, class, number] = name.split('/').collect::<Vec<_>>()[..] else { panic!("{name}") };
    let of_class = labels.iter().enumerate().filter(|(_, label)| (**label == 0) == (class == "3"));
    of_class.map(|(index, _)| index).nth(number.parse().unwrap()).unwrap()
}

fn decoded(base64: &str) -> Vec<u8> {
    let bytes = STANDARD.decode(base64).unwrap();
    let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
    assert_eq!((reader.info().width, reader.info().height), (28, 28));
    let mut pixels = vec![0; 28 * 28];
    reader.next_frame(&mut pixels).unwrap();
    pixels
}

#[test]
fn after_kills_the_reader_finds_every_step_once_and_the_same_values() {
    let Some(python) = python() else { return };
    let settings = ["--set", "training.epochs=6", "--set", "checkpoint.every_steps=3"];
    let whole = trained(&settings);
    let killed = Place::new();
    kill_after(&killed, &[crate::harness::SMALL, ON, &settings].concat(), 1);
    let run = killed.run();
    let resume = ["--resume", run.to_str().unwrap()];
    for epochs in [3, 5] {
        if record(&run)["state"] != "finished" {
            kill_after(&killed, &resume, epochs);
            // What a kill in the middle of a write leaves.
            let file = event_file(&run);
            fs::write(&file, [fs::read(&file).unwrap(), b"half".to_vec()].concat()).unwrap();
        }
    }
    if record(&run)["state"] != "finished" {
        killed.train(&resume).ok();
    }
    same_events(&python, &run, &whole.run());
}

#[test]
fn after_an_interrupt_and_with_more_epochs_every_step_is_there_once() {
    let Some(python) = python() else { return };
    let place = Place::new();
    let mut child = place.start(&[crate::harness::SMALL, ON, &["--set", "training.epochs=4000"]].concat());
    wait_until(|| place.runs().first().is_some_and(|run| metrics(run).len() >= 30));
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    child.wait().unwrap();
    let run = place.run();
    let stopped = read(&python, &run);
    assert_eq!((&stopped["status"], scalars(&stopped)), (&0.into(), expected_scalars(&run)), "STATUS_UNKNOWN");

    let place = trained(&["--set", "training.epochs=2"]);
    place.train(&["--resume", "latest", "--set", "training.epochs=5"]).ok();
    same_events(&python, &place.run(), &trained(&["--set", "training.epochs=5"]).run());
}

fn event_file(run: &Path) -> std::path::PathBuf {
    let files = fs::read_dir(run).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.to_str().unwrap().contains("tfevents")).max().unwrap()
}

/// The reader finds the same in both runs, but for times, each value at a step once, and all that the metrics have.
#[track_caller]
fn same_events(python: &str, run: &Path, other: &Path) {
    let [mut here, mut there] = [run, other].map(|run| read(python, run));
    assert_eq!(scalars(&here), expected_scalars(run));
    assert_eq!((&here["repeated"], &here["files"]), (&Value::Array(vec![]), &2.into()));
    for read in [&mut here, &mut there] {
        read["scalars"]["speed/images_per_second"] = Value::Null;
    }
    assert_eq!(here, there);
}

#[test]
fn without_the_key_there_is_no_event_file_and_a_trial_may_have_it() {
    let place = Place::new();
    place.train_small(&["--set", "training.epochs=1"]).ok();
    let names = fs::read_dir(place.run()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert!(names.into_iter().all(|name| !name.contains("tfevents")));

    let Some(python) = python() else { return };
    let place = Place::new();
    let study = "base = \"two-layer\"\n[set]\n\"training.epochs\" = 2\n\"training.log_steps\" = true\n\
                 \"tensorboard\" = true\n\"data.source\" = \"synthetic\"\n\"data.synthetic_train\" = 600\n\
                 \"data.synthetic_valid\" = 200\n[space]\n\"optimizer.learning_rate\" = [0.1, 0.2]\n";
    place.write("study.toml", study).train(&["sweep", "study.toml"]).ok();
    let trials = fs::read_dir(place.path().join("runs/study")).unwrap().map(|entry| entry.unwrap().path());
    let trials: Vec<_> = trials.filter(|path| path.join("trial.toml").is_file()).collect();
    assert_eq!(trials.len(), 2);
    for run in trials {
        assert_eq!(scalars(&read(&python, &run)), expected_scalars(&run));
    }
}
