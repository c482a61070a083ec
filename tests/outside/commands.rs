//! The other subcommands.

use std::{fs, io::Write as _, path::Path, process::Stdio};

use data::{Request, Source};

use crate::harness::{Place, SMALL, real_archive, skip};

/// A drawn 7 of 28 x 28 pixels, each enlarged to a square of `scale` x `scale`.
fn seven(scale: usize) -> Vec<u8> {
    let request = Request { source: Source::Synthetic { seed: 9, train: 2, valid: 2 }, ..Request::default() };
    let drawn = data::load(&request, &mut |_| {}).unwrap().valid;
    let side = 28 * scale;
    (0..side * side).map(|i| drawn.image(1)[i / side / scale * 28 + i % side / scale]).collect()
}

pub fn png(side: usize, colour: png::ColorType, pixels: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, side as u32, side as u32);
    encoder.set_color(colour);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header().unwrap().write_image_data(pixels).unwrap();
    bytes
}

fn trained() -> Place {
    let place = Place::new();
    let data =
        ["--set", "data.source=synthetic", "--set", "data.synthetic_train=2000", "--set", "data.synthetic_valid=200"];
    place.train(&[&["linear", "--set", "training.epochs=10"][..], &data].concat()).ok();
    place
}

#[test]
fn predict_labels_images_of_any_size_and_colour() {
    let place = trained();
    let grey = seven(1);
    let colour: Vec<u8> = seven(5).iter().flat_map(|v| [*v; 3]).collect();
    fs::write(place.path().join("small.png"), png(28, png::ColorType::Grayscale, &grey)).unwrap();
    fs::write(place.path().join("large.png"), png(140, png::ColorType::Rgb, &colour)).unwrap();
    let predictions = place.train(&["predict", "latest", "small.png", "large.png", "--json"]).ok().json();
    for (prediction, path) in predictions.as_array().unwrap().iter().zip(["small.png", "large.png"]) {
        assert_eq!((&prediction["path"], &prediction["label"]), (&path.into(), &"7".into()), "{predictions}");
        let probability = prediction["probability"].as_f64().unwrap();
        assert!((0.5..=1.0).contains(&probability), "{predictions}");
    }
}

#[test]
fn predict_reads_standard_input() {
    let place = trained();
    let mut command = place.command(&["predict", "latest", "-", "--json"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(&png(28, png::ColorType::Grayscale, &seven(1))).unwrap();
    let output = child.wait_with_output().unwrap();
    let predictions: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&predictions[0]["path"], &predictions[0]["label"]), (&"-".into(), &"7".into()));
}

#[test]
fn predict_takes_folders_lists_and_archives_and_writes_tables() {
    let place = trained();
    let (light, dark) = (seven(1), seven(1).iter().map(|v| 255 - v).collect::<Vec<u8>>());
    fs::create_dir_all(place.path().join("mine/deep")).unwrap();
    let names = ["mine/2.png", "mine/10.png", "mine/deep/3.png"];
    for (name, pixels) in names.iter().zip([&light, &dark, &dark]) {
        fs::write(place.path().join(name), png(28, png::ColorType::Grayscale, pixels)).unwrap();
    }
    place.write("mine/notes.txt", "no image").write("mine/.hidden.png", "no image");
    let of_folder = place.train(&["predict", "latest", "mine", "--csv"]).ok();
    let rows: Vec<Vec<&str>> = of_folder.stdout.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(rows[0], ["path", "label", "probability"]);
    assert_eq!(rows[1..].iter().map(|row| row[0]).collect::<Vec<_>>(), names);
    assert_eq!(rows[1][1], "7");
    let warning = "warning: 2 images, such as `mine/10.png`, look like dark strokes on light";
    assert!(of_folder.stderr.starts_with(warning) && of_folder.stderr.lines().count() == 1, "{of_folder:?}");
    let with = |input: &[u8]| {
        let mut command = place.command(&["predict", "latest", "-", "--csv"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        let output = child.wait_with_output().unwrap();
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let list: String = names.iter().map(|name| format!("{name}\0")).collect();
    assert_eq!(with(list.as_bytes()).0, of_folder.stdout);
    let mut archive = tar::Builder::new(Vec::new());
    for name in names.iter().chain(&["mine/notes.txt"]) {
        archive.append_path_with_name(place.path().join(name), name).unwrap();
    }
    let archive = archive.into_inner().unwrap();
    assert_eq!(with(&archive).0, of_folder.stdout);
    // An archive that is cut short behind its second image.
    let told = with(&archive[..2000]).1;
    assert!(told.contains("error: cannot read the archive on standard input: "), "{told}");
    let two = place.train(&["predict", "latest", "mine/2.png", "--csv", "--top", "2"]).ok().stdout;
    let rows: Vec<Vec<&str>> = two.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(rows[0], ["path", "label", "probability", "label_2", "probability_2"]);
    assert_eq!([rows[1][1], rows[1][3]], ["7", "3"]);
    // Of links in a circle each folder counts once; folders in a list are passed over.
    #[cfg(unix)]
    {
        for link in ["mine/here", "mine/deep/up"] {
            std::os::unix::fs::symlink(place.path().join("mine"), place.path().join(link)).unwrap();
        }
        assert_eq!(place.train(&["predict", "latest", "mine", "--csv"]).ok().stdout.lines().count(), 4);
        assert_eq!(with(format!("mine\0{list}").as_bytes()).0, of_folder.stdout);
    }
    let mut archive = tar::Builder::new(Vec::new());
    archive.append_path_with_name(place.path().join("mine/notes.txt"), "notes.txt").unwrap();
    assert_eq!(with(&archive.into_inner().unwrap()).1, "error: there is no image in what was named\n");
    fs::create_dir(place.path().join("empty")).unwrap();
    place.train(&["predict", "latest", "empty"]).fails(2, "there is no image below `empty`");
}

#[test]
fn predict_warns_of_dark_strokes_and_inverts_when_asked() {
    let place = trained();
    let dark: Vec<u8> = seven(1).iter().map(|v| 255 - v).collect();
    fs::write(place.path().join("dark.png"), png(28, png::ColorType::Grayscale, &dark)).unwrap();
    let ran = place.train(&["predict", "latest", "dark.png"]).ok();
    assert!(ran.stderr.contains("try --invert"), "{ran:?}");
    // The last line leads to Python, by a command that says the same.
    let last = ran.stdout.lines().last().unwrap();
    let export = last
        .strip_prefix("Python   `train export ")
        .unwrap()
        .strip_suffix("` prints the lines that do the same")
        .unwrap();
    let exported = place.train(&[&["export"], &export.split(' ').collect::<Vec<_>>()[..]].concat()).ok();
    assert!(exported.stdout.contains("onnxruntime.InferenceSession(\"model.onnx\")"), "{exported:?}");
    let ran = place.train(&["predict", "latest", "dark.png", "--invert", "--json"]).ok();
    assert_eq!((&ran.json()[0]["label"], ran.stderr.as_str()), (&"7".into(), ""));
}

#[test]
fn predict_names_the_image_it_cannot_use() {
    let place = trained();
    place.write("text.png", "no image");
    place
        .train(&["predict", "latest", "text.png"])
        .fails(1, "cannot use `text.png`: not a usable image: it starts as no image does: PNG, JPEG, WebP, BMP, GIF and TIFF are taken");
    place
        .train(&["predict", "latest", "missing.png"])
        .fails(2, "cannot read `missing.png`: No such file or directory (os error 2)");
    // Of several the others are predicted.
    fs::write(place.path().join("seven.png"), png(28, png::ColorType::Grayscale, &seven(1))).unwrap();
    let ran = place.train(&["predict", "latest", "text.png", "seven.png", "missing.png", "--json"]);
    assert_eq!((ran.code, ran.json()[0]["path"].as_str(), ran.json()[1].is_null()), (1, Some("seven.png"), true));
    for line in [
        "error: cannot use `text.png`: ",
        "error: cannot read `missing.png`: ",
        "error: 2 of 3 images could not be used\n",
    ] {
        assert!(ran.stderr.contains(line), "{ran:?}");
    }
}

#[test]
fn evaluate_repeats_the_metrics_of_the_run() {
    let place = trained();
    let best = crate::harness::record(&place.run())["best"]["metrics"].clone();
    let report = place.train(&["evaluate", "latest", "--json"]).ok().json();
    assert_eq!(report["metrics"], best);
    assert_eq!(report["images"], 200);
    let confusion = report["confusion"].as_object().unwrap();
    assert_eq!(confusion.values().map(|count| count.as_u64().unwrap()).sum::<u64>(), 200);
    let ran = place.train(&["evaluate", "latest"]).ok();
    assert!(ran.stdout.contains("predicted 3") && ran.stdout.contains("roc auc"), "{}", ran.stdout);
}

#[test]
fn evaluate_takes_other_data() {
    let place = trained();
    let folder = place.path().join("digits");
    for (split, class) in [("train", "3"), ("train", "7"), ("valid", "3"), ("valid", "7")] {
        let class_folder = folder.join(split).join(class);
        fs::create_dir_all(&class_folder).unwrap();
        fs::write(class_folder.join("1.png"), png(28, png::ColorType::Grayscale, &seven(1))).unwrap();
    }
    let report = place.train(&["evaluate", "latest", "--data", "folder:digits", "--json"]).ok().json();
    assert_eq!((&report["images"], &report["data"]["source"]), (&2.into(), &"folder".into()));
    let train = place.train(&["evaluate", "latest", "--split", "train", "--json"]).ok().json();
    assert_eq!(train["images"], 2000);
}

#[test]
fn evaluate_refuses_images_of_another_size() {
    let place = trained();
    for (split, class) in [("train", "3"), ("train", "7"), ("valid", "3"), ("valid", "7")] {
        let folder = place.path().join("digits").join(split).join(class);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("1.png"), png(20, png::ColorType::Grayscale, &[0; 400])).unwrap();
    }
    place
        .train(&["evaluate", "latest", "--data", "folder:digits"])
        .fails(2, "the model takes images of 28 x 28, grey, the data has 20 x 20, grey");
}

#[test]
fn runs_lists_every_run_with_its_state() {
    let place = Place::new();
    assert_eq!(place.train(&["runs"]).ok().stdout, "no runs below `runs` yet; `train` makes one\n");
    place.train_small(&["--set", "training.epochs=2"]).ok();
    let ran = place.train(&["runs"]).ok();
    for word in ["finished", "runs/two-layer/", "data.source=synthetic", "2/2"] {
        assert!(ran.stdout.contains(word), "{word}: {}", ran.stdout);
    }
    assert_eq!(place.train(&["runs", "--json"]).ok().json()[0]["state"], "finished");
}

#[test]
fn a_killed_run_is_listed_as_killed() {
    let place = Place::new();
    let mut child = place.start(&[&["--set", "training.epochs=100000"], SMALL].concat());
    crate::harness::wait_until(|| place.runs().first().is_some_and(|run| run.join("metrics.jsonl").exists()));
    let state = || place.train(&["runs", "--json"]).json()[0]["state"].clone();
    assert_eq!(state(), "running");
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(state(), "killed");
}

#[test]
fn a_damaged_run_is_listed_and_named() {
    let place = Place::new();
    place.train_small(&[]).ok();
    fs::write(place.run().join("run.json"), "{").unwrap();
    let ran = place.train(&["runs"]).ok();
    assert!(ran.stdout.contains("damaged"), "{}", ran.stdout);
    assert!(ran.stderr.starts_with("warning: `runs/") && ran.stderr.contains("run.json` is damaged"), "{}", ran.stderr);
    assert_eq!(place.train(&["runs", "--json"]).ok().json()[0]["state"], "damaged");
}

#[test]
fn a_model_with_a_value_that_is_not_finite_is_refused() {
    let place = trained();
    let model = place.run().join("model.safetensors");
    let mut bytes = fs::read(&model).unwrap();
    let last = bytes.len() - 4;
    bytes[last..].copy_from_slice(&f32::NAN.to_le_bytes());
    fs::write(&model, bytes).unwrap();
    let message = format!("cannot use model `{}`: it holds a value that is not finite", model.display());
    let ran = place.train(&["evaluate", place.run().to_str().unwrap()]);
    assert!(ran.code == 1 && ran.stderr.starts_with(&format!("error: {message}")), "{ran:?}");
}

#[test]
fn evaluate_refuses_a_path_that_nothing_would_read() {
    trained()
        .train(&["evaluate", "latest", "--data", "synthetic:x"])
        .fails(2, "--data synthetic:x: source `synthetic` reads no path, `x` would be ignored");
}

#[test]
fn an_output_that_takes_no_more_is_named() {
    let Ok(full) = fs::OpenOptions::new().write(true).open("/dev/full") else {
        return skip("this system has no /dev/full");
    };
    let output = Place::new().command(&["runs"]).stdout(full).output().unwrap();
    let message = "error: cannot write to standard output: No space left on device (os error 28)\n";
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(1), message));
}

#[test]
fn backends_lists_all_known_ones() {
    let ran = Place::new().train(&["backends"]).ok();
    for name in ["ndarray", "flex", "wgpu", "tch-cpu", "tch-cuda", "tch-mps", "cuda"] {
        assert!(ran.stdout.contains(name), "{}", ran.stdout);
    }
    assert!(ran.stdout.contains("cargo run -p train --features cuda"), "{}", ran.stdout);
}

#[test]
fn data_shows_what_there_is() {
    let ran = Place::new().train(&["data", "--set", "data.source=synthetic"]).ok();
    for word in ["synthetic", "6,198", "12,396", "1,019", "2,038", "28 x 28", "fingerprint"] {
        assert!(ran.stdout.contains(word), "{word}: {}", ran.stdout);
    }
}

#[test]
fn baseline_needs_no_training() {
    let ran = Place::new().train(&["baseline", "--set", "data.source=synthetic"]).ok();
    assert!(ran.stdout.contains("L1") && ran.stdout.contains("L2"), "{}", ran.stdout);
}

#[test]
fn every_subcommand_has_help_with_an_example() {
    for subcommand in [
        "fit",
        "evaluate",
        "predict",
        "baseline",
        "data",
        "show",
        "backends",
        "runs",
        "lr-find",
        "verify",
        "completions",
    ] {
        let ran = Place::new().train(&[subcommand, "--help"]).ok();
        assert!(
            ran.stdout.contains("Example") && ran.stdout.contains(&format!("train {subcommand}")),
            "{}",
            ran.stdout
        );
    }
}

#[test]
fn completions_are_generated_for_a_shell() {
    let ran = Place::new().train(&["completions", "bash"]).ok();
    assert!(ran.stdout.contains("_train()") && ran.stdout.contains("evaluate"));
}

#[test]
fn a_reader_that_goes_away_is_no_trouble() {
    let place = trained();
    let synthetic =
        ["data", "show valid/7/3", "show --batch"].map(|words| format!("{words} --set data.source=synthetic"));
    for arguments in ["runs", "evaluate latest", "backends", "completions bash"]
        .into_iter()
        .chain(synthetic.iter().map(String::as_str))
    {
        let line = format!("'{}' {arguments} | head -c 1 > /dev/null; exit ${{PIPESTATUS[0]}}", program(&place));
        let output = std::process::Command::new("bash")
            .args(["-c", &line])
            .current_dir(place.path())
            .env("XDG_CACHE_HOME", place.path().join("cache"))
            .output()
            .unwrap();
        assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]), "{arguments}: {output:?}");
    }
}

fn program(place: &Place) -> String {
    place.command(&[]).get_program().to_str().unwrap().into()
}

#[test]
fn a_cache_that_cannot_be_written_is_no_failure() {
    let Some(archive) = real_archive() else { return };
    let place = Place::new();
    place.write("cache", "a file in the place of the folder");
    let path = format!("data.path={archive}");
    let ran = place.train(&["data", "--set", "data.source=archive", "--set", &path]).ok();
    assert!(ran.stdout.contains("none, in memory"), "{ran:?}");
    assert!(Path::new(&place.path().join("cache")).is_file());
}
