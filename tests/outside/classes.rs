//! More than two classes, from their files to pages and predictions.

use std::fs;

use serde_json::Value;
use train::backend::Kind;

use crate::harness::{Place, Ran, backends, check_alone, check_table, metrics, model, record};

/// Rows and columns of an image.
const SIDE: usize = 8;

/// An image of a class: a bright square in a place of its own on a noisy ground.
fn image(class: usize, number: usize) -> Vec<u8> {
    let noise = |pixel: usize| ((pixel * 37 + number * 101 + class * 13) % 61) as u8;
    let is_square = |pixel: usize| (pixel / SIDE / 2, pixel % SIDE / 2) == (class / 4, class % 4);
    (0..SIDE * SIDE).map(|pixel| if is_square(pixel) { 200 - noise(pixel) } else { noise(pixel) }).collect()
}

/// IDX files of images of these classes, in the folder `idx`.
fn idx_files(place: &Place, classes: &[usize], [train, valid]: [usize; 2]) {
    let folder = place.path().join("idx");
    fs::create_dir_all(&folder).unwrap();
    for (stem, of_class) in [("train", train), ("t10k", valid)] {
        let images = (0..of_class).flat_map(|number| classes.iter().map(move |class| (*class, number)));
        let images: Vec<(usize, usize)> = images.collect();
        let head = |sizes: &[usize]| sizes.iter().flat_map(|size| (*size as u32).to_be_bytes()).collect::<Vec<u8>>();
        let pixels: Vec<u8> = images.iter().flat_map(|(class, number)| image(*class, *number)).collect();
        let labels: Vec<u8> = images.iter().map(|(class, _)| *class as u8).collect();
        let write = |kind: &str, magic: u8, sizes: &[usize], body: Vec<u8>| {
            let file = folder.join(format!("{stem}-{kind}-ubyte"));
            fs::write(file, [&[0, 0, 8, magic][..], &head(sizes), &body].concat()).unwrap();
        };
        write("images-idx3", 3, &[images.len(), SIDE, SIDE], pixels);
        write("labels-idx1", 1, &[images.len()], labels);
    }
}

/// PNG files of these classes in the folder `own`.
fn folder(place: &Place, train: &[&str], valid: &[&str]) {
    for (split, classes) in [("train", train), ("valid", valid)] {
        for (class, name) in classes.iter().enumerate() {
            let folder = place.path().join("own").join(split).join(name);
            fs::create_dir_all(&folder).unwrap();
            for number in 0..8 {
                let file = fs::File::create(folder.join(format!("{number}.png"))).unwrap();
                let mut encoder = png::Encoder::new(file, SIDE as u32, SIDE as u32);
                encoder.set_color(png::ColorType::Grayscale);
                encoder.write_header().unwrap().write_image_data(&image(class, number)).unwrap();
            }
        }
    }
}

const IDX: &[&str] = &[
    "--set",
    "data.source=idx",
    "--set",
    "data.path=idx",
    "--set",
    "data.classes=auto",
    "--set",
    "training.loss=auto",
];
const FOLDER: &[&str] = &[
    "--set",
    "data.source=folder",
    "--set",
    "data.path=own",
    "--set",
    "data.classes=auto",
    "--set",
    "training.loss=auto",
];
const FEW: &[&str] = &["--set", "training.batch_size=16"];

fn accuracy(place: &Place) -> f64 {
    record(&place.run())["best"]["metrics"]["accuracy"].as_f64().unwrap()
}

/// A refusal in one line.
#[track_caller]
fn refused(ran: &Ran, code: i32, message: &str) {
    assert_eq!((ran.code, ran.stderr.lines().count()), (code, 1), "{ran:?}");
    assert!(ran.stderr.starts_with("error: ") && ran.stderr.contains(message), "{message}: {ran:?}");
}

#[test]
fn ten_classes_are_learned_by_every_network_and_every_loss() {
    for config in ["linear", "two-layer", "resnet", "mnist-simple-cnn"] {
        for loss in ["auto", "mnist-loss", "cross-entropy", "mean-squared-error"] {
            let place = Place::new();
            idx_files(&place, &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [16, 4]);
            let epochs = if config == "resnet" { "training.epochs=5" } else { "training.epochs=30" };
            let (loss, adam) = (
                format!("training.loss={loss}"),
                ["--set", "optimizer.kind=adam", "--set", "optimizer.learning_rate=0.01"],
            );
            let settings = [&["--set", epochs, "--set", &loss, "--set", "model.channels=8"], &adam[..]].concat();
            place.train(&[&[config], IDX, FEW, &settings].concat()).ok();
            assert!(accuracy(&place) > 0.9, "{config}, {loss}: {}", accuracy(&place));
            check_table(&place.run());
            let classes: Vec<String> = (0..10).map(|class: i32| class.to_string()).collect();
            assert_eq!(record(&place.run())["data"]["classes"], Value::from(classes));
        }
    }
}

#[test]
fn what_is_said_of_a_model_of_ten_classes_agrees() {
    let place = Place::new();
    idx_files(&place, &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [16, 4]);
    place.train(&[&["linear"], IDX, FEW, &["--set", "training.epochs=1", "--set", "tensorboard=true"]].concat()).ok();
    let args = ["evaluate", "latest", "--baseline", "--top-losses", "40"];
    let report = place.train(&[&args[..], &["--json"]].concat()).ok().json();
    assert_eq!(report["metrics"], record(&place.run())["best"]["metrics"]);
    let rows = report["confusion"].as_array().unwrap();
    let counts = |row: &Value| row.as_array().unwrap().iter().map(|count| count.as_u64().unwrap()).collect::<Vec<_>>();
    assert!(rows.len() == 10 && rows.iter().all(|row| counts(row).iter().sum::<u64>() == 4), "{rows:?}");
    let right: u64 = rows.iter().enumerate().map(|(class, row)| counts(row)[class]).sum();
    assert_eq!(report["metrics"]["accuracy"].as_f64().unwrap(), right as f64 / 40.0);
    let metric = |name: &str| report["metrics"][name].as_f64().unwrap();
    assert!(metric("top_3") >= metric("accuracy") && metric("log_loss") > 0.0, "{}", report["metrics"]);
    assert!((0.0..1.0).contains(&metric("calibration_error")));
    let top = report["top_losses"].as_array().unwrap();
    let wrong = top.iter().filter(|top| top["prediction"] != top["target"]).count() as u64;
    assert_eq!((top.len(), wrong), (40, 40 - right));
    // Without noise in its way, the nearest mean is always right.
    assert_eq!(report["baseline"]["l2"]["accuracy"], 1.0);
    let text = place.train(&[&args[..], &["--charts"]].concat()).ok().stdout;
    for part in
        ["40 validation images of idx, 10 classes", "precision", "Weights of 7", "Calibration of the probability of"]
    {
        assert!(text.contains(part) || part == "Weights of 7", "{part}: {text}");
    }
    place.train(&[&args[..], &["--html", "page.html", "--svg", "pictures"]].concat()).ok();
    for page in [place.path().join("page.html"), place.run().join("report.html")] {
        let page = fs::read_to_string(page).unwrap();
        check_alone(&page);
        assert!(page.contains("Confusion matrix of 10 classes") && page.contains("Weights of 7"), "{page}");
        assert!(page.contains("by what they are taken for") == (right < 40));
    }
    let has = |picture: &str| place.path().join("pictures").join(picture).is_file();
    assert!(has("confusion.svg") && has("classes.svg") && !has("roc.svg") && has("confused.svg") == (right < 40));
    let data = place.train(&[&["data"], IDX].concat()).ok().stdout;
    assert!(data.contains(" all       160      40\n"), "{data}");
    let baseline = place.train(&[&["baseline"], IDX].concat()).ok().stdout;
    assert!(baseline.contains("mean over the classes") && baseline.contains("1.0000"), "{baseline}");
    let shown = place.train(&[&["show", "valid/7/3"], IDX].concat()).ok().stdout;
    assert!(shown.starts_with("valid/7/3: 8 x 8 pixels"), "{shown}");
    refused(&place.train(&[&["show", "valid/x/3"], IDX].concat()), 2, "there is no class `x`, there are 0, 1, 2, 3,");
}

#[test]
fn a_resume_of_ten_classes_is_exact_from_any_step() {
    let plan = [IDX, FEW, &["--set", "optimizer.momentum=0.9", "--set", "checkpoint.every_steps=3"]].concat();
    for backend in ["flex", "ndarray"] {
        let (whole, parts) = (Place::new(), Place::new());
        let run = |place: &Place, epochs: &str| {
            idx_files(place, &[0, 1, 2, 3, 4], [13, 4]);
            place.train(&[&["two-layer", "--backend", backend, "--set", epochs], &plan[..]].concat()).ok();
        };
        run(&whole, "training.epochs=4");
        run(&parts, "training.epochs=2");
        // As after a kill within the second epoch.
        let checkpoints = parts.run().join("checkpoints");
        let mut files: Vec<_> = fs::read_dir(&checkpoints).unwrap().map(|file| file.unwrap().path()).collect();
        files.sort();
        fs::remove_file(files.last().unwrap()).unwrap();
        parts.train(&["--resume", "latest", "--set", "training.epochs=4"]).ok();
        assert_eq!(metrics(&parts.run()), metrics(&whole.run()), "{backend}");
        assert!(model(&parts.run()) == model(&whole.run()), "{backend}");
    }
}

#[test]
fn the_first_epoch_of_five_classes_is_the_same_on_every_backend_up_to_rounding() {
    let loss = |backend: &str, config: &str| {
        let place = Place::new();
        idx_files(&place, &[0, 1, 2, 3, 4], [16, 4]);
        let settings = ["--backend", backend, "--set", "training.epochs=1", "--set", "model.channels=4"];
        place.train(&[&[config], IDX, FEW, &settings].concat()).ok();
        metrics(&place.run())[0]["valid"]["loss"].as_f64().unwrap()
    };
    for config in ["linear", "two-layer", "resnet"] {
        let reference = loss("ndarray", config);
        for backend in backends().map(Kind::name).chain(["flex"]) {
            let off = (loss(backend, config) / reference - 1.0).abs();
            assert!(off < 1e-3, "{config} on {backend}: {off}");
        }
    }
}

#[test]
fn all_folders_are_classes_in_natural_order_and_predictions_have_their_names() {
    let place = Place::new();
    let classes = ["2", "10", "cat", "dog"];
    folder(&place, &classes, &classes);
    place.train(&[&["two-layer"], FOLDER, FEW, &["--set", "training.epochs=20"]].concat()).ok();
    assert_eq!(record(&place.run())["data"]["classes"], Value::from(classes.to_vec()));
    let predicted =
        place.train(&["predict", "latest", "own/valid/cat/0.png", "own/valid/10/1.png", "--json"]).ok().json();
    let labels = [0, 1].map(|image| predicted[image]["label"].as_str().unwrap().to_owned());
    assert_eq!(labels, ["cat", "10"]);
    assert!(predicted[0]["probability"].as_f64().unwrap() > 0.25, "{predicted}");
    // Two of four, in an order of their own, are another task.
    let two = ["--set", "data.classes=[\"dog\", \"cat\"]", "--set", "training.epochs=1"];
    let ran = place.train(&[&["linear"], FOLDER, FEW, &two].concat()).ok();
    assert!(ran.stdout.contains("dog against cat"), "{ran:?}");
    let ran = place.train(&["--resume", "runs/two-layer", "--set", "data.classes=[\"cat\",\"dog\"]"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    fs::create_dir(place.path().join("own/train/new")).unwrap();
    fs::copy(place.path().join("own/train/cat/0.png"), place.path().join("own/train/new/0.png")).unwrap();
    refused(&place.train(&[&["linear"], FOLDER].concat()), 1, "no image of the class `new` in valid");
}

#[test]
fn a_study_of_five_classes_ranks_its_trials() {
    let place = Place::new();
    idx_files(&place, &[0, 1, 2, 3, 4], [8, 4]);
    let set =
        "\"data.source\" = \"idx\"\n\"data.path\" = \"idx\"\n\"data.classes\" = \"auto\"\n\"training.epochs\" = 2";
    let study = |loss: &str| {
        let text = format!(
            "base = \"linear\"\nmetric = \"valid.f1\"\n[set]\n{set}\n\"training.loss\" = \"{loss}\"\n\
             \"training.batch_size\" = 8\n[space]\n\"optimizer.learning_rate\" = [0.0001, 0.5]\n"
        );
        place.write("study.toml", &text).train(&["sweep", "study.toml"])
    };
    refused(&study("binary-cross-entropy"), 2, "`training.loss` is binary-cross-entropy, which is for two classes");
    assert!(place.runs().is_empty());
    let ran = study("cross-entropy").ok();
    assert!(ran.stdout.contains("2 finished, of 2"), "{ran:?}");
    assert!(fs::read_to_string(place.path().join("runs/study/best.toml")).unwrap().contains("learning_rate = 0.5"));
}

#[test]
fn what_cannot_be_classes_is_refused_before_anything_is_trained() {
    let place = Place::new();
    idx_files(&place, &[7], [4, 4]);
    refused(&place.train(&[&["linear"], IDX].concat()), 1, "`7` is the only class; two or more are told apart");
    idx_files(&place, &[0, 1, 2], [4, 4]);
    let settings = |more: &[&'static str]| place.train(&[&["linear"], IDX, more].concat());
    refused(&settings(&["--set", "data.classes=[\"0\", \"9\"]"]), 1, "no image of the class 9");
    refused(&settings(&["--set", "data.classes=[\"0\", \"0\"]"]), 2, "or two or more different strings");
    refused(&settings(&["--set", "data.classes=all"]), 2, "expected \"auto\", or two or more different strings");
    refused(
        &settings(&["--set", "training.loss=binary-cross-entropy"]),
        2,
        "which is for two classes, and the data has 3",
    );
    assert!(place.runs().is_empty());
    folder(&place, &["a", "b"], &["a", "b", "c"]);
    refused(&place.train(&[&["linear"], FOLDER].concat()), 1, "no image of the class `c` in train");
    assert!(place.runs().is_empty());
}
