//! The pages as a person opens them: narrow and wide, light and dark.

use std::{env, fs, path::Path, thread, time::Duration};

use chart::{Block, Document, html};

use crate::{
    browser::{Browser, Seen, WIDTHS},
    harness::{Place, SMALL, real_archive},
};

/// WCAG 2.1 of text, and of graphics.
const LEAST_CONTRASTS: [f64; 2] = [4.5, 3.0];

/// The texts and the lines of charts whose contrast with what lies below them is less than it should be. What lies below is painted as it lies, page,
/// boxes, the cell of a picture, and the text's colour on top.
const CONTRAST: &str = include_str!("contrast.js");

/// What can be reached by the tab key and has no name.
const NAMELESS: &str = "[...document.querySelectorAll('[tabindex=\"0\"], button, a, summary')]
    .filter((element) => !(element.ariaLabel || element.getAttribute('aria-labelledby') || element.textContent.trim())
        || (element.tabIndex === 0 && element.matches('[tabindex]') && !element.getAttribute('aria-label')))
    .map((element) => element.outerHTML.slice(0, 200)).join('\\n')";

/// Nothing is fetched, nothing complains, nothing has to be scrolled sideways. The pictures go to the folder that
/// `TRAIN_TEST_PICTURES` names.
fn look(browser: &mut Browser, page: &Path, name: &str) {
    for (width, dark) in WIDTHS.into_iter().flat_map(|width| [(width, false), (width, true)]) {
        let seen = browser.look(page, width, dark);
        check(browser, seen, name, width, dark);
    }
}

/// The same of a page that is open.
pub fn check(browser: &mut Browser, Seen { trouble, overflow, png }: Seen, name: &str, width: u32, dark: bool) {
    if let Some(folder) = env::var_os("TRAIN_TEST_PICTURES") {
        let scheme = if dark { "dark" } else { "light" };
        fs::write(Path::new(&folder).join(format!("{name}-{width}-{scheme}.png")), &png).unwrap();
    }
    assert!(trouble.is_empty() && overflow <= 0, "{name} at {width}: {overflow} too wide, {trouble:?}");
    let [text, lines] = LEAST_CONTRASTS;
    let faint = browser.text(&format!("({CONTRAST})({text}, {lines})"));
    assert!(faint.is_empty(), "{name} at {width}, dark {dark}: {faint}");
    let nameless = browser.text(NAMELESS);
    assert!(nameless.is_empty(), "{name}: {nameless}");
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
    let evaluation = fs::read_to_string(place.path().join("evaluation.html")).unwrap();
    assert!(evaluation.contains("Why: what decides the top losses"), "{evaluation}");
    for page in ["evaluation", "image"] {
        look(&mut browser, &place.path().join(page).with_extension("html"), page);
    }
}

#[test]
fn a_live_page_comes_anew_with_what_was_opened_still_open() {
    let Some(mut browser) = Browser::start() else { return };
    let place = Place::new();
    let file = place.path().join("live.html");
    let write = |title: &str, every: u64| {
        let fold = |summary: &str| Block::Fold { summary: summary.into(), blocks: vec![Block::text("more")] };
        let lead = vec![fold("opened"), fold("closed")];
        let document = Document { title: title.into(), lead, sections: vec![] };
        fs::write(&file, html::live_page(&document, every)).unwrap();
    };
    write("epoch 1", 3);
    browser.open(&file, 820, false);
    browser.evaluate("document.querySelector('details').open = true");
    // It stays as it is: nothing comes between it and what is asked of it.
    write("epoch 2", 3600);
    browser.comes_anew();
    while browser.text("document.querySelector('h1').textContent") != "epoch 2" {
        browser.comes_anew();
    }
    let open = browser.text("JSON.stringify([...document.querySelectorAll('details')].map((fold) => fold.open))");
    assert_eq!(open, "[true,false]");
}

#[test]
fn a_live_page_that_nobody_writes_any_more_says_so_and_stays_as_it_is() {
    let Some(mut browser) = Browser::start() else { return };
    let place = Place::new();
    let file = place.path().join("live.html");
    let page = html::live_page(&Document { title: "epoch 1".into(), ..Document::default() }, 2);
    let old = page.replacen("data-written=\"", "data-written=\"1000000000\" data-then=\"", 1);
    assert!(old != page && !page.contains("http-equiv=\"refresh\""), "{page}");
    for (page, expected) in [(page, ""), (old, "Nothing has been written since 9/9/2001")] {
        fs::write(&file, page).unwrap();
        browser.open(&file, 390, false);
        let said = browser.text("document.querySelector('.unwritten')?.textContent ?? ''");
        assert!(said.starts_with(expected) && said.is_empty() == expected.is_empty(), "{said}");
    }
    // Twice as long as it would take to come anew.
    thread::sleep(Duration::from_secs(4));
    assert!(browser.evaluate("performance.now()").as_f64().unwrap() > 3500.0, "it came anew");
}

#[test]
fn the_pages_of_a_residual_net_of_its_predictions_and_of_a_batch_can_be_read_in_any_window() {
    let Some(mut browser) = Browser::start() else { return };
    let place = Place::new();
    let small = ["--set", "training.epochs=2", "--set", "model.channels=2", "--set", "augmentation.degrees=10.0"];
    place.train_small(&[&["resnet"], &small[..]].concat()).ok();
    let seven = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/seven.png").display().to_string();
    place.train(&["predict", "latest", &seven, "--html", "predictions.html"]).ok();
    place.train(&[&["show", "--batch", "--html", "batch.html"], SMALL].concat()).ok();
    look(&mut browser, &place.run().join("report.html"), "residual-net");
    for page in ["predictions", "batch"] {
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
    let pictures = page.matches("role=\"img\"").count();
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
    let expected = [
        "Accuracy of each seed of 2 groups",
        "Validation loss by epoch: learning_rate=",
        "Validation accuracy by epoch",
    ];
    described(&fs::read_to_string(page).unwrap(), &expected);
}

/// The report of a short run with two charts side by side.
fn short_run(place: &Place) -> std::path::PathBuf {
    place.train_small(&["linear", "--set", "training.epochs=10"]).ok();
    place.run().join("report.html")
}

#[test]
fn a_pointer_or_an_arrow_key_shows_the_values_of_an_epoch() {
    let Some(mut browser) = Browser::start() else { return };
    let place = Place::new();
    let page = short_run(&place);
    browser.open(&page, 1440, false);
    let tip = "document.querySelector('.tip').hidden ? '' : document.querySelector('.tip').innerText";
    assert_eq!(browser.text(tip), "");
    browser.point_at(".plot", [0.99, 0.5]);
    let last: Vec<serde_json::Value> = crate::harness::metrics(&place.run());
    let losses = ["train", "valid"].map(|split| last[9][split]["loss"].as_f64().unwrap());
    let shown = browser.text(tip);
    let numbers: Vec<f64> = shown.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    assert!(shown.starts_with("epoch 10") && shown.contains("training") && shown.contains("validation"), "{shown}");
    for loss in losses {
        assert!(numbers.iter().any(|number| (number / loss - 1.0).abs() < 1e-4), "{loss}: {shown}");
    }
    assert_eq!(browser.evaluate("document.querySelectorAll('.plot .dot').length"), 2);
    browser.evaluate("document.querySelector('.plot').focus()");
    browser.press("Escape");
    assert_eq!(browser.text(tip), "");
    browser.press("ArrowRight");
    assert!(browser.text(tip).starts_with("epoch 1"));
    browser.press("ArrowRight");
    assert!(browser.text(tip).starts_with("epoch 2"));
}

#[test]
fn series_go_off_and_on_and_the_scale_changes() {
    let Some(mut browser) = Browser::start() else { return };
    let place = Place::new();
    browser.open(&short_run(&place), 820, false);
    let visible = "getComputedStyle(document.querySelector('.series path')).visibility";
    let button = "document.querySelector('.legend button')";
    for (pressed, shown) in [("false", "hidden"), ("true", "visible")] {
        browser.evaluate(&format!("{button}.click()"));
        assert_eq!(browser.text(&format!("{button}.getAttribute('aria-pressed')")), pressed);
        assert_eq!(browser.text(visible), shown);
    }
    browser.evaluate(&format!("{button}.dispatchEvent(new MouseEvent('dblclick'))"));
    assert_eq!(
        browser.evaluate("document.querySelector('.lines').querySelectorAll('.legend [aria-pressed=true]').length"),
        1
    );
    let ticks = "[...document.querySelectorAll('.lines .scale')].filter((g) => g.tagName === 'g' && !g.hasAttribute('display')).map((g) => g.textContent).join()";
    let path = "document.querySelector('.series path').getAttribute('d')";
    let (before, log) = (browser.text(path), browser.text(ticks));
    browser.evaluate("document.querySelector('.scales button').click()");
    assert_ne!((browser.text(path), browser.text(ticks)), (before.clone(), log.clone()));
    browser.evaluate("document.querySelector('.scales button').click()");
    assert_eq!((browser.text(path), browser.text(ticks)), (before, log));
}

#[test]
fn a_part_of_a_chart_is_enlarged_and_lines_are_smoothed() {
    let Some(mut browser) = Browser::start() else { return };
    let place = Place::new();
    place.train(&[&["linear", "--set", "training.epochs=40"], SMALL].concat()).ok();
    browser.open(&place.run().join("report.html"), 820, false);
    let labels = "[...document.querySelectorAll('.plot')[0].querySelectorAll('.x text, .ticks text')].filter((text) => text.parentElement.style.display !== 'none').map((text) => text.textContent).join(' ')";
    let whole = browser.text(labels);
    // From a quarter to three quarters, over all of the height.
    browser.drag(".plot", &[[0.25, 0.5], [0.5, 0.5], [0.75, 0.5]]);
    let part = browser.text(labels);
    let epochs: Vec<f64> = part.split(' ').map(|label| label.parse().unwrap()).collect();
    assert!(epochs.len() > 3 && epochs.iter().all(|epoch| (10.0..31.0).contains(epoch)), "{part}");
    browser.point_at(".plot", [0.5, 0.5]);
    let tip = browser.text("document.querySelector('.tip b').textContent");
    let epoch: f64 = tip.strip_prefix("epoch ").unwrap().parse().unwrap();
    assert!((epoch - 20.5).abs() <= 1.0, "{tip}");
    let drawn = "document.querySelector('.plot svg svg').getAttribute('overflow')";
    assert_eq!(browser.text(drawn), "hidden");
    browser.evaluate("[...document.querySelectorAll('.scales .plain')][0].click()");
    assert_eq!((browser.text(labels), browser.text(drawn)), (whole, "visible".into()));
    browser.evaluate("const slider = document.querySelector('.scales input'); slider.value = 0.9; slider.oninput()");
    let last =
        |kind: &str| format!("Number(document.querySelector('.series path{kind}').getAttribute('d').split(' ').pop())");
    let [raw, smooth] = [":not(.smooth)", ".smooth"].map(|kind| browser.evaluate(&last(kind)).as_f64().unwrap());
    // A loss that falls was higher before; down is more.
    assert!(smooth < raw, "{smooth} {raw}");
    browser.evaluate("slider.value = 0; slider.oninput()");
    assert_eq!(browser.evaluate("document.querySelectorAll('.smooth').length"), 0);
}

#[test]
fn trials_are_chosen_by_parts_of_the_axes() {
    let Some(mut browser) = Browser::start() else { return };
    let place = Place::new();
    place.write(
        "study.toml",
        "base = \"linear\"\n[space]\n\"optimizer.learning_rate\" = [0.01, 0.1, 1.0]\nseed = [0, 1]",
    );
    place.train(&[&["sweep", "study.toml", "--set", "training.epochs=1"], SMALL].concat()).ok();
    browser.open(&place.path().join("runs/study/report.html"), 820, false);
    let told = "document.querySelector('.told').textContent";
    let height = browser.evaluate("document.querySelector('.parallel > svg').getBoundingClientRect().height");
    let first = 30.0 / height.as_f64().unwrap();
    browser.drag(".parallel > svg", &[[0.3, first], [0.5, first], [0.7, first]]);
    assert!(browser.text(told).starts_with("2 of 6 pass"), "{}", browser.text(told));
    assert_eq!(browser.evaluate("document.querySelectorAll('.parallel .faded').length"), 4);
    browser.drag(".parallel > svg", &[[0.9, first]]);
    assert_eq!(browser.evaluate("document.querySelectorAll('.parallel .faded').length"), 0);
    let visible = "[...document.querySelectorAll('.parallel path[data-item]')]
        .filter((path) => path.checkVisibility({ visibilityProperty: true })).length";
    for count in [5, 6] {
        browser.evaluate("document.querySelector('.parallel .legend button').click()");
        assert_eq!(browser.evaluate(visible), count, "without the best, and with it");
    }
}

#[test]
fn tables_sort_by_number_and_by_name() {
    let Some(mut browser) = Browser::start() else { return };
    let place = Place::new();
    let study = "base = \"linear\"\n[space]\n\"optimizer.learning_rate\" = [1e-6, 0.1, 1.0]";
    place.write("study.toml", study);
    place.train(&[&["sweep", "study.toml", "--set", "training.epochs=1"], SMALL].concat()).ok();
    browser.open(&place.path().join("runs/study/report.html"), 1440, false);
    let column = "[...document.querySelectorAll('table.data tbody')].find((body) => body.rows.length === 3 && body.parentNode.tHead)";
    let first = format!("[...{column}.rows].map((row) => row.cells[0].textContent).join(' ')");
    let head = format!("{column}.parentNode.tHead.rows[0].cells[0]");
    for (order, sorted) in [("ascending", "1 2 3"), ("descending", "3 2 1")] {
        browser.evaluate(&format!("{head}.querySelector('button').click()"));
        assert_eq!(browser.text(&format!("{head}.ariaSort")), order);
        assert_eq!(browser.text(&first), sorted);
    }
}

#[test]
fn a_trial_that_is_pointed_at_stands_out_in_all_charts_and_tables() {
    let Some(mut browser) = Browser::start() else { return };
    let place = Place::new();
    let study = "base = \"linear\"\n[space]\n\"optimizer.learning_rate\" = [0.01, 0.1, 1.0]\n\"optimizer.momentum\" = [0.0, 0.9]";
    place.write("study.toml", study);
    place.train(&[&["sweep", "study.toml", "--set", "training.epochs=2"], SMALL].concat()).ok();
    let page = place.path().join("runs/study/report.html");
    browser.open(&page, 1440, false);
    let lit = |kind: &str| format!("document.querySelectorAll('{kind}').length");
    assert_eq!(browser.evaluate(&lit(".lit, .dot")), 0);
    browser.point_at("tr[data-item='3']", [0.5, 0.5]);
    // Its row, its line over parallel axes, its curve; a dot in the chart of all trials, in those of both keys and over both.
    for (kind, least) in [("tr.lit", 1), ("path.lit", 1), ("g.lit", 1), (".dot", 4)] {
        assert!(browser.evaluate(&lit(kind)).as_u64().unwrap() >= least, "{kind}");
    }
    browser.point_at(".lines .plot", [0.4, 0.5]);
    let tip = browser.text("[...document.querySelectorAll('.tip')].find((tip) => !tip.hidden).innerText");
    assert!(tip.starts_with("trial ") && tip.contains("valid.accuracy"), "{tip}");
    assert!(browser.evaluate(&lit("tr.lit")).as_u64().unwrap() >= 1);
}

#[test]
fn the_scale_of_a_key_changes_and_what_is_pointed_at_stays_where_it_is_drawn() {
    let Some(mut browser) = Browser::start() else { return };
    let place = Place::new();
    let study = "base = \"linear\"\n[space]\n\"optimizer.learning_rate\" = [0.01, 0.1, 1.0]\n\"optimizer.momentum\" = [0.0, 0.9]";
    place.write("study.toml", study);
    place.train(&[&["sweep", "study.toml", "--set", "training.epochs=2"], SMALL].concat()).ok();
    browser.open(&place.path().join("runs/study/report.html"), 1440, false);
    // Of three learning rates, evenly apart by their magnitudes, the middle one.
    let chart = "[...document.querySelectorAll('.lines')].find((one) => one.dataset.xName === 'optimizer.learning_rate' && one.querySelector('.scales'))";
    browser.evaluate(&format!("{chart}.id = 'rates'"));
    let middle = "const box = document.querySelector('#rates .plot').getBoundingClientRect(); \
         const dots = [...document.querySelector('#rates .series path').getAttribute('d').matchAll(/M([\\d.]+)/g)].map((dot) => Number(dot[1])).sort((a, b) => a - b); \
         dots[2] / document.querySelector('#rates .plot > svg svg').viewBox.baseVal.width";
    let middle = format!("(() => {{ {} }})()", middle.replace("dots[2] /", "return dots[2] /"));
    let at = |browser: &mut Browser| browser.evaluate(&middle).as_f64().unwrap();
    let even = at(&mut browser);
    assert!((even - 0.5).abs() < 0.01, "{even}");
    browser.evaluate("document.querySelector('#rates .scales button').click()");
    let linear = at(&mut browser);
    assert!((0.07..0.09).contains(&linear), "{linear}");
    browser.evaluate("document.querySelector('#rates .plot').focus()");
    // Two trials of the lowest rate come before.
    (0..3).for_each(|_| browser.press("ArrowRight"));
    let cross = browser.text("document.querySelector('#rates .cross').style.left");
    assert!((cross.trim_end_matches('%').parse::<f64>().unwrap() - 100.0 * linear).abs() < 0.1, "{cross}");
    let tip = browser.text("document.querySelector('#rates .tip').innerText");
    assert!(tip.starts_with("trial ") && tip.contains("optimizer.learning_rate\n0.1"), "{tip}");
    browser.evaluate("document.querySelector('#rates .scales button').click()");
    assert!((at(&mut browser) - even).abs() < 0.001);
}

#[test]
fn curves_of_a_study_name_the_trial_that_is_pointed_at_with_its_values() {
    let Some(mut browser) = Browser::start() else { return };
    let place = Place::new();
    place.write("study.toml", "base = \"linear\"\n[space]\n\"optimizer.learning_rate\" = [1e-6, 0.1]");
    place.train(&[&["sweep", "study.toml", "--set", "training.epochs=3"], SMALL].concat()).ok();
    browser.open(&place.path().join("runs/study/report.html"), 1440, false);
    browser.evaluate(
        "[...document.querySelectorAll('.lines')].find((one) => one.dataset.xName === 'epoch').id = 'curves'",
    );
    browser.point_at("#curves .plot", [0.5, 0.02]);
    let tip = browser.text("document.querySelector('#curves .tip').innerText");
    assert!(tip.starts_with("trial 2") && tip.contains("epoch") && tip.contains("valid.accuracy"), "{tip}");
    assert_eq!(browser.evaluate("document.querySelectorAll('#curves .cross').length"), 1);
    // One key has no importance, and nothing to be parallel to.
    let headings = browser.text("[...document.querySelectorAll('h2')].map((h) => h.textContent).join()");
    assert!(!headings.contains("Parallel") && !headings.contains("Importance"), "{headings}");
    assert!(headings.contains("valid.accuracy against each key"), "{headings}");
}

#[test]
fn charts_of_a_study_take_the_width_of_the_page() {
    let Some(mut browser) = Browser::start() else { return };
    let place = Place::new();
    let study = "base = \"linear\"\nrepeat = 2\n[space]\n\"optimizer.learning_rate\" = [0.01, 0.1, 1.0]\n\"optimizer.momentum\" = [0.0, 0.9]";
    place.write("study.toml", study);
    place.train(&[&["sweep", "study.toml", "--set", "training.epochs=1"], SMALL].concat()).ok();
    for width in [390, 1440] {
        browser.open(&place.path().join("runs/study/report.html"), width, false);
        for chart in [".parallel > svg", ".spread > svg", ".bars"] {
            let part = format!(
                "document.querySelector('{chart}').getBoundingClientRect().width / document.querySelector('main').clientWidth"
            );
            assert!(browser.evaluate(&part).as_f64().unwrap() > 0.9, "{chart} at {width}");
        }
    }
}

#[test]
fn a_page_is_whole_without_its_script() {
    let Some(mut browser) = Browser::start() else { return };
    let place = Place::new();
    let page = short_run(&place);
    browser.run_scripts(false);
    look(&mut browser, &page, "report-without-script");
    assert_eq!(browser.evaluate("document.querySelectorAll('button').length"), 0);
    let shown =
        "[...document.querySelectorAll('.series path')].every((path) => path.getBoundingClientRect().width > 100)";
    assert_eq!(browser.evaluate(shown), true);
    assert!(browser.text("document.querySelector('.legend').innerText").contains("validation"));
}

#[test]
fn charts_beside_each_other_share_a_baseline_and_take_the_width() {
    let Some(mut browser) = Browser::start() else { return };
    let place = Place::new();
    browser.open(&short_run(&place), 1440, false);
    // Curves, ROC curve and calibration, whose axes have labels of other widths.
    let bottoms = browser.text(
        "[...document.querySelectorAll('.beside:has(> .lines + .lines)')].map((pair) => [...pair.querySelectorAll('.plot')]
            .map((plot) => Math.round(plot.getBoundingClientRect().bottom)).join()).join(' ')",
    );
    let bottoms: Vec<&str> = bottoms.split(' ').collect();
    assert!(bottoms.len() >= 3, "{bottoms:?}");
    for pair in bottoms {
        let (left, right) = pair.split_once(',').unwrap();
        assert_eq!(left, right);
    }
    let width = browser.evaluate("document.querySelector('.lines .plot').getBoundingClientRect().right - document.querySelector('main').getBoundingClientRect().left");
    let main = browser.evaluate("document.querySelector('main').clientWidth");
    assert!(width.as_f64().unwrap() > 0.45 * main.as_f64().unwrap(), "{width} of {main}");
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

#[test]
fn the_page_of_the_data_can_be_read_in_any_window() {
    let Some(mut browser) = Browser::start() else { return };
    let place = Place::new();
    let path = real_archive().map(|archive| format!("data.path={archive}"));
    let real = path.as_ref().map(|path| vec!["--set", "data.source=archive", "--set", path]);
    place.train(&[&["data", "--html", "data.html"], &real.unwrap_or(SMALL.to_vec())[..]].concat()).ok();
    let page = place.path().join("data.html");
    look(&mut browser, &page, "data");
    described(&fs::read_to_string(page).unwrap(), &["Images of each class in train, from", "Values of the pixels"]);
}

#[test]
fn a_slider_shows_the_descent_at_another_learning_rate() {
    let Some(mut browser) = Browser::start() else { return };
    let place = Place::new();
    place.train(&[&["tour", "--section", "4", "--html", "tour.html"], SMALL].concat()).ok();
    browser.open(&place.path().join("tour.html"), 820, false);
    let shown = "[...document.querySelectorAll('.slider > div')].filter((position) => position.checkVisibility())
        .map((position) => position.dataset.value).join(' ') + ', ' + document.querySelector('.slider label').textContent";
    assert_eq!(browser.text(shown), "0.5, learning rate 0.5");
    let moved =
        format!("const input = document.querySelector('.slider input'); input.value = 0; input.oninput(); {shown}");
    assert_eq!(browser.text(&moved), "0.05, learning rate 0.05");
    // On paper there is nothing to choose, and what it stands at is said.
    browser.print();
    let seen = "['input', 'label'].map((part) => document.querySelector(`.slider ${part}`).checkVisibility()).join()";
    assert_eq!(browser.text(seen), "false,true");
    assert_eq!(browser.text("getComputedStyle(document.querySelector('.slider')).display"), "inline-block", "whole");
}
