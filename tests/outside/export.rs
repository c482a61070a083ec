//! `model.safetensors` in real PyTorch.

use std::{fs, process::Command};

use crate::harness::{Place, python_with};

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

fn write_png(path: &std::path::Path, pixels: &[u8]) {
    let mut encoder = png::Encoder::new(fs::File::create(path).unwrap(), 28, 28);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.write_header().unwrap().write_image_data(pixels).unwrap();
}
