//! `train lr-find`.

use std::fs;

use crate::harness::Place;

#[test]
fn lr_find_suggests_a_rate_and_leaves_no_run() {
    let place = Place::new();
    let data = ["--set", "data.source=synthetic", "--set", "data.synthetic_train=2000", "--set", "model.channels=2"];
    for config in ["linear", "two-layer", "resnet"] {
        let report =
            place.train(&[&["lr-find", config, "--json", "--svg", "rates.svg"][..], &data].concat()).ok().json();
        let [valley, steep] = ["valley", "steep"].map(|name| report[name].as_f64().unwrap());
        assert!((1e-4..=10.0).contains(&valley) && (1e-4..=10.0).contains(&steep), "{config}: {valley} {steep}");
        let rates: Vec<f64> =
            report["curve"].as_array().unwrap().iter().map(|step| step["learning_rate"].as_f64().unwrap()).collect();
        assert!(rates[0] == 1e-7 && rates.is_sorted() && rates.len() <= 100);
    }
    assert!(fs::read_to_string(place.path().join("rates.svg")).unwrap().starts_with("<svg"));
    assert!(place.runs().is_empty());
    let shown = place.train(&[&["lr-find", "linear"][..], &data].concat()).ok().stdout;
    assert!(shown.contains("valley  --set optimizer.learning_rate="), "{shown}");
}

#[test]
fn lr_find_says_where_the_loss_never_rose() {
    let place = Place::new();
    // So little is learnt in a step that the last rate is not too large.
    let timid =
        ["--set", "training.clip_norm=0.0001", "--set", "data.source=synthetic", "--set", "data.synthetic_train=600"];
    let report = place.train(&[&["lr-find", "linear", "--json"][..], &timid].concat()).json();
    let losses: Vec<f64> =
        report["curve"].as_array().unwrap().iter().map(|step| step["loss"].as_f64().unwrap()).collect();
    let least = losses.iter().copied().fold(f64::INFINITY, f64::min);
    let rose = *losses.last().unwrap() > least || report["diverged"] == true;
    assert_eq!(report["rose"], rose);
    assert!(!rose, "{losses:?}");
    let shown = place.train(&[&["lr-find", "linear"][..], &timid].concat()).ok().stdout;
    assert!(shown.contains("the loss never rose, up to the last rate, 10: "), "{shown}");
}

#[test]
fn lr_find_says_where_no_rate_helps() {
    let data = ["--set", "data.source=synthetic", "--set", "data.synthetic_train=2", "--set", "data.synthetic_valid=2"];
    let still = ["lr-find", "linear", "--set", "training.loss=mnist-loss", "--set", "optimizer.weight_decay=1e30"];
    let ran = Place::new().train(&[&still[..], &data].concat());
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stderr.contains("the loss falls at no learning rate"), "{ran:?}");
}
