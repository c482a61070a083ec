//! `train tour`: every section, in the terminal and as a page.

use std::{fs, time::Instant};

use crate::harness::{Place, Ran, SMALL, real_archive, real_mnist};

fn tour(place: &Place, arguments: &[&str]) -> Ran {
    place.train(&[&["tour"], arguments, SMALL].concat())
}

/// The numbers of the sections that a text shows, by the lines below their headings.
fn sections(text: &str) -> Vec<usize> {
    let lines: Vec<&str> = text.lines().collect();
    let headings = lines.windows(2).filter(|pair| pair[1].starts_with('═')).map(|pair| pair[0]);
    headings.map(|heading| heading.split_once('.').unwrap().0.parse().unwrap()).collect()
}

/// A folder of two classes with these names.
fn folder(place: &Place, classes: [&str; 2]) {
    for (class, value) in classes.into_iter().zip([20u8, 200]) {
        for path in [format!("own/train/{class}"), format!("own/valid/{class}")] {
            fs::create_dir_all(place.path().join(&path)).unwrap();
            let file = fs::File::create(place.path().join(path).join("a.png")).unwrap();
            let mut encoder = png::Encoder::new(file, 8, 8);
            encoder.set_color(png::ColorType::Grayscale);
            encoder.write_header().unwrap().write_image_data(&[value; 64]).unwrap();
        }
    }
}

const OWN: [&str; 6] =
    ["--set", "data.source=folder", "--set", "data.path=own", "--set", "data.classes=[\"cat\",\"dog\"]"];

#[test]
fn all_sections_are_shown_in_the_terminal_and_the_deep_one_says_how_to_get_it() {
    let place = Place::new();
    let ran = tour(&place, &["--plain"]).ok();
    assert_eq!(sections(&ran.stdout), (1..=14).collect::<Vec<_>>());
    assert!(
        ran.stdout.contains(
            "\nLeft out: it trains two residual nets, which takes a minute or more; `train tour\n--deeper` shows it"
        ),
        "lines of 80 columns where there is no terminal"
    );
    assert!(!ran.stdout.contains('\u{1b}') && ran.stderr.is_empty(), "{}", ran.stderr);
    for part in ["0.4333", "0.2333", "[6.0, 8.0, 20.0]", "676.95", "23581", "0.5006", "to the last bit", "(11.6 MB)"] {
        assert!(ran.stdout.contains(part), "{part}");
    }
    // Code alone, which is indented, stays as it is.
    assert!(ran.stdout.lines().all(|line| line.starts_with("    ") || line.chars().count() <= 80), "{}", ran.stdout);
    assert!(!place.path().join("tour.html").exists() && place.runs().is_empty());
}

#[test]
fn the_page_stands_alone_and_shows_the_code_as_it_is() {
    let place = Place::new();
    let ran = tour(&place, &["--html", "page.html"]).ok();
    assert!(ran.stdout.ends_with("written to `page.html`\n"), "{}", ran.stdout);
    let page = fs::read_to_string(place.path().join("page.html")).unwrap();
    let text = page.replace("http://www.w3.org/2000/svg", "");
    assert!(!["://", "<script ", "<link", "url(", "@import"].iter().any(|bad| text.contains(bad)));
    // The contents, and the outcomes at the beginning.
    assert_eq!((page.matches("<section id=").count(), page.matches("<a href=\"#section-").count()), (15, 15 + 5));
    let (page, next) = page.rsplit_once("<section id=").unwrap();
    assert!(next.contains("<h2>What next</h2>") && next.contains("train") && next.contains("serve"), "{next}");
    let page = page.to_owned();
    assert!(page.contains("<a href=\"#section-3\">pixel similarity, L2</a>"), "{page}");
    let (left_out, shown): (Vec<&str>, Vec<&str>) =
        page.split("<section id=").skip(1).partition(|section| section.contains("<p>Left out: "));
    assert!(
        left_out.len() == 1 && left_out[0].contains("<h2>12. Going deeper: a residual net (left out)</h2>"),
        "{left_out:?}"
    );
    for section in shown {
        assert!(section.contains("<pre>") && section.contains("crates/"), "a section without code: {section}");
    }
    // A chart's field and the keys of its legend are pictures within one that has its text.
    assert!(page.matches("role=\"img\" aria-label=\"").count() > 10 && !page.contains("aria-label=\"\""));
    let source = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/chapter/src/sgd.rs")).unwrap();
    let step = source.split("/// Step 5").nth(1).unwrap().split("\n}\n").next().unwrap();
    let colours = ["b", "i", "var", "samp"].into_iter().flat_map(|name| [format!("<{name}>"), format!("</{name}>")]);
    let lines = (1..40).map(|columns| format!("<span class=\"line\" style=\"--in:{columns}\">"));
    let page = colours
        .chain(lines)
        .chain(["<span class=\"line\">".into(), "</span>".into()])
        .fold(page, |page, tag| page.replace(&tag, ""))
        .replace("&quot;", "\"");
    assert!(page.contains(&step.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")), "{step}");
}

#[test]
fn sections_can_be_chosen_the_deep_one_too() {
    let place = Place::new();
    assert_eq!(sections(&tour(&place, &["--plain", "--section", "4"]).ok().stdout), [4]);
    let ran = tour(&place, &["--plain", "--section", "12", "--section", "9"]).ok();
    assert_eq!(sections(&ran.stdout), [12, 9]);
    assert!(ran.stdout.contains("77457"), "{}", ran.stdout);
    let refused = "cannot write `no/tour.html`: No such file or directory (os error 2); does its folder exist?";
    tour(&place, &["--html", "no/tour.html"]).fails(2, refused);
    tour(&place, &["--section", "15"]).fails(2, "there is no section 15; the tour has the sections 1 to 14");
    let zero = tour(&place, &["--section", "0"]);
    assert!(zero.code == 2 && zero.stderr.contains("expected a whole number from 1"), "{zero:?}");
}

#[test]
fn data_of_other_classes_has_the_sections_that_are_not_about_digits() {
    let place = Place::new();
    folder(&place, ["cat", "dog"]);
    let ran = place.train(&[&["tour", "--plain"], &OWN[..]].concat()).ok();
    assert_eq!(sections(&ran.stdout), (1..=14).collect::<Vec<_>>());
    let about = "the data is of cat and dog, not of 3s and 7s";
    assert_eq!(ran.stdout.matches(&format!("Left out: {about}; `train tour` without")).count(), 6, "{}", ran.stdout);
    assert_eq!(ran.stderr, format!("warning: {about}: shown are the sections 2, 4, 5, 8, 9, 10, 13, 14\n"));
    let ran = place.train(&[&["tour", "--section", "3"], &OWN[..]].concat());
    ran.fails(2, &format!("{about}; it can show the sections 2, 4, 5, 8, 9, 10, 13, 14, not 3"));
    let about = "`data.classes` has the 7s as the positive class, the chapter has the 3s";
    let ran = tour(&place, &["--section", "1", "--set", "data.classes=[\"7\",\"3\"]"]);
    ran.fails(2, &format!("{about}; it can show the sections 2, 4, 5, 8, 9, 10, 13, 14, not 1"));
}

#[test]
fn on_the_real_data_it_takes_less_than_a_minute_and_shows_the_books_figures() {
    let Some(archive) = real_archive() else { return };
    let began = Instant::now();
    let path = format!("data.path={archive}");
    let ran = Place::new().train(&["tour", "--plain", "--set", "data.source=archive", "--set", &path]).ok();
    assert!(began.elapsed().as_secs() < 60, "{:?}", began.elapsed());
    for part in [
        "0.9168",
        "0.9854",
        "0.9511",
        "0.1114",
        "0.2021",
        "0.495584",
        "0.4932",
        "[6131, 28, 28]",
        "the book",
        "In all 40 epochs",
    ] {
        assert!(ran.stdout.contains(part), "{part}");
    }
}

#[test]
fn all_of_mnist_has_a_section_of_its_own() {
    let Some(folder) = real_mnist() else { return };
    let path = format!("data.path={folder}");
    let ran = Place::new().train(&["tour", "mnist", "--plain", "--set", "data.source=idx", "--set", &path]).ok();
    assert_eq!(ran.stdout.matches("Left out: the data is of 10 classes").count(), 6);
    assert!(ran.stderr.starts_with("warning: the data is of 10 classes, not of 3s and 7s"), "{}", ran.stderr);
    for part in ["0.6685", "0.8203", "mean 9", "epoch  5  train_loss 0.29", "of the class"] {
        assert!(ran.stdout.contains(part), "{part}");
    }
}
