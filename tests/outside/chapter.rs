//! The chapter's figures on the real data, where `MNIST_SAMPLE_ARCHIVE` names it.

use std::sync::Arc;

use chapter::figures::{self, Figure};
use data::{DataSet, Images, Request, Source};
use model::AutodiffBackend;
use serde_json::Value;
use train::backend::{BackendJob, dispatch};

use crate::harness::{Place, backends, metrics, real_archive, real_mnist, record};

fn real_data() -> Option<DataSet> {
    let path = real_archive()?.into();
    let cache = tempfile::tempdir().unwrap();
    let request = Request { source: Source::Archive { path }, cache: Some(cache.path().into()), ..Request::default() };
    Some(data::load(&request, &mut |_| {}).unwrap())
}

/// Trains on the real data; returns the place and the epochs.
fn trained(arguments: &[&str]) -> Option<(Place, Vec<Value>)> {
    let path = format!("data.path={}", real_archive()?);
    let place = Place::new();
    place.train(&[arguments, &["--set", "data.source=archive", "--set", &path]].concat()).ok();
    let epochs = metrics(&place.run());
    Some((place, epochs))
}

fn accuracy(epoch: &Value) -> f64 {
    epoch["valid"]["accuracy"].as_f64().unwrap()
}

/// What the book prints beside what a backend computes, without data where there is none.
struct Figures<'a>(Option<&'a DataSet>);

impl BackendJob for Figures<'_> {
    const WORK: &'static str = "computing the figures";

    type Output = Vec<Figure>;

    fn run<B: AutodiffBackend>(self, device: B::Device) -> Vec<Figure> {
        let of_the_data = self.0.map(|data| figures::of_the_data::<B>(data, &device)).unwrap_or_default();
        [figures::of_the_snippets::<B>(&device), of_the_data].concat()
    }
}

#[test]
fn the_figures_of_the_book_hold_on_every_backend() {
    let (data, cache) = (real_data(), tempfile::tempdir().unwrap());
    for kind in backends() {
        for figure in dispatch(kind, 0, cache.path(), Figures(data.as_ref())).unwrap() {
            assert!(figure.is_ok(), "{kind}: {figure:?}");
        }
    }
}

#[test]
fn the_splits_have_the_published_numbers_of_images() {
    let Some(data) = real_data() else { return };
    let counts = |digits: &Arc<Images>| (digits.count(0), digits.count(1));
    assert_eq!((counts(&data.train), counts(&data.valid)), ((6131, 6265), (1010, 1028)));
    assert_eq!(data.fingerprint, data::MNIST_SAMPLE_FINGERPRINT);
}

#[test]
fn the_pixel_similarity_baseline_scores_as_published() {
    let Some(archive) = real_archive() else { return };
    let path = format!("data.path={archive}");
    let ran = Place::new().train(&["baseline", "--set", "data.source=archive", "--set", &path]).ok();
    let row = |name: &str| {
        let line = ran.stdout.lines().find(|line| line.trim_start().starts_with(name)).unwrap().to_owned();
        line.split_whitespace().skip(1).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(row("L1"), ["0.9168", "0.9854", "0.9511"]);
    assert_eq!(row("L2"), ["0.9584", "0.9737", "0.9661"]);
}

#[test]
fn the_linear_baseline_reaches_0_975_in_20_epochs() {
    let Some((place, epochs)) = trained(&["linear"]) else { return };
    assert_eq!(record(&place.run())["model"]["parameters"], 785);
    assert_eq!(epochs.len(), 20);
    assert!(accuracy(&epochs[19]) >= 0.975, "{}", epochs[19]);
}

#[test]
fn the_two_layer_net_reaches_0_981_in_40_epochs_with_each_of_five_seeds() {
    for seed in 0..5 {
        let seed = format!("seed={seed}");
        let Some((_, epochs)) = trained(&["two-layer", "--set", &seed]) else { return };
        assert_eq!(epochs.len(), 40);
        println!("{seed}: {}", accuracy(&epochs[39]));
        assert!(accuracy(&epochs[39]) >= 0.981, "{seed}: {}", epochs[39]);
    }
}

#[test]
fn an_epoch_has_49_batches_of_at_most_256() {
    let Some((_, epochs)) = trained(&["linear", "--set", "training.epochs=1"]) else { return };
    assert_eq!(epochs[0]["step"], 49);
}

#[test]
fn trained_on_drawn_digits_alone_it_knows_0_9_of_the_real_ones() {
    let Some(archive) = real_archive() else { return };
    let place = Place::new();
    place.train(&["--set", "data.source=synthetic"]).ok();
    let data = format!("archive:{archive}");
    let report = place.train(&["evaluate", "latest", "--data", &data, "--json"]).ok().json();
    let accuracy = report["metrics"]["accuracy"].as_f64().unwrap();
    println!("trained on synthetic, real accuracy {accuracy}");
    assert!(accuracy >= 0.95, "{report}");
}

#[test]
fn verify_leaves_out_what_drawn_digits_cannot_show() {
    let report = Place::new().train(&["verify", "--json", "--set", "data.source=synthetic"]).ok().json();
    assert!(report["left_out"].as_str().unwrap().contains("the data is synthetic"));
    let figures = report["figures"].as_array().unwrap();
    assert!(figures.len() > 20 && figures.iter().all(|figure| figure["ok"] == true), "{report}");
    assert!(figures[0]["found"]["flex"].is_array() && figures[0]["found"]["ndarray"].is_array());
}

#[test]
fn verify_can_be_asked_for_one_backend() {
    let asked = ["verify", "--backend", "ndarray", "--set", "data.source=synthetic"];
    let ran = Place::new().train(&asked).ok();
    assert!(ran.stdout.contains("figures hold on ndarray\n") && !ran.stdout.contains("flex"), "{}", ran.stdout);
}

#[test]
fn verify_holds_every_figure_on_the_real_data() {
    let Some(archive) = real_archive() else { return };
    let place = Place::new();
    let ran = place.train(&["verify", "--set", "data.source=archive", "--set", &format!("data.path={archive}")]).ok();
    let end = "42 of 42 figures hold on ndarray, flex\n\
        left out: the figures of all of MNIST; `train baseline mnist` fetches it (11.6 MB)\n";
    assert!(ran.stdout.ends_with(end), "{}", ran.stdout);
}

#[test]
fn verify_holds_every_figure_of_all_of_mnist() {
    let Some(folder) = real_mnist() else { return };
    let of_mnist = ["verify", "mnist", "--set", "data.source=idx", "--set", &format!("data.path={folder}")];
    let ran = Place::new().train(&of_mnist).ok();
    assert!(ran.stdout.contains("31 of 31 figures hold on ndarray, flex"), "{}", ran.stdout);
    let row = ran.stdout.lines().find(|line| line.contains("ten means, L2")).unwrap();
    assert_eq!(row.split_whitespace().rev().take(4).collect::<Vec<_>>(), ["yes", "0.8203", "0.8203", "2.1e-4"]);
    assert!(ran.stdout.contains("the data is idx, not MNIST_SAMPLE\n"), "{}", ran.stdout);
}
