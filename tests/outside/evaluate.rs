//! `train evaluate`: charts, top losses, the page and the folder of pictures.

use std::{fs, path::Path};

use serde_json::Value;

use crate::harness::{Place, check_alone, real_archive};

/// A folder with a run that is far from done, so that images are wrong.
fn trained(config: &str) -> Place {
    let place = Place::new();
    place.train_small(&[config, "--set", "training.epochs=2", "--set", "optimizer.learning_rate=0.01"]).ok();
    place
}

fn top_losses(place: &Place, arguments: &[&str]) -> Vec<Value> {
    let report = place.train(&[&["evaluate", "latest", "--json"], arguments].concat()).ok().json();
    report["top_losses"].as_array().unwrap().clone()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn top_losses_are_sorted_and_hold_for_every_loss() {
    for loss in ["mnist-loss", "binary-cross-entropy", "mean-squared-error"] {
        let place = Place::new();
        place.train_small(&["linear", "--set", "training.epochs=1", "--set", &format!("training.loss={loss}")]).ok();
        let top = top_losses(&place, &["--top-losses", "500"]);
        let losses: Vec<f64> = top.iter().map(|top| top["loss"].as_f64().unwrap()).collect();
        assert_eq!(losses.len(), 200, "{loss}");
        assert!(losses.is_sorted_by(|a, b| a >= b), "{loss}: {losses:?}");
        let mean = losses.iter().sum::<f64>() / 200.0;
        let report = place.train(&["evaluate", "latest", "--json"]).ok().json();
        assert!((mean - report["metrics"]["loss"].as_f64().unwrap()).abs() < 1e-6, "{loss}: {mean}, {report}");
    }
}

#[test]
fn a_top_loss_names_prediction_target_and_its_image() {
    let place = trained("linear");
    let top = top_losses(&place, &["--top-losses", "3", "--split", "train"]);
    assert_eq!(top.len(), 3);
    for top in top {
        let (prediction, target) = (top["prediction"].as_str().unwrap(), top["target"].as_str().unwrap());
        let [loss, probability] = ["loss", "probability"].map(|key| top[key].as_f64().unwrap());
        // Of mnist_loss: what is missing to the target.
        let expected = if prediction == target { 1.0 - probability } else { probability };
        assert!((loss - expected).abs() < 1e-6 && (0.5..=1.0).contains(&probability), "{top}");
        let image = top["image"].as_str().unwrap();
        assert!(image.starts_with(&format!("train/{target}/")), "{top}");
        place.train(&[&["show", image], crate::harness::SMALL].concat()).ok();
    }
}

#[test]
fn charts_and_top_losses_are_printed_where_asked_for() {
    let place = trained("linear");
    let evaluate = |arguments: &[&str]| place.train(&[&["evaluate", "latest"], arguments].concat()).ok().stdout;
    let (short, long) = (evaluate(&[]), evaluate(&["--charts", "--top-losses", "2"]));
    assert!(short.lines().count() < 20 && long.starts_with(short.trim_end()), "{short}\n{long}");
    let headings =
        ["ROC curve", "Calibration of the probability of 3", "Weights: ", "Top losses, highest mnist-loss first"];
    let places: Vec<usize> = headings.iter().map(|heading| long.find(heading).unwrap()).collect();
    assert!(places.is_sorted(), "{long}");
    assert!(!long.contains('\u{1b}'));
    assert_eq!(long.matches(", taken for ").count(), 2, "{long}");
}

/// The pictures of every model of two classes.
const PICTURES: [&str; 8] = [
    "calibration-2.svg",
    "calibration.svg",
    "classes.svg",
    "confusion.svg",
    "misses-2.svg",
    "misses.svg",
    "roc.svg",
    "top-losses.svg",
];

#[test]
fn the_page_and_every_picture_stand_alone() {
    let place = trained("linear");
    let ran = place.train(&["evaluate", "latest", "--html", "page.html", "--svg", "new/pictures"]).ok();
    assert!(ran.stdout.ends_with("\nwritten to `page.html`\nwritten to `new/pictures`\n"), "{}", ran.stdout);
    let folder = place.path().join("new/pictures");
    let pictures = [&PICTURES[..], &["weights.svg"]].concat();
    assert_eq!(names(&folder), pictures);
    let page = fs::read_to_string(place.path().join("page.html")).unwrap();
    check_alone(&page);
    for picture in pictures {
        let svg = fs::read_to_string(folder.join(picture)).unwrap();
        check_alone(&svg);
        assert!(svg.starts_with("<svg"), "{picture}");
        let alt = svg.split("aria-label=").nth(1).and_then(|rest| rest.split('"').nth(1)).unwrap();
        // On the page the highest losses stand once, with what decides them.
        let stands_above = picture.starts_with("top-losses") || picture.starts_with("misses");
        assert!(stands_above || page.contains(&format!("aria-label=\"{alt}\"")), "{picture}: {alt}");
    }
    for part in [
        "predicted 7",
        "roc auc",
        "Confusion matrix",
        "<h1>Evaluation: <span class=\"whole-name\">linear/</span>",
        " on synthetic, valid</h1>",
        "runs/linear/",
        "All metrics are the same as the run recorded, to the last digit.",
        "<dt>pixel-similarity baseline</dt>",
        "<h2>What next</h2>",
        "200 validation images of synthetic",
        "<p>The <code>linear</code> of <code>runs/linear/",
    ] {
        assert!(page.contains(part), "{part}");
    }
    assert_eq!(fs::read_to_string(folder.join("top-losses.svg")).unwrap().matches("<image ").count(), 9);
}

#[test]
fn only_a_linear_model_has_weights_to_show() {
    let place = trained("two-layer");
    let ran = place.train(&["evaluate", "latest", "--svg", ".", "--charts", "--top-losses", "1"]).ok();
    let pictures = names(place.path()).into_iter().filter(|name| name.ends_with(".svg")).collect::<Vec<_>>();
    assert_eq!(pictures, PICTURES);
    assert!(!ran.stdout.contains("Weights"), "{}", ran.stdout);
}

#[test]
fn json_stays_one_object_where_files_are_written_too() {
    let place = trained("linear");
    let report = place.train(&["evaluate", "latest", "--json", "--html", "page.html"]).ok().json();
    assert!(report["top_losses"].is_null() && place.path().join("page.html").is_file(), "{report}");
}

#[test]
fn other_data_has_top_losses_and_a_page_too() {
    let place = trained("linear");
    let top = top_losses(&place, &["--data", "synthetic", "--top-losses", "1", "--html", "page.html"]);
    assert!(top[0]["image"].as_str().unwrap().starts_with("valid/"), "{top:?}");
    if let Some(archive) = real_archive() {
        let data = format!("archive:{archive}");
        let report = place.train(&["evaluate", "latest", "--data", &data, "--top-losses", "9", "--json"]).ok().json();
        assert_eq!((&report["images"], report["top_losses"].as_array().unwrap().len()), (&2038.into(), 9));
    }
}

#[test]
fn what_cannot_be_written_is_named() {
    let place = trained("linear");
    place.write("file", "");
    let fails = |arguments: &[&str], message: &str| {
        place.train(&[&["evaluate", "latest"], arguments].concat()).fails(2, message);
    };
    fails(
        &["--html", "no/page.html"],
        "cannot write `no/page.html`: No such file or directory (os error 2); does its folder exist?",
    );
    fails(&["--svg", "file"], "cannot write `file`: File exists (os error 17)");
    fs::create_dir_all(place.path().join("full/roc.svg")).unwrap();
    fails(&["--svg", "full"], "cannot write `full/roc.svg`: Is a directory (os error 21)");
    for arguments in [["--top-losses", "0"], ["--charts", "--json"]] {
        assert_eq!(place.train(&[&["evaluate", "latest"], &arguments[..]].concat()).code, 2);
    }
}

#[test]
fn the_baseline_stands_beside_the_model_with_the_images_that_only_one_gets_right() {
    let place = trained("linear");
    let evaluate = |arguments: &[&str]| place.train(&[&["evaluate", "latest", "--baseline"], arguments].concat()).ok();
    let report = evaluate(&["--json"]).json();
    let count = |key: &str| report["baseline"][key].as_array().unwrap().len() as f64;
    let right = |accuracy: &Value| (accuracy.as_f64().unwrap() * 200.0).round();
    let [model, baseline] = [&report["metrics"]["accuracy"], &report["baseline"]["l1"]["accuracy"]].map(right);
    // What both get right cancels out.
    assert_eq!(model - baseline, count("only_the_model_is_right") - count("only_l1_is_right"), "{report}");
    let text = evaluate(&["--html", "page.html"]).stdout;
    let page = fs::read_to_string(place.path().join("page.html")).unwrap();
    let (only_model, only_l1) = (count("only_the_model_is_right"), count("only_l1_is_right"));
    for part in [
        format!("The model gets {only_model} of 200 images right that the pixel-similarity baseline by L1 gets wrong."),
        format!("The pixel-similarity baseline by L1 gets {only_l1} of 200 images right that the model gets wrong."),
    ] {
        assert!(
            page.contains(&part) && text.split_whitespace().collect::<Vec<_>>().join(" ").contains(&part),
            "{part}: {text}"
        );
    }
    let accuracy = |by: &str| report["baseline"][by]["accuracy"].as_f64().unwrap();
    let mut both = ["L1", "L2"].map(|by| (accuracy(&by.to_lowercase()), by));
    both.sort_by(|a, b| b.0.total_cmp(&a.0));
    let [(better, by), (worse, other)] = both;
    let tile = format!(
        "<dt>pixel-similarity baseline</dt><dd>{better:.4}</dd><dd class=\"note\">by {by}; by {other} {worse:.4}</dd>"
    );
    assert!(page.contains(&tile), "{tile}: {page}");
    check_alone(&page);
}
