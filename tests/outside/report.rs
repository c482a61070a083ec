//! `report.html` of a run: written at its end, and again by `train report`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use chart::grouped;

use crate::{
    commands::png,
    harness::{Place, SMALL, check_alone, check_table, metrics, real_archive, record, typed, wait_until},
};

/// The page of a run, which stands alone and holds no number that is none.
#[track_caller]
fn page(run: &Path) -> String {
    let page = fs::read_to_string(run.join("report.html")).unwrap();
    check_alone(&page);
    // Images are letters without a meaning.
    let shown: String = page
        .split("<script>")
        .next()
        .unwrap()
        .split("base64,")
        .map(|text| text.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || "+/=".contains(c)))
        .collect();
    for none in ["NaN", "inf<", "inf,"] {
        assert!(!shown.contains(none), "{none}: {page}");
    }
    page
}

/// The run as commands name it.
fn name(place: &Place, run: &Path) -> String {
    run.strip_prefix(place.path()).unwrap().display().to_string()
}

fn trained(settings: &[&str]) -> (Place, PathBuf) {
    let place = Place::new();
    place.train_small(&[&["--set", "training.epochs=2"], settings].concat()).ok();
    let run = place.run();
    (place, run)
}

#[test]
fn a_run_leaves_a_page_whose_contents_lead_to_every_section() {
    let place = Place::new();
    let ran = place.train_small(&["linear", "--set", "training.epochs=3"]).ok();
    let run = place.run();
    let (page, name) = (page(&run), name(&place, &run));
    assert!(ran.stdout.contains(&format!("report   {name}/report.html\n")), "{ran:?}");
    let headings = [
        "Curves",
        "Confusion matrix and metrics",
        "Why: what decides the top losses",
        "The ",
        "What is right, and how surely",
        "ROC curve",
        "Calibration of the probability of 3",
        "Weights: positive ones speak for 3, negative ones for 7",
        "What the network is, and sees",
        "Data",
        "Timings",
        "Environment",
    ];
    for (number, heading) in (1..).zip(headings) {
        let section = format!("<section id=\"section-{number}\">\n<h2>{heading}");
        let entry = format!("<a href=\"#section-{number}\">{heading}");
        assert!(page.contains(&section) && page.contains(&entry), "{heading}: {page}");
    }
    assert!(!page.contains("section-13"));
    for command in [
        format!("train {name}/config.toml"),
        format!("train evaluate {name}"),
        format!("train --resume {name} --set training.epochs=6"),
    ] {
        assert!(typed(&page).contains(&command), "{command}: {page}");
    }
    assert!(page.contains(&record(&run)["data"]["fingerprint"].as_str().unwrap().to_owned()));
    assert!(page.contains("[early_stopping]\npatience = 0\n"), "the plan as it is");
}

#[test]
fn a_rate_far_too_high_has_its_diagnosis_and_a_good_run_has_none() {
    let (_place, run) = trained(&["linear", "--set", "optimizer.learning_rate=1e30", "--set", "training.epochs=4"]);
    check_table(&run);
    let text = page(&run);
    assert!(text.contains("The parameters do not move") || text.contains("images, whatever they show"), "{text}");
    let (_place, run) = trained(&["linear", "--set", "training.epochs=4"]);
    let text = page(&run);
    assert!(!text.contains("do not move") && !text.contains("flat from the start"), "{text}");
    assert!(text.contains("The validation loss is lowest in ") && text.contains("<figcaption>Next: "), "{text}");
    let parts = fs::read_to_string(run.join("metrics.jsonl")).unwrap().matches("\"train_losses\":[").count();
    assert!(parts == 4 && text.contains("training, by parts of an epoch"), "{text}");
}

#[test]
fn it_shows_what_differs_from_the_defaults_and_how_the_model_is_used() {
    let (place, run) = trained(&["--set", "model.hidden=12"]);
    let (text, name) = (page(&run), name(&place, &run));
    for part in [
        "<th scope=\"row\">model.hidden</th><td>12</td><td>30</td>",
        "net = nn.Sequential(nn.Linear(784, 12), nn.ReLU(), nn.Linear(12, 1))",
        &format!("load_file(&quot;{name}/model.safetensors&quot;)"),
        "<dt>pixel-similarity baseline</dt>",
        "<summary>Every key</summary>",
        "aria-label=\"Images of the first training batch with their labels\"",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("<th scope=\"row\">optimizer.momentum"), "a default is folded");
    let setup = "<code>two-layer</code> (9,433 parameters) on synthetic, 3 against 7: sgd, learning rate 0.1, batches of 64, seed 0.";
    assert!(text.contains(setup), "{text}");
}

#[test]
fn a_hundred_epochs_make_a_small_page() {
    let (_place, run) = trained(&["--set", "training.epochs=100"]);
    let bytes = page(&run).len();
    assert!(bytes < 300_000, "{bytes} bytes");
}

/// Pictures of noise, the hardest to make small, each class with a colour of its own: so many classes, two of each in a split.
fn large_pictures(place: &Place, classes: usize, side: usize) {
    for (split, number) in [("train", 0), ("train", 1), ("valid", 0), ("valid", 1)] {
        for class in 0..classes {
            let folder = place.path().join("pictures").join(split).join(format!("class-{class}"));
            fs::create_dir_all(&folder).unwrap();
            let noise = |at: usize| (at * 2_654_435_761 + 97 * class + 31 * number) >> 9;
            let bytes: Vec<u8> = (0..3 * side * side).map(|at| (noise(at) % 200 + 5 * (class % 11)) as u8).collect();
            fs::write(folder.join(format!("{number}.png")), png(side, png::ColorType::Rgb, &bytes)).unwrap();
        }
    }
}

#[test]
fn a_hundred_epochs_on_large_pictures_and_a_hundred_classes_make_small_pages() {
    for (config, classes, side, epochs) in
        [("linear", 3, 224, 100), ("linear", 100, 64, 100), ("two-layer", 10, 32, 2), ("folder", 10, 96, 1)]
    {
        let place = Place::new();
        large_pictures(&place, classes, side);
        let settings = [
            "data.source=folder".into(),
            "data.path=pictures".into(),
            "data.classes=auto".into(),
            format!("data.size={side}"),
            "model.channels=4".into(),
            format!("training.epochs={epochs}"),
        ];
        let settings = settings.iter().flat_map(|setting| ["--set", setting.as_str()]);
        place.train(&[config].into_iter().chain(settings).collect::<Vec<_>>()).ok();
        place.train(&["evaluate", "latest", "--html", "evaluation.html"]).ok();
        for page in [page(&place.run()), fs::read_to_string(place.path().join("evaluation.html")).unwrap()] {
            assert!(page.len() < 300_000, "{config}, {classes} classes of {side}: {} bytes", page.len());
            assert!(page.contains(if side > 32 { "data:image/jpeg" } else { "data:image/png" }), "{page}");
        }
    }
}

#[test]
fn its_numbers_are_those_of_evaluate() {
    let (place, run) = trained(&["--set", "optimizer.learning_rate=0.01"]);
    let page = page(&run);
    let report = place.train(&["evaluate", "latest", "--json", "--top-losses", "9"]).ok().json();
    let metric = |name: &str| report["metrics"][name].as_f64().unwrap();
    let right = ["true_positive", "true_negative"].map(|key| report["confusion"][key].as_u64().unwrap());
    let (accuracy, right) = (metric("accuracy"), right.iter().sum::<u64>());
    for shown in [
        format!("<dt>accuracy</dt><dd>{accuracy:.4}</dd>"),
        format!("<dd>{}</dd><dd class=\"note\">of 200 validation images</dd>", 200 - right),
        format!("<dd>{:.6}</dd><dd class=\"note\">mnist-loss</dd>", metric("loss")),
        format!("<td>{:.4}</td>", metric("roc_auc")),
    ] {
        assert!(page.contains(&shown), "{shown}: {page}");
    }
    let wrong = |top: &&serde_json::Value| top["prediction"] != top["target"];
    assert!(!page.contains("<br/>loss "), "the chapter's loss of an image is what p says");
    for top in report["top_losses"].as_array().unwrap().iter().filter(wrong) {
        let name = top["image"].as_str().unwrap();
        let (_, number) = name.rsplit_once('/').unwrap();
        let names = [name.replace('/', "/<wbr/>"), format!("no. {number}")];
        assert!(names.iter().any(|name| page.contains(&format!("<br/>{name}</figcaption>"))), "{top}");
    }
    assert!(!page.contains("<dt>the book"), "it did not train on these digits");
}

#[test]
fn it_is_written_again_with_the_same_bytes_and_after_a_resume_with_more_epochs() {
    let (place, run) = trained(&[]);
    let before = fs::read(run.join("report.html")).unwrap();
    fs::remove_file(run.join("report.html")).unwrap();
    let path = format!("{}/report.html\n", name(&place, &run));
    assert_eq!(place.train(&["report", "latest"]).ok().stdout, path);
    assert!(fs::read(run.join("report.html")).unwrap() == before);
    place.train(&["--resume", "latest", "--set", "training.epochs=4"]).ok();
    assert!(page(&run).contains("<dd>4 of 4</dd><dd class=\"note\">by valid loss, of these images</dd>"));
}

#[test]
fn the_books_curves_stand_beside_the_same_network_loss_and_data_alone() {
    let Some(archive) = real_archive() else { return };
    let page_of = |settings: &[&str]| {
        let place = Place::new();
        let data = ["--set", "data.source=archive", "--set", &format!("data.path={archive}")];
        place.train(&[settings, &data].concat()).ok();
        page(&place.run())
    };
    let whole = page_of(&[]);
    for part in [
        "book, training (smoothed)",
        "Dashed: the book",
        "book, validation from 0.5083 in epoch 1 to 0.9828 in epoch 40",
    ] {
        assert!(whole.contains(part), "{part}: {whole}");
    }
    assert!(whole.len() < 300_000, "{} bytes", whole.len());
    assert!(page_of(&["linear", "--set", "training.epochs=1"]).contains("to 0.9676 in epoch 10"));
    let other_loss = page_of(&["--set", "training.loss=binary-cross-entropy", "--set", "training.epochs=1"]);
    assert!(!other_loss.contains("book"), "{other_loss}");
}

#[test]
fn a_learning_rate_that_varies_has_a_curve() {
    let (place, run) = trained(&["--set", "schedule.kind=one-cycle"]);
    assert!(page(&run).contains("Learning rate by epoch: one-cycle with a peak of 0.1"));
    let lines = fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    let impossible = lines.replace("\"epoch\":2,\"step\":20", "\"epoch\":0,\"step\":0");
    assert!(impossible != lines);
    fs::write(run.join("metrics.jsonl"), impossible).unwrap();
    place.train(&["report", "latest"]).ok();
    page(&run);
    let (_place, run) = trained(&[]);
    assert!(!page(&run).contains("Learning rate by epoch"));
}

/// Two black images a split, which no model can tell apart.
fn black_images(place: &Place, side: usize) {
    for (split, class) in [("train", "3"), ("train", "7"), ("valid", "3"), ("valid", "7")] {
        let folder = place.path().join("digits").join(split).join(class);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("1.png"), png(side, png::ColorType::Grayscale, &vec![0; side * side])).unwrap();
    }
}

#[test]
fn images_of_another_size_that_are_all_taken_for_one_class_have_a_report_too() {
    let place = Place::new();
    black_images(&place, 20);
    let data = ["--set", "data.source=folder", "--set", "data.path=digits"];
    place.train(&[&["linear", "--set", "training.epochs=1"], &data[..]].concat()).ok();
    let run = place.run();
    let page = page(&run);
    for part in ["<dd>0.5000</dd>", "of 2 validation images", "20 x 20, grey", "The one miss, by what"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    black_images(&place, 21);
    let ran = place.train(&["report", "latest"]);
    assert!(ran.code == 2 && ran.stderr.contains("was trained on other data (fingerprint "), "{ran:?}");
    fs::remove_dir_all(place.path().join("digits")).unwrap();
    let gone = "`data.path` is \"digits\": there is no such file or folder";
    place.train(&["report", "latest"]).fails(2, gone);
}

#[test]
fn a_page_that_cannot_be_written_is_a_warning_and_leaves_the_old_one() {
    let (place, run) = trained(&[]);
    let before = page(&run);
    let part = run.join("report.html.part");
    let message = |cause: &str| format!("cannot write `{}/report.html`: {cause}", name(&place, &run));
    // Once, however often it was tried while the run trained.
    fs::create_dir(&part).unwrap();
    let ran = place.train(&["--resume", "latest", "--quiet", "--set", "training.epochs=3"]).ok();
    assert_eq!(
        (ran.stdout, ran.stderr),
        (
            format!("{}\n", name(&place, &run)),
            format!(
                "warning: {}\n",
                message(
                    "Is a directory (os error 21); is the folder still there? another output root: `--set runs=FOLDER`"
                )
            )
        )
    );
    assert_eq!(record(&run)["state"], "finished");
    assert!(page(&run) == before);
    fs::remove_dir(&part).unwrap();
    std::os::unix::fs::symlink("/dev/full", &part).unwrap();
    let message = message("No space left on device (os error 28); free some space");
    place.train(&["report", "latest"]).fails(1, &message);
    assert!(page(&run) == before && !run.join("report.html.part").exists());
}

#[test]
fn an_interrupted_run_has_one_that_says_how_to_go_on() {
    let place = Place::new();
    let mut child = place.start(&[&["--set", "training.epochs=100000"], SMALL].concat());
    wait_until(|| place.runs().first().is_some_and(|run| metrics(run).len() >= 3));
    let run = place.run();
    let name = name(&place, &run);
    let in_use = format!("run folder `{name}` is in use by another process; wait until it ends, or stop it");
    place.train(&["report", &name]).fails(2, &in_use);
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let page = typed(&page(&run));
    let steps = record(&run)["steps_done"].as_u64().unwrap();
    assert!(steps >= metrics(&run).last().unwrap()["step"].as_u64().unwrap());
    for part in [
        &format!("<dd>interrupted</dd><dd class=\"note\">asked to stop, after {} steps</dd>", grouped(steps)),
        " done, 100000 planned",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(typed(&page).contains(&format!("train --resume {name}\n")), "{page}");
}

#[test]
fn a_run_that_lost_its_patience_is_not_told_to_go_on() {
    let patience = ["--set", "early_stopping.patience=1", "--set", "early_stopping.min_delta=10.0"];
    let (_place, run) = trained(&[&patience[..], &["--set", "training.epochs=9"]].concat());
    let page = page(&run);
    assert!(
        page.contains("<dd>finished</dd><dd class=\"note\">stopped early: patience ran out, after ")
            && !page.contains("--resume"),
        "{page}"
    );
}

#[test]
fn without_a_model_it_says_how_the_run_ended() {
    let place = Place::new();
    let diverging = ["--set", "training.loss=binary-cross-entropy", "--set", "optimizer.learning_rate=1e38"];
    assert_eq!(place.train_small(&diverging).code, 1);
    let run = place.run();
    let page = page_so_far(&run);
    assert!(page.contains("failed") && page.contains("epoch 0 of 40 done") && !page.contains("data-every"), "{page}");
    for named in [&name(&place, &run), "latest"] {
        fs::remove_file(run.join("report.html")).unwrap();
        let ran = place.train(&["report", named]).ok();
        assert!(ran.stderr.contains("has no model: it failed in epoch 1 of 40: "), "{ran:?}");
        assert_eq!(page_so_far(&run), page);
    }
}

#[test]
fn a_run_of_an_older_version_has_one_that_leaves_its_machine_out() {
    let (place, run) = trained(&[]);
    let mut old = record(&run);
    assert!(page(&run).contains(old["machine"]["architecture"].as_str().unwrap()));
    old.as_object_mut().unwrap().remove("machine");
    fs::write(run.join("run.json"), old.to_string()).unwrap();
    place.train(&["report", "latest"]).ok();
    assert!(!page(&run).contains("cores"));
}

#[cfg(unix)]
#[test]
fn a_run_that_trains_has_a_page_that_comes_anew() {
    let place = Place::new();
    let mut child = place.start(&[SMALL, &["--set", "training.epochs=100000"]].concat());
    let has = |text: &str| place.runs().first().is_some_and(|run| page_so_far(run).contains(text));
    wait_until(|| has("data-every=\"2\""));
    wait_until(|| has("validation"));
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    child.wait().unwrap();
    assert!(!has("data-every") && has("Confusion matrix") && has("interrupted"), "{}", page(&place.run()));
}

fn page_so_far(run: &Path) -> String {
    fs::read_to_string(run.join("report.html")).unwrap_or_default()
}

#[test]
fn what_decides_a_prediction_is_on_the_page_of_a_run_and_of_an_image() {
    for (model, first, pictures) in
        [("linear", None, 2), ("two-layer", Some("Weights of the hidden units"), 3), ("resnet", Some("Kernels"), 3)]
    {
        let place = Place::new();
        place.train_small(&[model, "--set", "training.epochs=1"]).ok();
        let page = page(&place.run());
        assert!(page.contains("Why: what decides the top losses"), "{page}");
        assert!(first.is_none_or(|first| page.contains(first)), "{page}");
        let seven = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/seven.png");
        place.train(&["predict", "latest", seven, "--html", "why.html"]).ok();
        let why = fs::read_to_string(place.path().join("why.html")).unwrap();
        assert_eq!(why.matches("<img").count(), pictures, "{model}: {why}");
        // Its classes, and the image large beside what decides.
        assert_eq!(why.matches("class=\"pictures large").count(), 1, "{model}: {why}");
        assert!(why.contains("aria-label=\"Probabilities: "), "{model}: {why}");
    }
}
