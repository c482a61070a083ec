//! Model files and checkpoints whose tensors are of another dtype.

use std::{fs, path::Path};

use serde_json::{Map, Value, json};

use crate::harness::{Place, SMALL, backends, metrics, model, record};

/// Every network on every backend, trained for an epoch, in a place of its own.
fn each(mut look: impl FnMut(&Place, &str)) {
    for backend in backends().map(train::backend::Kind::name) {
        for config in ["linear", "two-layer", "resnet"] {
            let place = Place::new();
            let few = ["--set", "data.synthetic_train=64", "--set", "training.epochs=1"];
            place.train(&[&[config, "--backend", backend], SMALL, &few].concat()).ok();
            look(&place, &format!("{config} on {backend}"));
        }
    }
}

/// The file's tensors, each value put through `value`, said to be of `dtype`.
fn converted(file: &[u8], dtype: &str, value: impl Fn(f32) -> Vec<u8>) -> Vec<u8> {
    let (length, rest) = file.split_first_chunk().unwrap();
    let (header, data) = rest.split_at(u64::from_le_bytes(*length) as usize);
    let header: Map<String, Value> = serde_json::from_slice(header).unwrap();
    let (mut tensors, mut bytes) = (Map::new(), Vec::new());
    for (name, tensor) in header.iter().filter(|(name, _)| *name != "__metadata__") {
        let [from, to] = [0, 1].map(|end| tensor["data_offsets"][end].as_u64().unwrap() as usize);
        let begin = bytes.len();
        let values = data[from..to].as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes));
        values.for_each(|single| bytes.extend(value(single)));
        let entry = json!({ "dtype": dtype, "shape": tensor["shape"], "data_offsets": [begin, bytes.len()] });
        tensors.insert(name.clone(), entry);
    }
    let header = Value::Object(tensors).to_string();
    let length = (header.len() as u64).to_le_bytes();
    [&length[..], header.as_bytes(), &bytes].concat()
}

fn loss(place: &Place) -> f64 {
    place.train(&["evaluate", "latest", "--json"]).ok().json()["metrics"]["loss"].as_f64().unwrap()
}

#[test]
fn a_model_of_other_floats_is_converted_and_one_of_other_numbers_refused() {
    each(|place, what| {
        let path = place.run().join("model.safetensors");
        let (whole, before) = (fs::read(&path).unwrap(), loss(place));
        fs::write(&path, converted(&whole, "F64", |value| f64::from(value).to_le_bytes().into())).unwrap();
        assert_eq!(loss(place), before, "{what}");
        // The upper half of a single is a bfloat16.
        fs::write(&path, converted(&whole, "BF16", |value| value.to_le_bytes()[2..].into())).unwrap();
        let after = loss(place);
        assert!(after != before && (after / before - 1.0).abs() < 0.1, "{what}: {before} and {after}");
        for (dtype, bytes) in [("I8", 1), ("U8", 1), ("BOOL", 1), ("I32", 4), ("I64", 8)] {
            let file = converted(&whole, dtype, |_| vec![1; bytes]);
            fs::write(&path, file).unwrap();
            let ran = place.train(&["evaluate", "latest"]);
            let said = ["/model.safetensors`: tensor `".into(), format!("` is of {dtype}, no floating point of")];
            assert!(ran.code == 1 && said.iter().all(|said| ran.stderr.contains(said)), "{what}: {ran:?}");
            assert_eq!(ran.stderr.lines().count(), 1, "{what}: {ran:?}");
        }
    });
}

/// Says another dtype of every tensor in a checkpoint, under a checksum that holds.
fn retype(path: &Path, dtype: &[u8; 3]) {
    let mut bytes = fs::read(path).unwrap();
    let end = bytes.len() - 4;
    let places: Vec<usize> = (0..end - 3).filter(|at| &bytes[*at..at + 3] == b"F32").collect();
    assert!(!places.is_empty());
    places.iter().for_each(|at| bytes[*at..at + 3].copy_from_slice(dtype));
    let sum = crc32fast::hash(&bytes[..end]).to_le_bytes();
    bytes[end..].copy_from_slice(&sum);
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_checkpoint_of_another_dtype_is_refused() {
    each(|place, what| {
        let checkpoint = fs::read_dir(place.run().join("checkpoints")).unwrap().next().unwrap().unwrap().path();
        let whole = fs::read(&checkpoint).unwrap();
        for dtype in ["F16", "F64", "I32"] {
            fs::write(&checkpoint, &whole).unwrap();
            retype(&checkpoint, dtype.as_bytes().try_into().unwrap());
            let ran = place.train(&["--resume", "latest", "--set", "training.epochs=2"]);
            assert!(ran.code == 1 && ran.stderr.contains(".checkpoint` is damaged: "), "{what}: {ran:?}");
            assert!(ran.stderr.contains(&format!(".param` is {dtype} of [")), "{what}: {ran:?}");
            let left = "; no other is left; `train CONFIG` with its config.toml starts it anew\n";
            assert!(ran.stderr.ends_with(left), "{what}: {ran:?}");
            assert_eq!(ran.stderr.lines().count(), 1, "{what}: {ran:?}");
            assert_eq!(record(&place.run())["state"], "finished", "{what}: nothing has changed");
        }
    });
}

#[test]
fn a_checkpoint_of_another_dtype_gives_way_to_the_one_before() {
    let place = Place::new();
    place.train_small(&["linear", "--set", "training.epochs=3"]).ok();
    retype(&place.run().join("checkpoints/step-00000030.checkpoint"), b"I32");
    let ran = place.train(&["--resume", "latest", "--set", "training.epochs=5"]).ok();
    let said = ["warning: `", "step-00000030.checkpoint` is damaged: its model: `", ".param` is I32 of ["];
    assert!(said.iter().all(|said| ran.stderr.contains(said)) && ran.stderr.lines().count() == 1, "{ran:?}");
    let whole = Place::new();
    whole.train_small(&["linear", "--set", "training.epochs=5"]).ok();
    assert!(model(&place.run()) == model(&whole.run()));
    assert_eq!(metrics(&place.run()), metrics(&whole.run()));
}
