//! `model.safetensors` in real PyTorch.

use std::{fs, process::Command};

use crate::harness::{Place, python_with};

/// Loads the file into the twin by name and shape and prints its probabilities of the images as JSON.
const SCRIPT: &str = "
import json, sys, torch
from torch import nn
from safetensors.torch import load_file
state = load_file(sys.argv[1])


class Residual(nn.Module):
    def __init__(self, i, o, has_skip):
        super().__init__()
        step = lambda i, size, stride: nn.Sequential(
            nn.Conv2d(i, o, size, stride, size // 2, bias=False), nn.BatchNorm2d(o))
        stride = 2 if has_skip else 1
        self.one, self.two = step(i, 3, stride), step(o, 3, 1)
        self.skip = step(i, 1, stride) if has_skip else nn.Identity()

    def forward(self, x):
        return (self.two(self.one(x).relu()) + self.skip(x)).relu()

def twin():
    if 'weight' in state:
        return nn.Linear(784, 1)
    if '2.weight' in state and state['2.weight'].dim() == 2:
        return nn.Sequential(nn.Linear(784, 30), nn.ReLU(), nn.Linear(30, 1))
    if '0.0.weight' in state:
        layers = []
        while f'{len(layers)}.0.weight' in state:
            o, i, size, _ = state[f'{len(layers)}.0.weight'].shape
            relu = [nn.ReLU()] if f'{len(layers)}.2.weight' in state else []
            layers.append(nn.Sequential(nn.Conv2d(i, o, size, 2, size // 2), *relu, nn.BatchNorm2d(o)))
        return nn.Sequential(*layers, nn.Flatten())
    o, i = state['0.weight'].shape[:2]
    layers = [nn.Conv2d(i, o, 3, 1, 1, bias=False), nn.BatchNorm2d(o), nn.ReLU()]
    while f'{len(layers)}.one.0.weight' in state:
        o, i = state[f'{len(layers)}.one.0.weight'].shape[:2]
        layers.append(Residual(i, o, f'{len(layers)}.skip.0.weight' in state))
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(o, 1))

twin = twin()
twin.load_state_dict(state)
twin.eval()
images = torch.tensor(json.load(open(sys.argv[2]))).float() / 255
kernels = state.get('0.0.weight', state.get('0.weight'))
if kernels is not None and kernels.dim() == 4:
    images = images.reshape(-1, 1, 28, 28).repeat(1, kernels.shape[1], 1, 1)
print(json.dumps(twin(images).sigmoid().flatten().tolist()))
";

#[test]
fn pytorch_loads_the_model_and_agrees_to_1e_5() {
    let Some(python) = python_with("torch, safetensors") else { return };
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
        place.write("images.json", &serde_json::to_string(&images).unwrap()).write("twin.py", SCRIPT);
        let ours = place.train(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).ok().json();
        let output = Command::new(&python)
            .args(["twin.py", place.run().join("model.safetensors").to_str().unwrap(), "images.json"])
            .current_dir(place.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let theirs: Vec<f64> = serde_json::from_slice(&output.stdout).unwrap();
        for (ours, theirs) in ours.as_array().unwrap().iter().zip(theirs) {
            let probability = ours["probability"].as_f64().unwrap();
            let positive = if ours["label"] == "3" { probability } else { 1.0 - probability };
            assert!((positive - theirs).abs() < 1e-5, "{config}: {positive} and {theirs}");
        }
    }
}

fn write_png(path: &std::path::Path, pixels: &[u8]) {
    let mut encoder = png::Encoder::new(fs::File::create(path).unwrap(), 28, 28);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.write_header().unwrap().write_image_data(pixels).unwrap();
}
