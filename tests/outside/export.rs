//! `model.safetensors` in real PyTorch, and ONNX in onnxruntime.

use std::{fs, path::Path, process::Command};

use burn::tensor::{Tensor, TensorData};
use model::AutodiffBackend;
use plan::Plan;
use run::{RunRecord, folder};
use train::{
    backend::{BackendJob, Kind, dispatch},
    export,
};

use serde_json::{Value, json};

use crate::{
    browser::Browser,
    harness::{Place, python_with, real_mnist},
    serve::Serving,
};

/// The lines of Rust of a card, which are compiled here.
#[path = "../../docs/predict.rs"]
mod by_library;

/// The networks as a reader of `docs` finds them.
const PYTORCH: &str = include_str!("../../docs/pytorch.py");

#[test]
fn pytorch_loads_the_model_and_agrees_to_1e_5() {
    let Some(python) = python_with("torch, safetensors, numpy, PIL") else { return };
    let deep = ["--set", "data.channels=3", "--set", "model.channels=8", "--set", "model.blocks=[2, 1]"];
    for (config, more) in
        [("linear", &[][..]), ("two-layer", &[]), ("resnet", &[]), ("resnet", &deep), ("mnist-simple-cnn", &[])]
    {
        let place = Place::new();
        place.train_small(&[&[config, "--set", "training.epochs=3"], more].concat()).ok();
        let images: Vec<Vec<u8>> =
            (0..20u32).map(|seed| (0..784u32).map(|i| ((i * i * (seed + 3)) % 256) as u8).collect()).collect();
        let mut arguments = vec!["predict".to_owned(), "latest".into(), "--json".into()];
        for (number, pixels) in images.iter().enumerate() {
            let name = format!("{number}.png");
            write_png(&place.path().join(&name), pixels);
            arguments.push(name);
        }
        place.write("pytorch.py", PYTORCH);
        let ours = place.train(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).ok().json();
        let output = Command::new(&python)
            .args(["pytorch.py", place.run().to_str().unwrap()])
            .args(&arguments[3..])
            .current_dir(place.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let theirs = String::from_utf8(output.stdout).unwrap();
        assert_eq!(theirs.lines().count(), images.len());
        for (ours, theirs) in ours.as_array().unwrap().iter().zip(theirs.lines()) {
            let [path, label, probability] = theirs.split('\t').collect::<Vec<_>>()[..] else { panic!("{theirs}") };
            let off = ours["probability"].as_f64().unwrap() - probability.parse::<f64>().unwrap();
            // Of two that are as probable either may come first.
            let is_even = off.abs() < 1e-5 && ours["probability"].as_f64() < Some(0.50001);
            assert!(ours["path"] == path && (ours["label"] == label || is_even), "{config}: {ours} and {theirs}");
            assert!(off.abs() < 1e-5, "{config}: {ours} and {theirs}");
        }
    }
}

/// The logits of a run's model for images, as the program computes them.
struct Logits<'a> {
    run: &'a Path,
    images: Vec<f32>,
}

impl BackendJob for Logits<'_> {
    const WORK: &'static str = "computing logits";

    type Output = Vec<f32>;

    fn run<B: AutodiffBackend>(self, device: B::Device) -> Vec<f32> {
        let (plan, record): (Plan, _) = (folder::read_plan(self.run).unwrap(), RunRecord::read(self.run).unwrap());
        let classifier = export::of_run::<B::InnerBackend>(self.run, &plan, &record, &device).unwrap();
        let shape = [self.images.len() / record.model.shape().len(), record.model.shape().len()];
        let images = Tensor::from_data(TensorData::new(self.images, shape), &device);
        classifier.network().forward(images).into_data().convert::<f32>().iter().collect()
    }
}

/// What was printed, as Python; it says class and probability that the program says.
fn printed_lines_do_as_predict(place: &Place, said: &str, python: &str) {
    if python_with("onnxruntime, numpy, PIL").is_none() {
        return;
    }
    fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/seven.png"), place.path().join("image.png")).unwrap();
    let lines = &said[said.find("import json").unwrap()..];
    let output = Command::new(python).args(["-c", lines]).current_dir(place.path()).output().unwrap();
    assert!(output.status.success(), "{lines}\n{}", String::from_utf8_lossy(&output.stderr));
    let python = String::from_utf8(output.stdout).unwrap();
    let (class, p) = python.trim().split_once(' ').unwrap_or_else(|| panic!("{python:?} of {lines}"));
    let ours = place.train(&["predict", "latest", "image.png", "--json"]).ok().json()[0].clone();
    let probability = ours["probability"].as_f64().unwrap();
    assert_eq!(ours["label"], class, "{ours}");
    assert!((p.parse::<f64>().unwrap() - probability).abs() < 0.01, "{p} {ours}");
}

/// Reads images, prints their logits and probabilities, a line each, and how the file says that its classes are called.
const ONNXRUNTIME: &str = "
import json, numpy, onnxruntime
session = onnxruntime.InferenceSession('model.onnx')
shape = [side for side in session.get_inputs()[0].shape[1:]]
images = numpy.fromfile('images', dtype='float32').reshape(-1, *shape)
logits, probabilities = session.run(None, {'images': images})
assert numpy.allclose(session.run(['logits'], {'images': images[:1]})[0], logits[:1], atol=1e-5), 'any number of images'
said = session.get_modelmeta().custom_metadata_map
print(json.dumps([logits.ravel().tolist(), probabilities.ravel().tolist(), json.loads(said['classes'])]))
";

#[test]
fn onnxruntime_gives_the_logits_of_each_network_to_1e_5() {
    let Some(python) = python_with("onnxruntime, numpy") else { return };
    let deep = ["--set", "data.channels=3", "--set", "model.channels=8", "--set", "model.blocks=[2, 1]"];
    let ten = ["--set", "data.source=synthetic", "--set", "training.epochs=1"];
    for (config, more) in
        [("linear", &[][..]), ("two-layer", &[]), ("resnet", &[]), ("resnet", &deep), ("mnist-simple-cnn", &ten)]
    {
        let place = Place::new();
        place.train_small(&[&[config, "--set", "training.epochs=2"], more].concat()).ok();
        let said = place.train(&["export", "latest", "--onnx", "model.onnx"]).ok().stdout;
        assert!(said.contains("InferenceSession(\"model.onnx\")"), "{said}");
        let (run, record) = (place.run(), RunRecord::read(&place.run()).unwrap());
        let values = 1000 * record.model.shape().len() as u32;
        let images: Vec<f32> = (0..values).map(|i| (i.wrapping_mul(i).wrapping_mul(7) % 256) as f32 / 255.0).collect();
        fs::write(place.path().join("images"), images.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<_>>())
            .unwrap();
        let output = Command::new(&python).args(["-c", ONNXRUNTIME]).current_dir(place.path()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let (logits, probabilities, classes): (Vec<f32>, Vec<f32>, Vec<String>) =
            serde_json::from_slice(&output.stdout).unwrap();
        let ours = dispatch(Kind::Flex, 0, &place.path().join("kernels"), Logits { run: &run, images }).unwrap();
        let task = export::task_of(&run, &record).unwrap();
        assert_eq!(classes, task.classes());
        printed_lines_do_as_predict(&place, &said, &python);
        near(config, &logits, &ours);
        near(config, &probabilities, &task.probabilities(&ours));
    }
}

/// Within 1e-5, of a value above 1 of its size.
#[track_caller]
fn near(what: &str, values: &[f32], expected: &[f32]) {
    assert_eq!(values.len(), expected.len(), "{what}");
    for (value, expected) in values.iter().zip(expected) {
        let allowed = 1e-5 * expected.abs().max(1.0);
        assert!((value - expected).abs() <= allowed, "{what}: {value} instead of {expected}");
    }
}

#[test]
fn the_lines_of_python_on_the_card_of_a_hub_folder_do_what_the_program_does() {
    let Some(python) = python_with("onnxruntime, torch, safetensors, numpy, PIL") else { return };
    let colour = ["--set", "data.channels=3", "--set", "model.channels=4"];
    let squish = ["--set", "data.size=28", "--set", "data.fit=squish"];
    let crop = ["--set", "data.size=28", "--set", "data.fit=crop"];
    for (config, more) in [("two-layer", &[][..]), ("resnet", &colour), ("linear", &squish), ("linear", &crop)] {
        let place = Place::new();
        place.train_small(&[&[config, "--set", "training.epochs=2"], more].concat()).ok();
        place.train(&["export", "latest", "--hub", "mine"]).ok();
        let folder = place.path().join("mine");
        let pixels: Vec<u8> = (0..784u32).map(|i| (i * i * 3 % 256) as u8).collect();
        write_png(&folder.join("image.png"), &pixels);
        let card = fs::read_to_string(folder.join("README.md")).unwrap();
        assert!(card.starts_with("---\n# license: fill in") && card.contains("| 3 | "), "{card}");
        let codes: Vec<&str> =
            card.split("```python\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
        assert_eq!(codes.len(), 2);
        // Of its size, and wider: a stroke that is drawn, as noise is resized by others in another way.
        let stroke = |at: usize| if (20..34).contains(&(at % 60)) && (4..24).contains(&(at / 60)) { 220 } else { 0 };
        let wide = chart::Pixels::new(28, 60, (0..28 * 60).map(stroke).collect()).to_png();
        for (image, near) in [(None, 1e-5), (Some(wide), 0.01)] {
            image.iter().for_each(|png| fs::write(folder.join("image.png"), png).unwrap());
            let ours = place.train(&["predict", "mine", "mine/image.png", "--json"]).ok().json();
            for code in &codes {
                let output = Command::new(&python).args(["-c", code]).current_dir(&folder).output().unwrap();
                assert!(output.status.success(), "{code}\n{}", String::from_utf8_lossy(&output.stderr));
                let said = String::from_utf8(output.stdout).unwrap();
                let (label, probability) = said.trim().split_once(' ').unwrap();
                let off = probability.parse::<f64>().unwrap() - ours[0]["probability"].as_f64().unwrap();
                assert!(ours[0]["label"] == label && off.abs() < near, "{code}\n{said} {ours}");
            }
        }
        // The card is its owner's.
        fs::write(folder.join("README.md"), "mine").unwrap();
        place.train(&["export", "latest", "--hub", "mine"]).ok();
        assert_eq!(fs::read_to_string(folder.join("README.md")).unwrap(), "mine");
    }
}

#[test]
fn the_lines_of_rust_and_of_the_terminal_on_the_card_do_what_the_program_does() {
    for (config, more, fit) in [
        ("two-layer", &[][..], "Pad"),
        ("resnet", &["--set", "data.channels=3", "--set", "model.channels=4"], "Pad"),
        ("linear", &["--set", "data.size=28", "--set", "data.fit=crop"], "Crop"),
    ] {
        let place = Place::new();
        place.train_small(&[&[config, "--set", "training.epochs=2"], more].concat()).ok();
        place.train(&["export", "latest", "--hub", "mine"]).ok();
        let folder = place.path().join("mine");
        let card = fs::read_to_string(folder.join("README.md")).unwrap();
        let code =
            |language: &str| card.split_once(&format!("```{language}\n")).unwrap().1.split("```").next().unwrap();
        let lines = include_str!("../../docs/predict.rs").replace("Fit::Pad", &format!("Fit::{fit}"));
        assert_eq!(code("rust"), lines, "the lines that are compiled here");
        let image = folder.join("image.png");
        write_png(&image, &(0..784u32).map(|i| (i * i * 3 % 256) as u8).collect::<Vec<_>>());
        let (class, probability) = by_library::predict(&folder, &image).unwrap();
        let predict = code("sh").lines().next().unwrap();
        assert_eq!(predict, "train predict . image.png");
        let mut command = place.command(&["predict", ".", "image.png", "--json"]);
        let said = crate::harness::Ran::from(command.current_dir(&folder).output().unwrap()).ok().json();
        let off = (f64::from(probability) - said[0]["probability"].as_f64().unwrap()).abs();
        assert!(said[0]["label"] == class.as_str() && off < 1e-5, "{class} {probability} {said}");
    }
}

#[test]
fn a_page_computes_the_logits_of_each_network_to_1e_5() {
    let Some(mut browser) = Browser::start() else { return };
    let deep = ["--set", "data.channels=3", "--set", "model.channels=8", "--set", "model.blocks=[2, 1]"];
    let idx = real_mnist().map(|folder| format!("data.path={folder}"));
    let ten = idx.as_ref().map(|path| ["--set", "data.source=idx", "--set", path, "--set", "training.epochs=1"]);
    let ten = ten.as_ref().map_or(&[][..], |ten| ten);
    for (config, more) in
        [("linear", &[][..]), ("two-layer", &[]), ("resnet", &[]), ("resnet", &deep), ("mnist-simple-cnn", ten)]
    {
        let place = Place::new();
        place.train_small(&[&[config, "--set", "training.epochs=2"], more].concat()).ok();
        place.train(&["export", "latest", "--page", "digit.html"]).ok();
        let (run, record) = (place.run(), RunRecord::read(&place.run()).unwrap());
        let values = record.model.shape().len();
        let images: Vec<f32> = (0..3 * values).map(|i| (i * i * 7 % 256) as f32 / 255.0).collect();
        browser.open(&place.path().join("digit.html"), 820, false);
        let ours = dispatch(Kind::Flex, 0, &place.path().join("kernels"), Logits { run: &run, images: images.clone() })
            .unwrap();
        let task = export::task_of(&run, &record).unwrap();
        let computed = images.chunks(values).map(|image| {
            let image = serde_json::to_string(image).unwrap();
            browser.evaluate(&format!("compute(models[0], {image})"))
        });
        let computed: Vec<_> = computed.collect();
        let all = |key: &str| -> Vec<f32> {
            let of = computed.iter().flat_map(|one| one[key].as_array().unwrap().clone());
            of.map(|value| value.as_f64().unwrap() as f32).collect()
        };
        near(config, &all("logits"), &ours);
        near(config, &all("probabilities"), &task.probabilities(&ours));
        // Why, as the server says it.
        let serving = Serving::start(&place, &["latest"]);
        for image in images.chunks(values) {
            let body = json!({ "images": [image] }).to_string();
            let (_, answer) =
                serving.ask("POST /api/predict?why=true", &["content-type: application/json"], body.as_bytes());
            let said: Value = serde_json::from_str(&answer).unwrap();
            let said = &said["predictions"][0];
            let label = task.labels().find(|label| said["label"] == task.class(*label)).unwrap();
            let why = browser.evaluate(&format!("decides(models[0], {}, {label})", json!(image)));
            for key in ["gradient", "added", "covered"] {
                let [ours, theirs] = [&why[key], &said["why"][key]].map(|values| {
                    values.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect::<Vec<_>>()
                });
                assert_eq!(ours.len(), record.model.height * record.model.width);
                let off = ours.iter().zip(&theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
                assert!(off < 1e-4 && theirs.iter().any(|value| value.abs() > 1e-6), "{config}: {key} is {off} off");
            }
        }
    }
}

#[test]
fn what_has_no_model_is_not_exported() {
    let place = Place::new();
    let ran = place.train(&["export", "latest", "--onnx", "model.onnx"]);
    assert!(ran.code != 0 && ran.stderr.contains("latest"), "{}", ran.stderr);
    place.train_small(&["--set", "training.epochs=1"]).ok();
    let ran = place.train(&["export", "latest", "--onnx", "missing/model.onnx"]);
    assert!(ran.stderr.contains("cannot write `missing/model.onnx`"), "{}", ran.stderr);
    assert!(!place.path().join("model.onnx").exists());
    let ran = place.train(&["export", "latest"]);
    assert!(ran.code == 2 && ran.stderr.contains("--onnx"), "{}", ran.stderr);
}

fn write_png(path: &Path, pixels: &[u8]) {
    let mut encoder = png::Encoder::new(fs::File::create(path).unwrap(), 28, 28);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.write_header().unwrap().write_image_data(pixels).unwrap();
}
