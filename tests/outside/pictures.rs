//! Pictures as people have them: colour, sizes, formats, folders, tables.

use std::{fs, io::Cursor};

use image::{DynamicImage, ImageFormat, RgbImage};
use serde_json::Value;

use crate::harness::{Place, Ran, metrics, model, record};

/// A picture of a class: its own colour on the left or on the right.
fn picture(class: usize, number: usize, [height, width]: [u32; 2]) -> DynamicImage {
    let colour = [[220, 40, 40], [40, 220, 40], [40, 40, 220]][class % 3];
    let noise = |x: u32, y: u32| ((x * 37 + y * 11 + number as u32 * 101) % 41) as u8;
    let pixel = |x: u32, y: u32| {
        let is_there = (x < width / 2) == class.is_multiple_of(2);
        image::Rgb(colour.map(|value: u8| if is_there { value - noise(x, y) } else { noise(x, y) }))
    };
    RgbImage::from_fn(width, height, pixel).into()
}

fn file(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

const FORMATS: [(&str, ImageFormat); 6] = [
    ("jpg", ImageFormat::Jpeg),
    ("png", ImageFormat::Png),
    ("WEBP", ImageFormat::WebP),
    ("bmp", ImageFormat::Bmp),
    ("gif", ImageFormat::Gif),
    ("tiff", ImageFormat::Tiff),
];

/// Twelve pictures of each class, of all formats and different sizes, in the folder `images` below these.
fn folders(place: &Place, below: &[&str]) {
    for (class, name) in ["ant", "bee", "cow"].into_iter().enumerate() {
        for (part, below) in below.iter().enumerate() {
            let folder = place.path().join("images").join(below).join(name);
            fs::create_dir_all(&folder).unwrap();
            for number in 0..12 {
                let (extension, format) = FORMATS[number % FORMATS.len()];
                let image = picture(class, number + 12 * part, [20 + number as u32, 30 - number as u32]);
                fs::write(folder.join(format!("{number}.{extension}")), file(&image, format)).unwrap();
            }
        }
    }
}

const SMALL: &[&str] = &[
    "folder",
    "--set",
    "data.size=16",
    "--set",
    "model.channels=4",
    "--set",
    "training.batch_size=16",
    "--set",
    "training.epochs=4",
];

fn with<'a>(place: &Place, settings: &[&'a str]) -> Ran {
    let set = settings.iter().flat_map(|setting| ["--set", *setting]).collect::<Vec<&'a str>>();
    place.train(&[SMALL, &set].concat())
}

#[track_caller]
fn refused(ran: &Ran, message: &str) {
    assert!(ran.code != 0 && ran.stderr.lines().count() == 1, "{message}: {ran:?}");
    assert!(ran.stderr.starts_with("error: ") && ran.stderr.contains(message), "{message}: {ran:?}");
}

#[test]
fn a_folder_of_pictures_becomes_a_model_that_knows_others() {
    let place = Place::new();
    folders(&place, &[""]);
    fs::write(place.path().join("images/ant/broken.jpg"), &file(&picture(0, 0, [9, 9]), ImageFormat::Jpeg)[..200])
        .unwrap();
    let fraction = "data.valid_fraction=0.25";
    refused(&with(&place, &[fraction]), "`ant/broken.jpg` is refused: not a usable image: it is cut short");
    assert!(place.runs().is_empty(), "nothing is trained");
    with(&place, &[fraction, "data.on_broken=skip", "training.epochs=30"]).ok();
    let run = place.run();
    let record = record(&run);
    let data = &record["data"];
    assert_eq!((&data["train"], &data["valid"], &data["test"]), (&Value::from(27), &Value::from(9), &Value::Null));
    assert_eq!(record["model"]["channels"], 3);
    assert_eq!(data["skipped"], Value::from(vec!["ant/broken.jpg: it is cut short"]));
    assert!(record["best"]["metrics"]["accuracy"].as_f64().unwrap() > 0.8, "{record}");
    let page = fs::read_to_string(run.join("report.html")).unwrap();
    assert!(page.contains("16 x 16, colour") && page.contains("ant/broken.jpg: it is cut short"));
    let config = fs::read_to_string(run.join("config.toml")).unwrap();
    assert!(config.contains("channels = 3\nsize = 16\n"), "{config}");
    // The same again from its own config, from the cache: the same bits.
    place.train(&[run.join("config.toml").to_str().unwrap()]).ok();
    let runs = place.runs();
    assert!(model(&runs[0]) == model(&runs[1]));
    fs::write(place.path().join("new.jpg"), file(&picture(2, 99, [40, 25]), ImageFormat::Jpeg)).unwrap();
    let said = place.train(&["predict", "latest", "new.jpg", "--top", "2", "--json"]).ok().json();
    let top = said[0]["top"].as_array().unwrap();
    assert_eq!((&said[0]["label"], top.len(), &top[0]["label"]), (&Value::from("cow"), 2, &Value::from("cow")));
    assert!(top[0]["probability"].as_f64() >= top[1]["probability"].as_f64());
}

#[test]
fn a_test_split_is_looked_at_by_evaluate_alone() {
    let place = Place::new();
    folders(&place, &["train", "val", "test"]);
    let ran = with(&place, &[]).ok();
    assert!(
        ran.stdout.contains("36 training and 36 validation images (and 36 test images) of 16 x 16, colour"),
        "{}",
        ran.stdout
    );
    let (first, before) = (place.run(), metrics(&place.run()));
    let tested = place.train(&["evaluate", "latest", "--split", "test", "--json"]).ok().json();
    assert_eq!((&tested["split"], &tested["images"]), (&Value::from("test"), &Value::from(36)));
    let table = place.train(&["data", "folder", "--set", "data.size=16"]).ok().stdout;
    assert!(table.contains("class   train   valid   test"), "{table}");
    // Twice, because from the cache the sizes that the files had are known as well.
    for name in ["first.html", "second.html"] {
        place.train(&["data", "folder", "--set", "data.size=16", "--html", name]).ok();
        let page = fs::read_to_string(place.path().join(name)).unwrap();
        assert!(page.contains("12 sizes, the lowest 20 pixels high and the highest 31. All become 16 x 16, colour."));
        assert!(
            ["Training images of ant", "Training images of cow", "test images", "read from"]
                .iter()
                .all(|part| page.contains(part))
        );
    }
    // Other test images: the same training, whose data is another.
    fs::remove_file(place.path().join("images/test/cow/0.jpg")).unwrap();
    with(&place, &[]).ok();
    let second = place.runs().pop().unwrap();
    assert_eq!((metrics(&second), model(&second) == model(&first)), (before, true));
    // With a validation split alone there is none to test on.
    fs::remove_dir_all(place.path().join("images/test")).unwrap();
    with(&place, &[]).ok();
    refused(
        &place.train(&["evaluate", "latest", "--split", "test"]),
        "--split test: the data has no such split, only train and valid",
    );
}

#[test]
fn every_augmentation_gives_the_same_bits_whoever_prepares_the_batches() {
    let place = Place::new();
    folders(&place, &["train", "valid"]);
    let all = [
        "augmentation.degrees=10",
        "augmentation.shift=2",
        "augmentation.contrast=0.3",
        "augmentation.erasing=0.5",
        "augmentation.mixup=0.4",
        "training.label_smoothing=0.1",
        "training.epochs=2",
    ];
    for workers in ["data.workers=0", "data.workers=3"] {
        with(&place, &[&all[..], &[workers]].concat()).ok();
    }
    let runs = place.runs();
    assert!(model(&runs[0]) == model(&runs[1]));
    assert_eq!(metrics(&runs[0]), metrics(&runs[1]));
    let shown = |more: &[&str]| {
        let set = all.iter().flat_map(|setting| ["--set", *setting]).collect::<Vec<&str>>();
        place.train(&[&["show", "--batch", "folder", "--set", "data.size=16"], &set[..], more].concat()).ok().stdout
    };
    let words = |more: &[&str]| shown(more).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words(&[]).contains("as the first epoch sees them") && words(&[]).contains("anew in each epoch."));
    assert!(words(&["--raw"]).contains(", as they are") && !words(&["--raw"]).contains("anew"));
    assert!(shown(&[]).lines().skip(1).ne(shown(&["--raw"]).lines().skip(1)));
}

#[test]
fn other_data_is_evaluated_by_the_names_of_its_classes() {
    let place = Place::new();
    folders(&place, &["train", "valid"]);
    with(&place, &["model.kind=linear", "training.epochs=20", "data.classes=[\"cow\", \"ant\"]"]).ok();
    // All three classes are there, in another order.
    let evaluated = place.train(&["evaluate", "latest", "--data", "folder:images", "--json"]).ok().json();
    assert_eq!(
        (&evaluated["images"], &evaluated["data"]["classes"]),
        (&Value::from(24), &Value::from(vec!["cow", "ant"]))
    );
    assert!(evaluated["metrics"]["accuracy"].as_f64().unwrap() > 0.8, "{evaluated}");
    for split in ["train", "valid"] {
        fs::rename(place.path().join(format!("images/{split}/cow")), place.path().join(format!("images/{split}/yak")))
            .unwrap();
    }
    let without_cows = place.train(&["evaluate", "latest", "--data", "folder:images"]).ok();
    assert_eq!(without_cows.stderr, "warning: the data has no image of the class `cow`\n");
    // Another size is other data, whatever is in the cache.
    with(&place, &["training.epochs=1", "data.size=24"]).ok();
    assert_eq!(record(&place.runs()[1])["model"]["height"], 24);
}

#[test]
fn classes_can_count_more_or_come_more_often() {
    let place = Place::new();
    folders(&place, &["train", "valid"]);
    for number in 2..12 {
        let (extension, _) = FORMATS[number % FORMATS.len()];
        fs::remove_file(place.path().join(format!("images/train/cow/{number}.{extension}"))).unwrap();
    }
    // Two cows of 26 images: 26 / (3 · 12) and 26 / (3 · 2), which a third as large each is the same.
    for balance in ["class_weights=none", "class_weights=balanced", "class_weights=[1, 1, 6]"] {
        with(&place, &[&format!("training.{balance}")]).ok();
    }
    with(&place, &["data.sampling=balanced"]).ok();
    let runs = place.runs();
    let losses = |run: usize| {
        metrics(&runs[run]).iter().map(|epoch| epoch["train"]["loss"].as_f64().unwrap()).collect::<Vec<f64>>()
    };
    assert!(losses(0) != losses(1) && losses(0) != losses(3) && losses(1) != losses(3));
    assert!(losses(1).iter().zip(losses(2)).all(|(a, b)| (a - b).abs() < 1e-3), "{:?} {:?}", losses(1), losses(2));
    refused(
        &with(&place, &["training.class_weights=[1, 2]"]),
        "`training.class_weights` has 2 numbers, and the data 3 classes; take one for each, or \"balanced\"",
    );
    refused(
        &with(&place, &["training.class_weights=[1, 0, 1]"]),
        "expected \"none\", \"balanced\", or a number above 0",
    );
    refused(&with(&place, &["training.class_weights=often"]), "`training.class_weights` is \"often\"");
    assert_eq!(place.runs().len(), 4);
}

#[test]
fn a_summary_has_the_parameters_of_the_run() {
    let place = Place::new();
    folders(&place, &["train", "valid"]);
    with(&place, &["training.epochs=1"]).ok();
    let arguments = |more| [&["summary"], SMALL, more].concat();
    let summary = place.train(&arguments(&["--json"])).ok().json();
    assert_eq!(summary["parameters"], record(&place.run())["model"]["parameters"]);
    assert_eq!(summary["input"], Value::from(vec![3, 16, 16]));
    let stem = &summary["layers"][0];
    assert_eq!(
        (&stem["name"], &stem["multiply_adds"]),
        (&Value::from("stem.convolution"), &Value::from(3 * 4 * 9 * 16 * 16))
    );
    let table = place.train(&arguments(&[])).ok().stdout;
    assert!(table.contains("27,648") && table.contains(" for a batch of 16: its images"), "{table}");
}

#[test]
fn a_table_and_arrays_are_sources_too() {
    let place = Place::new();
    folders(&place, &["pictures"]);
    let mut table = String::from("picture;kind;part\n");
    for (class, number) in ["ant", "bee", "cow"].iter().flat_map(|class| (0..12).map(move |number| (class, number))) {
        let part = if number % 4 == 0 { "valid" } else { "train" };
        table += &format!("pictures/{class}/{number};{class};{part}\n");
    }
    place.write("images/table.csv", &table);
    let csv = ["data.source=csv", "data.path=images/table.csv", "data.label_column=kind", "data.split_column=part"];
    refused(
        &with(&place, &csv),
        "no column for the path of an image: name it by `data.path_column`; its columns are `picture`, `kind`, `part`",
    );
    with(&place, &[&csv[..], &["data.path_column=picture"]].concat()).ok();
    let data = &record(&place.run())["data"];
    assert_eq!(
        (&data["source"], &data["train"], &data["valid"]),
        (&Value::from("csv"), &Value::from(27), &Value::from(9))
    );
    place.write("table.csv", &table);
    let elsewhere = ["data.path=table.csv", "data.path_column=picture"];
    let message =
        "table.csv:2`: there is no file `pictures/ant/0`; which folder the paths are below says `data.image_folder`";
    refused(&with(&place, &[&csv[..], &elsewhere].concat()), message);
    with(&place, &[&csv[..], &elsewhere, &["data.image_folder=images"]].concat()).ok();
    refused(&with(&place, &["data.source=npz", "data.path=images/table.csv"]), "cannot be read as a .npz");
    let each: String = (0..70_000).map(|number| format!("{number}.png,{number}\n")).collect();
    place.write("images/table.csv", &format!("path,label\n{each}"));
    refused(
        &with(&place, &["data.source=csv", "data.path=images/table.csv"]),
        "`images/table.csv`: 70000 different labels, of which there may be 10000; name the column of the labels by",
    );
}

#[test]
fn what_is_wrong_with_a_folder_is_one_line_and_nothing_is_trained() {
    let place = Place::new();
    folders(&place, &["train", "valid"]);
    let images = |path: &str| place.path().join("images").join(path);
    refused(
        &with(&place, &["data.size=auto"]),
        "pixels, the first image is 20 x 30; say which size all shall have with `data.size`",
    );
    refused(
        &with(&place, &["data.valid_fraction=0.2"]),
        "it has a validation split of its own, but `data.valid_fraction` is above 0",
    );
    refused(
        &with(&place, &["data.size=[0, 3]"]),
        "`data.size` is [0, 3], expected \"auto\", an integer from 1 to 1024, or rows and columns",
    );
    refused(&with(&place, &["data.channels=2"]), "`data.channels` is 2, expected \"auto\", 1 or 3");
    refused(&with(&place, &["data.classes=[\"ant\", \"elk\"]"]), "no image of the class `elk` in train");
    refused(&with(&place, &["data.classes=[\"elk\", \"fox\"]"]), "no image of the classes `elk`, `fox` in it");
    refused(
        &with(&place, &["training.loss=mnist-loss", "augmentation.mixup=0.2"]),
        "expected cross-entropy or mean-squared-error",
    );
    for (bytes, reason) in [
        (Vec::new(), "it is empty"),
        (b"%PDF-1.7".to_vec(), "it is a PDF"),
        (b"GIF89a".to_vec(), "not a usable image: "),
    ] {
        fs::write(images("train/ant/odd.png"), bytes).unwrap();
        refused(&with(&place, &[]), "`train/ant/odd.png` is refused: not a usable image: ");
        refused(&with(&place, &[]), reason);
    }
    // Under a name of another format it is what it is.
    fs::copy(images("train/ant/0.jpg"), images("train/ant/odd.png")).unwrap();
    with(&place, &["training.epochs=1"]).ok();
    assert_eq!(place.runs().len(), 1);
    fs::remove_dir_all(images("valid/cow")).unwrap();
    refused(&with(&place, &[]), "no image of the class `cow` in valid: no `valid/cow/`");
    fs::rename(images("train/cow"), images("valid/cow")).unwrap();
    refused(&with(&place, &[]), "no image of the class `cow` in train");
    fs::rename(images("valid"), images("other")).unwrap();
    refused(&with(&place, &[]), "set `data.valid_fraction`, as 0.2, to hold out a fifth of each class");
    refused(&with(&place, &["data.valid_fraction=0.01"]), "leaves none for validation");
    fs::remove_dir_all(images("train/bee")).unwrap();
    refused(&with(&place, &["data.valid_fraction=0.25"]), "`ant` is the only class; two or more are told apart");
}

#[test]
fn a_grey_model_says_that_it_takes_a_colour_image_as_grey() {
    let place = Place::new();
    folders(&place, &["train", "valid"]);
    with(&place, &["data.channels=1"]).ok();
    assert_eq!(record(&place.run())["model"]["channels"], 1);
    let ran = place.train(&["predict", "latest", "images/valid/ant/0.jpg"]).ok();
    assert!(
        ran.stderr
            .contains("warning: `images/valid/ant/0.jpg` is in colour, the model knows grey images: it is made grey"),
        "{ran:?}"
    );
    // Data for any number of channels may lie in the cache too; that it is of no use is nothing to say of this run.
    with(&place, &["data.channels=auto"]).ok();
    for file in fs::read_dir(place.path().join("cache/mnist-train")).unwrap() {
        let file = file.unwrap().path();
        if file.extension().is_some_and(|extension| extension == "images") {
            fs::write(file, "no images").unwrap();
        }
    }
    let anew = with(&place, &["data.channels=1"]).ok();
    assert_eq!(anew.stderr.matches("is not used and made anew").count(), 1, "{anew:?}");
    let again = with(&place, &["data.channels=1"]).ok();
    assert_eq!(again.stderr, "");
    let colour = place.train(&["evaluate", "latest", "--data", "folder:images"]).ok();
    assert!(colour.stdout.contains("36 validation images of images (folder), 3 classes"), "{colour:?}");
}

#[test]
fn a_run_goes_on_with_its_own_classes_alone() {
    let place = Place::new();
    folders(&place, &["train", "valid"]);
    with(&place, &["training.epochs=1"]).ok();
    let run = place.run();
    let before = fs::read(run.join("run.json")).unwrap();
    let resume = |settings: &[&str]| {
        let set = settings.iter().flat_map(|setting| ["--set", *setting]).collect::<Vec<&str>>();
        place.train(&[&["--resume", "latest", "--set", "training.epochs=2"], &set[..]].concat())
    };
    refused(&resume(&["data.classes=[\"cow\", \"bee\"]"]), "data.classes");
    // A folder more is a class more.
    let images = |path: &str| place.path().join("images").join(path);
    for split in ["train", "valid"] {
        fs::create_dir_all(images(split).join("dog")).unwrap();
        fs::copy(images("train/ant/0.jpg"), images(split).join("dog/0.jpg")).unwrap();
    }
    refused(&resume(&[]), "it was trained on other data (fingerprint ");
    assert_eq!(fs::read(run.join("run.json")).unwrap(), before);
    for split in ["train", "valid"] {
        fs::remove_dir_all(images(split).join("dog")).unwrap();
    }
    resume(&[]).ok();
}

#[test]
fn a_model_is_judged_by_pictures_that_nothing_learned_from() {
    let place = Place::new();
    folders(&place, &["pictures"]);
    with(&place, &["data.path=images/pictures", "data.valid_fraction=0.25", "model.kind=linear"]).ok();
    let images = |run: &Ran| run.json()["images"].as_u64();
    let judge = |data: &str| place.train(&["evaluate", "latest", "--json", "--data", data]);
    // All of a folder of classes, of which a part was held out for training.
    assert_eq!(images(&judge("folder:images/pictures").ok()), Some(36));
    // One split alone, in which a class is missing.
    fs::rename(place.path().join("images/pictures"), place.path().join("images/test")).unwrap();
    fs::remove_dir_all(place.path().join("images/test/bee")).unwrap();
    let judged = judge("folder:images").ok();
    assert_eq!(images(&judged), Some(24));
    assert_eq!(judged.json()["confusion"][1], serde_json::json!([0, 0, 0]));
    refused(&judge("images"), "--data images: say what it is, as `--data folder:images`");
    refused(
        &place.train(&["evaluate", "latest", "--data", "folder:images", "--split", "train"]),
        "no image in its split train",
    );
}
