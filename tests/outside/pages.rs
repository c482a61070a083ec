//! The pages as a person opens them: narrow and wide, light and dark.

use std::{env, fs, path::Path};

use crate::{
    browser::{Browser, Seen, WIDTHS},
    harness::{Place, SMALL, real_archive},
};

/// Nothing is fetched, nothing complains, nothing has to be scrolled sideways. The pictures go to the folder that
/// `TRAIN_TEST_PICTURES` names.
fn look(browser: &mut Browser, page: &Path, name: &str) {
    for (width, dark) in WIDTHS.into_iter().flat_map(|width| [(width, false), (width, true)]) {
        let Seen { trouble, overflow, png } = browser.look(page, width, dark);
        if let Some(folder) = env::var_os("TRAIN_TEST_PICTURES") {
            let scheme = if dark { "dark" } else { "light" };
            fs::write(Path::new(&folder).join(format!("{name}-{width}-{scheme}.png")), &png).unwrap();
        }
        assert!(trouble.is_empty() && overflow <= 0, "{name} at {width}: {overflow} too wide, {trouble:?}");
    }
}

/// On the real data where there is some.
fn train(place: &Place, command: &str) {
    let path = real_archive().map(|archive| format!("data.path={archive}"));
    let real = path.as_ref().map(|path| vec!["--set", "data.source=archive", "--set", path]);
    place.train(&[&[command], &real.unwrap_or(SMALL.to_vec())[..]].concat()).ok();
}

#[test]
fn the_tour_can_be_read_in_any_window() {
    let Some(mut browser) = Browser::start() else { return };
    let place = Place::new();
    train(&place, "tour");
    look(&mut browser, &place.path().join("tour.html"), "tour");
}

#[test]
fn the_report_of_a_run_can_be_read_in_any_window() {
    let Some(mut browser) = Browser::start() else { return };
    let place = Place::new();
    train(&place, "linear");
    look(&mut browser, &place.run().join("report.html"), "report");
}

#[test]
fn the_pages_of_an_evaluation_and_of_an_image_can_be_read_in_any_window() {
    let Some(mut browser) = Browser::start() else { return };
    let place = Place::new();
    place.train_small(&["linear", "--set", "training.epochs=2"]).ok();
    place.train(&["evaluate", "latest", "--baseline", "--html", "evaluation.html"]).ok();
    place.train(&[&["show", "train/3/1", "--html", "image.html"], SMALL].concat()).ok();
    for page in ["evaluation", "image"] {
        look(&mut browser, &place.path().join(page).with_extension("html"), page);
    }
}

#[test]
fn the_report_of_a_study_can_be_read_in_any_window() {
    let Some(mut browser) = Browser::start() else { return };
    let place = Place::new();
    let keys = "base = \"two-layer\"\nsearch = \"random\"\ntrials = 6\nrepeat = 2\n";
    let space = "[space]\n\"optimizer.learning_rate\" = { log_uniform = [0.001, 1.0] }\n\"optimizer.kind\" = [\"sgd\", \"adam\"]";
    place.write("study.toml", &format!("{keys}{space}"));
    place.train(&[&["sweep", "study.toml", "--set", "training.epochs=3"], SMALL].concat()).ok();
    let page = place.path().join("runs/study/report.html");
    look(&mut browser, &page, "study");
    let text = fs::read_to_string(page).unwrap();
    for heading in ["Parallel coordinates", "Spread over seeds", "Importance of the keys", "Time and cost"] {
        assert!(text.contains(&format!("<h2>{heading}</h2>")), "{heading}");
    }
    described(
        &text,
        &["Parallel coordinates of 12 trials: optimizer.", "valid.accuracy after each epoch of 12", "Importance: "],
    );
}

/// Every picture says what there is to see, and these are among them.
#[track_caller]
fn described(page: &str, expected: &[&str]) {
    let pictures = page.matches("<svg ").count();
    let texts: Vec<&str> = page
        .split("aria-label=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .filter(|text| !text.is_empty())
        .collect();
    assert!(texts.len() >= pictures && pictures >= expected.len(), "{pictures} pictures, {texts:?}");
    for text in expected {
        assert!(texts.iter().any(|found| found.starts_with(text)), "{text}: {texts:?}");
    }
}

#[test]
fn a_comparison_over_seeds_can_be_read_in_any_window() {
    let Some(mut browser) = Browser::start() else { return };
    let place = Place::new();
    for (rate, seed) in ["0.1", "1.0"].into_iter().flat_map(|rate| ["0", "1", "2"].map(|seed| (rate, seed))) {
        let [rate, seed] = [format!("optimizer.learning_rate={rate}"), format!("seed={seed}")];
        place.train_small(&["linear", "--set", "training.epochs=3", "--set", &rate, "--set", &seed]).ok();
    }
    let runs: Vec<String> = place.runs().iter().map(|run| run.display().to_string()).collect();
    let runs: Vec<&str> = runs.iter().map(String::as_str).collect();
    place.train(&[&["compare"], &runs[..], &["--html", "compare.html"]].concat()).ok();
    let page = place.path().join("compare.html");
    look(&mut browser, &page, "compare");
    let expected =
        ["Accuracy of each seed of 2 groups", "Validation loss by epoch: group 1 from", "Validation accuracy by epoch"];
    described(&fs::read_to_string(page).unwrap(), &expected);
}

#[test]
fn a_browser_would_tell_of_trouble() {
    let Some(mut browser) = Browser::start() else { return };
    let place = Place::new();
    place.write(
        "bad.html",
        "<img src=\"https://example.org/x.png\"><div style=\"width:2000px\">x</div><script>throw 1</script>",
    );
    let seen = browser.look(&place.path().join("bad.html"), 390, false);
    let heard = |what: &str| seen.trouble.iter().any(|trouble| trouble.starts_with(what));
    assert!(
        heard("request https://example.org/x.png") && heard("exception") && seen.overflow > 1000,
        "{:?}",
        seen.trouble
    );
}
