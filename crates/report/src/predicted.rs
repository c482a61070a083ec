//! The page of images that a model has labelled, and why.

use std::path::{Path, is_separator};

use chart::{Block, Document, Picture, Section, Table, Tile, Verdict};
use files::quoted;
use metrics::Evaluation;
use run::RunRecord;

use crate::{
    Why, fraction, grouped, moment, probability,
    why::CERTAIN,
    words::{some_of, taken},
};

/// What is known by the data that the model was trained on, where that is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KnownByData {
    /// Of the validation images that it was certain of: how many were right, and how many there are.
    pub certain: [usize; 2],
    /// The same of the others.
    pub not_certain: [usize; 2],
    /// Of the images that are predicted: those that it has learnt from.
    pub learnt: usize,
    /// And those by which its best epoch was chosen.
    pub judged: usize,
}

impl KnownByData {
    /// By the scores of the validation split; `learnt` and `judged` of the images that are predicted are in the training and the validation
    /// split.
    pub fn new(evaluation: &Evaluation, learnt: usize, judged: usize) -> Self {
        let classes = evaluation.task.classes().len();
        let (predictions, probabilities) = (evaluation.predictions(), evaluation.probabilities());
        let mut known = Self { learnt, judged, ..Self::default() };
        for ((row, said), label) in probabilities.chunks_exact(classes).zip(predictions).zip(&evaluation.labels) {
            let of = if row[usize::from(said)] >= CERTAIN { &mut known.certain } else { &mut known.not_certain };
            of[0] += usize::from(said == *label);
            of[1] += 1;
        }
        known
    }

    fn sentences(&self, images: usize) -> String {
        let share =
            |[right, all]: [usize; 2]| format!("{:.1} % of {}", 100.0 * right as f64 / all.max(1) as f64, grouped(all));
        let (certain, not_certain) = (self.certain, self.not_certain);
        let misses = certain[1] - certain[0] + not_certain[1] - not_certain[0];
        let bands = match (certain[1], not_certain[1]) {
            (0, _) | (_, 0) => String::new(),
            _ => format!(
                " Of those with p from {CERTAIN} on {} were right, of the others {}: {} of its {} errors were of the certain ones.",
                share(certain),
                share(not_certain),
                grouped(certain[1] - certain[0]),
                grouped(misses)
            ),
        };
        let these =
            if images == 1 { "This image is".to_owned() } else { format!("Of these {} images", grouped(images)) };
        let known = match (images, self.learnt, self.judged) {
            (1, 0, 0) => format!("{these} in neither its training nor its validation data."),
            (1, 0, _) => format!("{these} in its validation data, by which its best epoch was chosen."),
            (1, ..) => format!("{these} in its training data: that it knows it proves little."),
            (_, 0, 0) => format!("{these} none is in its training or validation data."),
            (_, learnt, judged) => format!(
                "{these} {} are in its training data and {} in its validation data, by which its best epoch was chosen: of others it may be \
                 less often right.",
                grouped(learnt),
                grouped(judged)
            ),
        };
        format!("{bands} {known}")
    }
}

/// A table of all images and a section for each, the least certain first. Where the folder of an image is named after a class, it is
/// said whether the model agrees.
#[must_use]
pub fn predicted(run: &Path, record: &RunRecord, known: Option<KnownByData>, mut whys: Vec<Why>) -> Document {
    let classes = &record.data.classes;
    let certainty = |why: &Why| why.guesses[0].1;
    whys.sort_by(|a, b| certainty(a).total_cmp(&certainty(b)));
    let folders: Vec<Option<String>> = whys.iter().map(|why| class_folder(&why.name, classes)).collect();
    let shared = shared_folder(&whys).to_owned();
    let tiles = tiles(record, &whys, &folders);
    for why in &mut whys {
        why.name.drain(..shared.len());
    }
    let introduction = introduction(run, record, &shared, &whys, &folders);
    let mut lead = vec![Block::Text(introduction), Block::Text(knows(record, known, whys.len()))];
    if whys.len() > 1 {
        lead.insert(0, Block::Tiles(tiles));
    }
    let count = match whys.len() {
        1 => "one image".to_owned(),
        all => format!("{} images", grouped(all)),
    };
    // Each has a section, where they are few; of many those are explained that are worth a look.
    let are_many = whys.len() > LARGE;
    let explained = if are_many { worth_it(&whys, &folders) } else { (0..whys.len()).collect() };
    if are_many {
        lead.push(Block::Pictures {
            alt: format!("{count}, the least certain first"),
            pictures: small(&whys, &folders),
            columns: COLUMNS,
        });
    }
    let table = summary(&whys, &folders, &explained);
    lead.extend((whys.len() > 1).then_some(match whys.len() {
        few if few <= LARGE => Block::Table(table),
        _ => Block::Fold { summary: "The same as a table".into(), blocks: vec![Block::Table(table)] },
    }));
    let legend = whys.first().map(|why| Block::Text(why.legend()));
    let mut sections = if are_many {
        vec![why_of(&whys, &folders, &explained, legend)]
    } else {
        lead.extend(legend);
        whys.iter().map(Why::section).collect()
    };
    sections.push(next(run, &shared));
    Document { title: format!("Predictions of {count} by {}", short_name(run)), lead, sections }
}

/// A run by its config and its id.
fn short_name(run: &Path) -> String {
    let parts: Vec<_> = run.iter().map(|part| part.to_string_lossy()).collect();
    parts[parts.len().saturating_sub(2)..].join("/")
}

/// Those of many images that are not what their folder says or not certain; where there is none the least certain.
fn worth_it(whys: &[Why], folders: &[Option<String>]) -> Vec<usize> {
    let is_doubtful = |n: &usize| is_right(&whys[*n], &folders[*n]) == Some(false) || whys[*n].guesses[0].1 < CERTAIN;
    let doubtful: Vec<usize> = (0..whys.len()).filter(is_doubtful).take(MOST_LARGE).collect();
    if doubtful.is_empty() { (0..LARGE.min(whys.len())).collect() } else { doubtful }
}

/// What decides these predictions, a few of them seen at once.
fn why_of(whys: &[Why], folders: &[Option<String>], explained: &[usize], legend: Option<Block>) -> Section {
    let is_unsure = explained.iter().any(|n| whys[*n].guesses[0].1 < CERTAIN);
    let is_wrong = explained.iter().any(|n| is_right(&whys[*n], &folders[*n]) == Some(false));
    let what = match (is_unsure, is_wrong) {
        (true, true) => "not certain, or not what their folder says",
        (true, false) => "not certain",
        (false, true) => "not what their folder says",
        (false, false) => "least certain",
    };
    let row = |n: &usize| whys[*n].row(folders[*n].as_deref());
    let (seen, more) = explained.split_at(explained.len().min(LARGE));
    let summary = format!("The next {}", more.len());
    let more = (!more.is_empty()).then(|| Block::Fold { summary, blocks: more.iter().map(row).collect() });
    let heading = match explained.len() {
        1 => format!("Why: the one that is {}", what.replace("their", "its")),
        count => format!("Why: the {count} that are {what}"),
    };
    Section::new(heading, legend.into_iter().chain(seen.iter().map(row)).chain(more))
}

fn tiles(record: &RunRecord, whys: &[Why], folders: &[Option<String>]) -> Vec<Tile> {
    let count = |class: &&String| whys.iter().filter(|why| why.guesses[0].0 == **class).count();
    let said: Vec<&String> = record.data.classes.iter().filter(|class| count(class) > 0).collect();
    let predicted = match said.len() {
        few if few <= CLASSES => {
            said.iter().map(|class| format!("{} predicted {class}", grouped(count(class)))).collect()
        }
        many => vec![format!("predicted {many} of {} classes", record.data.classes.len())],
    };
    let mut tiles = vec![Tile::new("images", grouped(whys.len()), predicted.join(", "))];
    let verdicts: Vec<bool> = whys.iter().zip(folders).filter_map(|(why, folder)| is_right(why, folder)).collect();
    let right = verdicts.iter().filter(|right| **right).count();
    if !verdicts.is_empty() {
        let [low, high] = metrics::interval(right as u64, verdicts.len() as u64);
        let note = format!("whose folder names a class; 95 % interval {low:.3} to {high:.3} of all such");
        tiles.push(Tile::new("right", format!("{} of {}", grouped(right), grouped(verdicts.len())), note));
    }
    let unsure = whys.iter().filter(|why| why.guesses[0].1 < CERTAIN).count();
    tiles.push(Tile::new("not certain", grouped(unsure), format!("p below {CERTAIN}")));
    tiles.extend(record.best.as_ref().map(|best| {
        let note = format!("of {} validation images were right", grouped(record.data.valid));
        Tile::new("validation accuracy", fraction(Some(best.metrics.accuracy)), note)
    }));
    tiles
}

/// Classes that are counted each.
const CLASSES: usize = 4;

fn next(run: &Path, shared: &str) -> Section {
    let (run, folder) = (quoted(run), if shared.is_empty() { ".".into() } else { quoted(Path::new(shared)) });
    let steps = [
        ("All of it as a table, for a program", format!("train predict {run} {folder} --csv > predictions.csv\n")),
        (
            "Metrics and errors, where a folder for each class says what the images are",
            format!("train evaluate {run} --data folder:{folder} --html evaluation.html\n"),
        ),
    ];
    let steps = steps.map(|(caption, lines)| Block::Code { caption: caption.into(), lines });
    Section::new("What next", [Block::Beside(steps.into())])
}

/// What the model knows at all, how good it was, and how far its probabilities are to be trusted.
fn knows(record: &RunRecord, known: Option<KnownByData>, images: usize) -> String {
    let named = some_of(&record.data.classes, NAMED);
    let good = record.best.as_ref().map_or_else(String::new, |best| {
        let off = best.metrics.calibration_error;
        let off =
            off.map_or_else(String::new, |error| format!(", and p was {error:.4} off on average (calibration error)"));
        format!(
            " Of its {} validation images {:.2} % were right{off}.",
            grouped(record.data.valid),
            100.0 * best.metrics.accuracy
        )
    });
    let by_data = match known {
        Some(known) => known.sentences(images),
        None => " What it was trained on is not at hand, so that nothing tells whether these images are of it.".into(),
    };
    format!("It knows {named}, and calls whatever else it is shown one of them.{good}{by_data}")
}

/// Classes that are named.
const NAMED: usize = 20;

/// Images that are explained at once, and of many all that are.
const LARGE: usize = 6;
const MOST_LARGE: usize = 30;

/// Small pictures beside each other where there is room.
const COLUMNS: usize = 12;

/// Each with what it is predicted to be and whether that is right, where this is known.
fn small(whys: &[Why], folders: &[Option<String>]) -> Vec<Picture> {
    let picture = |(why, folder): (&Why, &Option<String>)| {
        let (class, p) = &why.guesses[0];
        let verdict = match is_right(why, folder) {
            Some(true) => Verdict::Right,
            Some(false) => Verdict::Wrong,
            None => Verdict::None,
        };
        let said = taken(class, folder.as_deref());
        Picture {
            pixels: why.pixels.clone(),
            caption: format!("{said}\np {}\n{}", probability(*p), why.name),
            verdict,
            ..Picture::default()
        }
    };
    whys.iter().zip(folders).map(picture).collect()
}

fn introduction(run: &Path, record: &RunRecord, shared: &str, whys: &[Why], folders: &[Option<String>]) -> String {
    let count = match whys.len() {
        1 => "One image".to_owned(),
        all => format!("{} images, the least certain first,", grouped(all)),
    };
    let place = if shared.is_empty() { String::new() } else { format!(" of `{shared}`") };
    let known = folders.iter().flatten().count();
    let right = whys.iter().zip(folders).filter(|(why, folder)| is_right(why, folder) == Some(true)).count();
    let agreed = match known {
        0 => String::new(),
        known => format!(" {} of {} are what their folder is named after.", grouped(right), grouped(known)),
    };
    let epoch = record.best.as_ref().map_or_else(String::new, |best| format!(" of epoch {}", best.epoch));
    let (kind, run, begun, now) =
        (&record.model.kind, run.display(), moment(&record.started), moment(&run::record::now()));
    format!("{count}{place} by the `{kind}`{epoch} of `{run}`, which was begun on {begun}; predicted on {now}.{agreed}")
}

/// A row of each image, which leads to its section, where it has one.
fn summary(whys: &[Why], folders: &[Option<String>], sections: &[usize]) -> Table {
    let has_folders = folders.iter().any(Option::is_some);
    let columns =
        ["image", "predicted"].into_iter().chain(["is (its folder)", "right"].into_iter().filter(|_| has_folders));
    let mut table = Table::new(columns.chain(["probability"]), if has_folders { 4 } else { 2 });
    for (number, (why, folder)) in whys.iter().zip(folders).enumerate() {
        let right = is_right(why, folder).map_or("-", |right| if right { "yes" } else { "no" });
        let known = [folder.as_deref().unwrap_or("-"), right].into_iter().filter(|_| has_folders);
        let (class, p) = &why.guesses[0];
        table.add_row([&why.name, class].into_iter().map(String::as_str).chain(known).chain([&*probability(*p)]));
        // Of many one section explains those that are worth it.
        let section = |place: usize| if whys.len() > LARGE { 1 } else { place + 1 };
        let place = sections.iter().position(|other| *other == number);
        table.links.push(place.map_or_else(String::new, |place| format!("#section-{}", section(place))));
    }
    table
}

/// Whether the model says what the folder says, where that names a class.
fn is_right(why: &Why, folder: &Option<String>) -> Option<bool> {
    folder.as_ref().map(|folder| *folder == why.guesses[0].0)
}

/// The class that the folder of an image is named after.
fn class_folder(name: &str, classes: &[String]) -> Option<String> {
    let folder = name.rsplit(is_separator).nth(1)?;
    classes.iter().find(|class| *class == folder).cloned()
}

/// The folder that all are below, with the separator at its end; empty where there is none.
fn shared_folder(whys: &[Why]) -> &str {
    let parent = |path: &str| path.rfind(is_separator).map_or(0, |end| end + 1);
    let Some(first) = whys.first().map(|why| why.name.as_str()) else { return "" };
    let mut folder = &first[..parent(first)];
    while !whys.iter().all(|why| why.name.starts_with(folder)) {
        folder = &folder[..parent(folder.trim_end_matches(is_separator))];
    }
    folder
}

#[cfg(test)]
mod tests {
    use chart::Pixels;
    use metrics::Metrics;
    use run::{
        best::Best,
        record::{DataRecord, ModelRecord, State, Versions},
    };

    use super::*;

    fn why(name: &str, class: &str, p: f32) -> Why {
        Why {
            name: name.into(),
            is: None,
            pixels: Pixels::of_planes(1, 1, &[0]),
            guesses: vec![(class.into(), p)],
            loss: None,
            logit: 0.0,
            added: vec![0.0],
            added_to_actual: None,
            covered: vec![0.0],
            is_linear: true,
        }
    }

    fn page(whys: Vec<Why>) -> Document {
        let metrics = Metrics { accuracy: 0.9779, calibration_error: Some(0.0123), ..Metrics::default() };
        let record = RunRecord {
            state: State::Finished,
            reason: None,
            backend: "flex".into(),
            device: "CPU".into(),
            model: ModelRecord { kind: "linear".into(), parameters: 785, channels: 1, height: 28, width: 28 },
            data: DataRecord {
                source: "idx".into(),
                name: None,
                notes: vec![],
                fingerprint: String::new(),
                classes: vec!["3".into(), "7".into()],
                train: 12_396,
                valid: 2_038,
                test: None,
                skipped: vec![],
            },
            versions: Versions { train: "1".into(), burn: "1".into() },
            machine: None,
            started: "2026-11-07T14:03:05Z".into(),
            ended: None,
            epochs: 9,
            epochs_done: 9,
            steps_done: None,
            seconds: 1.0,
            best: Some(Best { epoch: 8, step: 1, value: 0.1, metrics }),
            last: None,
        };
        predicted(Path::new("runs/a/b"), &record, None, whys)
    }

    #[test]
    fn the_least_certain_is_first_under_a_short_name_and_its_folder_is_its_label() {
        let page = page(vec![why("/home/me/3/1.png", "3", 0.9), why("/home/me/7/2.png", "3", 0.6)]);
        let knows = "It knows 3, 7, and calls whatever else it is shown one of them. Of its 2,038 validation images 97.79 % were right, and p \
                     was 0.0123 off on average (calibration error). What it was trained on is not at hand, so that nothing tells whether \
                     these images are of it.";
        assert_eq!(page.lead[2], Block::text(knows));
        let Block::Tiles(tiles) = &page.lead[0] else { panic!("{page:?}") };
        let tiles: Vec<[&str; 2]> = tiles.iter().map(|tile| [&tile.name[..], &tile.value]).collect();
        assert_eq!(
            tiles,
            [["images", "2"], ["right", "1 of 2"], ["not certain", "1"], ["validation accuracy", "0.9779"]]
        );
        let Block::Table(table) = &page.lead[3] else { panic!("{page:?}") };
        assert_eq!(table.header, ["image", "predicted", "is (its folder)", "right", "probability"]);
        assert_eq!(table.rows, [["7/2.png", "3", "7", "no", "0.6000"], ["3/1.png", "3", "3", "yes", "0.9000"]]);
        assert_eq!(table.links, ["#section-1", "#section-2"]);
        assert_eq!(page.sections[0].heading, "7/2.png: 3");
        let said = "2 images, the least certain first, of `/home/me/` by the `linear` of epoch 8 of `runs/a/b`, which was begun on 7 November 2026, \
                    14:03 UTC; predicted on ";
        assert!(matches!(&page.lead[1], Block::Text(text) if text.starts_with(said)), "{page:?}");
        assert!(
            matches!(&page.lead[1], Block::Text(text) if text.ends_with(" 1 of 2 are what their folder is named after."))
        );
    }

    #[test]
    fn one_image_needs_no_table_and_other_folders_say_nothing_of_the_class() {
        let page = page(vec![why("/home/me/digit.png", "7", 0.9)]);
        let said = "One image of `/home/me/` by the `linear` of epoch 8 of `runs/a/b`, which was begun on 7 November 2026, 14:03 UTC; predicted";
        assert!(matches!(&page.lead[0], Block::Text(text) if text.starts_with(said)), "{page:?}");
        assert_eq!(page.lead[2], Block::text(Why::LINEAR));
        assert_eq!(page.title, "Predictions of one image by a/b");
        assert_eq!(page.sections[0].heading, "digit.png: 7");
    }

    #[test]
    fn of_many_the_uncertain_and_the_wrong_ones_are_large() {
        let of = |n: u8| why(&format!("/a/{}/{n}.png", if n == 19 { 7 } else { 3 }), "3", 0.5 + f32::from(n) / 100.0);
        let page = page((0..20).map(of).collect());
        let Block::Pictures { pictures, .. } = &page.lead[3] else { panic!("{page:?}") };
        assert_eq!((pictures.len(), pictures[0].verdict, pictures[19].verdict), (20, Verdict::Right, Verdict::Wrong));
        assert_eq!(pictures[19].caption, "7, taken for 3\np 0.6900\n7/19.png");
        let headings: Vec<&str> = page.sections.iter().map(|section| &section.heading[..]).collect();
        assert_eq!(headings, ["Why: the 20 that are not certain, or not what their folder says", "What next"]);
        // The legend, six, and the others in a fold.
        let blocks = &page.sections[0].blocks;
        assert_eq!(blocks.len(), 1 + 6 + 1);
        assert!(
            matches!(&blocks[7], Block::Fold { summary, blocks } if summary == "The next 14" && blocks.len() == 14)
        );
        let Block::Fold { blocks, .. } = &page.lead[4] else { panic!("{page:?}") };
        let Block::Table(table) = &blocks[0] else { panic!("{page:?}") };
        assert_eq!([&table.links[5], &table.links[19]], ["#section-1"; 2]);
    }

    #[test]
    fn of_many_sure_ones_the_wrong_ones_are_explained_else_the_least_certain() {
        let of = |wrong: u8| {
            let of = |n: u8| {
                why(&format!("/a/{}/{n}.png", if n == wrong { 7 } else { 3 }), "3", 0.95 + f32::from(n) / 500.0)
            };
            page((0..20).map(of).collect()).sections.remove(0)
        };
        let wrong = of(15);
        assert_eq!(wrong.heading, "Why: the one that is not what its folder says");
        assert!(
            matches!(&wrong.blocks[1], Block::Large { pictures, .. } if pictures[0].caption == "7, taken for 3\np 0.9800\n7/15.png")
        );
        let none = of(99);
        assert_eq!((&*none.heading, none.blocks.len()), ("Why: the 6 that are least certain", 1 + 6));
    }

    #[test]
    fn the_data_tells_what_certainty_was_worth_and_which_images_it_knows() {
        let known = KnownByData { certain: [1_980, 2_000], not_certain: [22, 38], learnt: 0, judged: 17 };
        let said = " Of those with p from 0.9 on 99.0 % of 2,000 were right, of the others 57.9 % of 38: 20 of its 36 errors were of the certain \
                    ones. Of these 17 images 0 are in its training data and 17 in its validation data, by which its best epoch was chosen: of \
                    others it may be less often right.";
        assert_eq!(known.sentences(17), said);
        let none = KnownByData { judged: 0, not_certain: [0, 0], ..known };
        assert_eq!(none.sentences(2), " Of these 2 images none is in its training or validation data.");
    }

    #[test]
    fn what_shares_no_folder_is_named_in_full() {
        let shared = |names: &[&str]| {
            let whys: Vec<Why> = names.iter().map(|name| why(name, "3", 0.5)).collect();
            shared_folder(&whys).to_owned()
        };
        assert_eq!(shared(&["a/b/1.png", "a/c/1.png"]), "a/");
        assert_eq!(shared(&["ab/1.png", "a/1.png"]), "");
        assert_eq!(shared(&["-", "a/1.png"]), "");
    }
}
