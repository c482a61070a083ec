//! `train show`: an image as numbers, a batch as pictures.

use std::fs;

use data::{Request, Source};

use crate::harness::{Place, Ran, SMALL, real_archive};

/// The numbers of a table without those of its rows and columns.
fn cells(ran: &Ran) -> Vec<Vec<u8>> {
    let lines = ran.stdout.lines().skip(3).take_while(|line| !line.is_empty());
    lines.map(|line| line.split_whitespace().skip(1).map(|cell| cell.parse().unwrap()).collect()).collect()
}

/// A PNG of 2 rows and 3 columns.
fn small_png(place: &Place) {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 3, 2);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header().unwrap().write_image_data(&[0, 10, 200, 7, 255, 3]).unwrap();
    fs::write(place.path().join("small.png"), bytes).unwrap();
}

fn shown(place: &Place, arguments: &[&str]) -> Ran {
    place.train(&[&["show"], arguments, SMALL].concat())
}

#[test]
fn the_books_table_is_that_of_the_second_3() {
    const LINES: &str = "\
        0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n\
        0 0 0 0 0 29 150 195 254 255 254 176 193 150 96 0 0 0\n\
        0 0 0 48 166 224 253 253 234 196 253 253 253 253 233 0 0 0\n\
        0 93 244 249 253 187 46 10 8 4 10 194 253 253 233 0 0 0\n\
        0 107 253 253 230 48 0 0 0 0 0 192 253 253 156 0 0 0\n\
        0 3 20 20 15 0 0 0 0 0 43 224 253 245 74 0 0 0\n\
        0 0 0 0 0 0 0 0 0 0 249 253 245 126 0 0 0 0\n\
        0 0 0 0 0 0 0 14 101 223 253 248 124 0 0 0 0 0\n\
        0 0 0 0 0 11 166 239 253 253 253 187 30 0 0 0 0 0\n\
        0 0 0 0 0 16 248 250 253 253 253 253 232 213 111 2 0 0\n\
        0 0 0 0 0 0 0 43 98 98 208 253 253 253 253 187 22 0";
    let Some(archive) = real_archive() else { return };
    let path = format!("data.path={archive}");
    let part = ["show", "train/3/1", "--rows", "4..15", "--cols", "4..22"];
    let ran = Place::new().train(&[&part[..], &["--set", "data.source=archive", "--set", &path]].concat()).ok();
    let lines: Vec<String> =
        cells(&ran).iter().map(|row| row.iter().map(u8::to_string).collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(lines.join("\n"), LINES, "{}", ran.stdout);
    assert!(ran.stdout.starts_with("train/3/1 (10000.png): 28 x 28 pixels"), "{}", ran.stdout);
}

#[test]
fn a_file_is_shown_whole_or_in_part() {
    let place = Place::new();
    small_png(&place);
    let ran = place.train(&["show", "small.png"]).ok();
    assert_eq!(
        ran.stdout,
        "small.png: 2 x 3 pixels, rows 0..2, columns 0..3\n\n    0   1   2\n0   0  10 200\n1   7 255   3\n"
    );
    assert_eq!(cells(&place.train(&["show", "small.png", "--rows", "1..", "--cols", "..2"]).ok()), [[7, 255]]);
}

#[test]
fn a_digit_is_the_one_with_its_number_within_split_and_class() {
    let source = Source::Synthetic { seed: 0, train: 600, valid: 200 };
    let data = data::load(&Request { source, ..Request::default() }, &mut |_| {}).unwrap();
    let ran = shown(&Place::new(), &["valid/7/99"]).ok();
    assert!(ran.stdout.starts_with("valid/7/99: 28 x 28 pixels, rows 0..28, columns 0..28\n"), "{}", ran.stdout);
    assert_eq!(data.valid.labels()[99..101], [0, 1]);
    assert_eq!(cells(&ran).concat(), data.valid.image(199));
    assert_eq!(cells(&shown(&Place::new(), &["valid/3/99"]).ok()).concat(), data.valid.image(99));
}

#[test]
fn the_first_batch_is_drawn_with_its_labels() {
    let place = Place::new();
    let ran = shown(&place, &["--batch", "--images", "6"]).ok();
    assert!(ran.stdout.starts_with("6 of the 64 images of the first batch of synthetic, seed 0\n"), "{}", ran.stdout);
    let labels = |ran: &Ran| -> String {
        let is_caption = |line: &&str| line.split_whitespace().all(|word| ["3", "7"].contains(&word));
        ran.stdout.lines().filter(is_caption).flat_map(str::split_whitespace).collect()
    };
    assert_eq!(labels(&ran).len(), 6, "{}", ran.stdout);
    // As `show` takes it.
    let name = ran.stdout.split_whitespace().find(|word| word.starts_with("train/")).unwrap();
    assert!(shown(&place, &[name]).ok().stdout.starts_with(&format!("{name}: 28 x 28 pixels")), "{name}");
    let again = shown(&place, &["--batch", "--images", "64", "--set", "seed=1"]).ok();
    assert!(labels(&again).contains('3') && labels(&again).contains('7'), "{}", again.stdout);
    assert_ne!(shown(&place, &["--batch", "--images", "6", "--set", "seed=1"]).stdout, ran.stdout);
}

#[test]
fn an_image_is_shown_as_the_epochs_see_it() {
    let place = Place::new();
    let flip = ["--set", "augmentation.flip=0.5", "--html", "variants.html"];
    let ran = shown(&place, &[&["train/3/1", "--variants", "9"], &flip[..]].concat()).ok();
    assert!(ran.stdout.starts_with("train/3/1 as the first 9 epochs see it, seed 0\n"), "{}", ran.stdout);
    let page = fs::read_to_string(place.path().join("variants.html")).unwrap();
    let mut images: Vec<&str> = page.split("src=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(images.len() == 10 && page.contains(">as it is<") && page.contains(">epoch 9<"), "{}", images.len());
    // Mirrored or not.
    images.sort_unstable();
    images.dedup();
    assert_eq!(images.len(), 2);
    assert!(page.contains("alt=\"train/3/1 as it is\"") && page.contains("alt=\"train/3/1 in epoch 9\""), "{page}");
    let ran = shown(&place, &["train/3/1", "--variants", "2"]).ok();
    assert!(ran.stdout.starts_with("train/3/1: the plan's `[augmentation]` changes nothing\n"), "{}", ran.stdout);
    small_png(&place);
    let ran = shown(&place, &["small.png", "--variants", "2"]);
    assert!(
        ran.code == 2 && ran.stderr.contains("`small.png`: it is a file; `--variants` takes an image of"),
        "{ran:?}"
    );
}

#[test]
fn the_images_of_a_batch_are_shown_as_the_epochs_see_each() {
    let place = Place::new();
    let arguments = ["--batch", "--images", "2", "--variants", "3", "--set", "augmentation.flip=0.5"];
    let ran = shown(&place, &[&arguments[..], &["--html", "variants.html"]].concat()).ok();
    let title = "2 of the 64 images of the first batch of synthetic, seed 0, as the first 3 epochs see them\n";
    assert!(ran.stdout.starts_with(title), "{}", ran.stdout);
    let page = fs::read_to_string(place.path().join("variants.html")).unwrap();
    // Each below its label and its name: as it is, and three times.
    assert_eq!((page.matches("<img ").count(), page.matches(">as it is<").count()), (8, 2), "{page}");
    assert_eq!(page.matches("<p>3: train/3/").count() + page.matches("<p>7: train/7/").count(), 2, "{page}");
}

#[test]
fn a_config_decides_the_batch() {
    let place = Place::new();
    let ran = place
        .write("mine.toml", "seed = 5\n[training]\nbatch_size = 4\n[data]\nsource = \"synthetic\"\n")
        .train(&["show", "--batch", "mine.toml"])
        .ok();
    assert!(ran.stdout.starts_with("4 of the 4 images of the first batch of synthetic, seed 5\n"), "{}", ran.stdout);
}

#[test]
fn the_page_holds_the_same_and_fetches_nothing() {
    let place = Place::new();
    small_png(&place);
    let ran = place.train(&["show", "small.png", "--html", "small.html"]).ok();
    assert!(ran.stdout.ends_with("\nwritten to `small.html`\n"), "{}", ran.stdout);
    shown(&place, &["--batch", "--html", "batch.html"]).ok();
    let page = |name: &str| fs::read_to_string(place.path().join(name)).unwrap();
    let (small, batch) = (page("small.html"), page("batch.html"));
    for value in ["<h1>small.png: 2 x 3 pixels", ">10</td>", ">200</td>", ">255</td>"] {
        assert!(small.contains(value), "{value}: {small}");
    }
    assert_eq!(batch.matches("<img ").count(), 64);
    for part in ["<h1>First batch of synthetic</h1>", "<summary>54 more of the 64 images of the batch</summary>"] {
        assert!(batch.contains(part), "{part}: {batch}");
    }
    shown(&place, &["--batch", "--images", "12", "--html", "some.html"]).ok();
    let summary = "<summary>2 more of the 64 images of the batch; 52 are left out, --images 64 shows all</summary>";
    assert!(page("some.html").contains(summary), "{}", page("some.html"));
    for page in [small, batch] {
        let page = page.replace("http://www.w3.org/2000/svg", "");
        assert!(!["://", "<script ", "<link", "url("].iter().any(|bad| page.contains(bad)), "{page}");
        assert!(page.contains("aria-label=") && page.contains("color-scheme: light dark"), "{page}");
    }
}

#[test]
fn what_is_not_there_is_named_with_what_is() {
    let place = Place::new();
    let fails = |arguments: &[&str], message: &str| shown(&place, arguments).fails(2, message);
    fails(&["valid/7/100"], "`valid/7/100`: valid/7 has 100 images, from valid/7/0 to valid/7/99");
    fails(&["valid/8/0"], "`valid/8/0`: there is no class `8`, only 3 and 7");
    fails(&["test/3/0"], "`test/3/0`: there is no split `test`, only train and valid");
    fails(&["a.png"], "there is no file `a.png`; an image of the data is named as in `train/3/1`");
    fails(&["train/3"], "there is no file `train/3`; an image of the data is named as in `train/3/1`");
    let part = "the image has the rows 0..28, and a part needs at least one";
    fails(&["train/3/1", "--rows", "4..29"], &format!("--rows 4..29: {part}"));
    fails(&["train/3/1", "--rows", "4..4"], &format!("--rows 4..4: {part}"));
    small_png(&place);
    let page = "cannot write `no/a.html`: No such file or directory (os error 2); does its folder exist?";
    fails(&["small.png", "--html", "no/a.html"], page);
}

#[test]
fn bad_usage_says_what_would_be_right() {
    let place = Place::new();
    for (arguments, hint) in [
        (&["show"][..], "<FILE|SPLIT/CLASS/INDEX>"),
        (&["show", "a.png", "--rows", "4"], "write it as 4..15"),
        (&["show", "a.png", "--cols", "a..4"], "`a` is no number; write it as 4..15"),
        (&["show", "a.png", "--images", "4"], "--batch"),
        (&["show", "--batch", "--rows", "1..2"], "cannot be used with"),
        (&["show", "train/3/1", "--raw"], "--batch"),
        (&["show", "train/3/1", "--variants", "0"], "expected a whole number from 1"),
        (&["show", "a.png", "--set", "trainig.epochs=3"], "did you mean `training.epochs`?"),
    ] {
        let ran = place.train(arguments);
        assert!(ran.code == 2 && ran.stderr.contains(hint), "{arguments:?}: {ran:?}");
    }
}

#[test]
fn a_file_that_is_no_image_or_too_large_for_a_table_is_refused() {
    let place = Place::new();
    place.write("text.png", "no image");
    place
        .train(&["show", "text.png"])
        .fails(1, "cannot use `text.png`: not a usable image: it starts as no image does: PNG, JPEG, WebP, BMP, GIF and TIFF are taken");
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 101, 2);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.write_header().unwrap().write_image_data(&[0; 202]).unwrap();
    fs::write(place.path().join("wide.png"), bytes).unwrap();
    place.train(&["show", "wide.png"]).fails(
        2,
        "`wide.png`: a table of 2 x 101 pixels is more than 100 x 100; take a part with `--rows` and `--cols`",
    );
    assert_eq!(cells(&place.train(&["show", "wide.png", "--cols", "100.."]).ok()), [[0], [0]]);
}

#[test]
fn a_file_gets_no_escape_codes_whatever_the_terminal_has() {
    let place = Place::new();
    small_png(&place);
    let mut command = place.command(&["show", "small.png"]);
    let output = command.env("TERM", "xterm-256color").env("COLORTERM", "truecolor").output().unwrap();
    assert!(!output.stdout.contains(&0x1b));
}

/// Four IDX files of one pixel per image, a 3 and a 7 in each split, whose times are always the same.
fn idx_files(place: &Place, pixels: [u8; 2]) {
    let kept = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    let folder = place.path().join("idx");
    fs::create_dir_all(&folder).unwrap();
    for stem in ["train", "t10k"] {
        let images = [&[0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1][..], &pixels].concat();
        let labels = vec![0, 0, 8, 1, 0, 0, 0, 2, 3, 7];
        for (kind, bytes) in [("images-idx3", images), ("labels-idx1", labels)] {
            let path = folder.join(format!("{stem}-{kind}-ubyte"));
            fs::write(&path, bytes).unwrap();
            fs::File::options().write(true).open(path).unwrap().set_modified(kept).unwrap();
        }
    }
}

#[test]
fn files_that_are_replaced_are_shown_though_size_and_time_are_kept() {
    let place = Place::new();
    for pixels in [[1, 2], [3, 4]] {
        idx_files(&place, pixels);
        let ran = place.train(&["show", "train/3/0", "--set", "data.source=idx", "--set", "data.path=idx"]).ok();
        assert_eq!((cells(&ran), ran.stderr.as_str()), (vec![vec![pixels[0]]], ""));
    }
}

/// A palette of four bytes, over which the decoder panics.
const ODD_PALETTE: &[u8] = b"\x89PNG\r\n\x1a\n\
    \0\0\0\x0dIHDR\0\0\0\x01\0\0\0\x01\x08\x03\0\0\0\x28\xcb\x34\xbb\
    \0\0\0\x04PLTE\x01\x02\x03\x04\x23\xdb\x8a\xab\
    \0\0\0\x0aIDATx\x9cc`\0\0\0\x02\0\x01H\xaf\xa4q\
    \0\0\0\0IEND\xaeB`\x82";

#[test]
fn a_decoder_that_panics_is_one_line_that_names_the_file() {
    let place = Place::new();
    let why = "not a usable image: the decoder failed at it; if others show it, save it anew";
    fs::write(place.path().join("odd.png"), ODD_PALETTE).unwrap();
    place.train(&["show", "odd.png"]).fails(1, &format!("cannot use `odd.png`: {why}"));
    let mut command = place.command(&["show", "-"]);
    let input = fs::File::open(place.path().join("odd.png")).unwrap();
    Ran::from(command.stdin(input).output().unwrap()).fails(1, &format!("cannot use `-`: {why}"));
    for class in ["train/3", "train/7", "valid/3", "valid/7"] {
        let folder = place.path().join("set").join(class);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("odd.png"), ODD_PALETTE).unwrap();
    }
    place.train(&["data", "--set", "data.source=folder", "--set", "data.path=set"]).fails(
        1,
        &format!("`set`: entry `train/3/odd.png` is refused: {why}; `data.on_broken` = \"skip\" goes on without it"),
    );
}

/// Not every file system has such names.
#[cfg(target_os = "linux")]
#[test]
fn a_file_whose_name_is_no_utf_8_is_shown() {
    use std::os::unix::ffi::OsStrExt as _;
    let place = Place::new();
    small_png(&place);
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9.png");
    fs::rename(place.path().join("small.png"), place.path().join(name)).unwrap();
    let ran = Ran::from(place.command(&["show"]).arg(name).output().unwrap()).ok();
    assert_eq!(cells(&ran), [[0, 10, 200], [7, 255, 3]]);
    place.train_small(&["linear", "--set", "training.epochs=1", "--quiet"]).ok();
    let ran = Ran::from(place.command(&["predict", "latest", "--json"]).arg(name).output().unwrap()).ok();
    assert_eq!(ran.json()[0]["path"], "caf\u{fffd}.png");
}
