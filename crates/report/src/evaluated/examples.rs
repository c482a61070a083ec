//! Images that a model has wrong, and some that it has right.

use std::num::NonZeroUsize;

use chart::{Block, Picture, Section, Table, Verdict};
use metrics::{ConfusedPair, ScoredSample};

use super::{CLASSES_LISTED, CLASSES_SHOWN, Evaluated};
use crate::{few, grouped, loss, pixels, probability, room::room, small, words::taken};

/// Pairs of classes that are told as confused, and those of which images are shown.
const CONFUSED: usize = 10;
const CONFUSED_SHOWN: usize = 4;

/// Misses of a pair of classes that are seen at once, and pairs.
const MISSES: usize = 4;
const PAIRS_SEEN: usize = 8;

/// Characters of the names of misses on a page.
const MISSES_NAMED: usize = 6_000;

/// Pictures beside each other where there is room.
const MOST_COLUMNS: usize = 12;

/// Classes of which recognised images are seen at once.
const CLASSES_SEEN: usize = 3;

/// Pictures beside each other on a page.
const COLUMNS: usize = 3;

impl Evaluated<'_> {
    /// Of more than two classes the pairs that are most often taken for each other, the first of them with images.
    pub fn confused(&self) -> Option<Section> {
        let (task, counts) = (self.data.task(), self.evaluation.sums.counts.by_class());
        let mut pairs = self.evaluation.confused_pairs(&self.losses);
        pairs.truncate(CONFUSED);
        if task.is_binary() || pairs.is_empty() {
            return None;
        }
        let mut table = Table::new(["is", "predicted", "images", "of the class"], 2);
        for ConfusedPair { label, predicted, samples } in &pairs {
            let all = counts[usize::from(*label)].actual;
            let share = format!("{:.1} %", 100.0 * samples.len() as f64 / all as f64);
            let [actual, predicted] = [label, predicted].map(|label| task.class(*label).to_owned());
            table.add_row([actual, predicted, grouped(samples.len()), share]);
        }
        let shown = pairs
            .iter()
            .take(CONFUSED_SHOWN)
            .map(|pair| self.pair(pair, pair.samples.len(), pair.samples.len().min(MISSES)));
        let blocks = [Block::Table(table), Block::Text(self.legend()), Block::Beside(shown.collect())];
        Some(Section::new("What is confused most", blocks))
    }

    /// All images that are wrong, by what they are and what they are taken for; as many as a page has room for, and not those that stand
    /// `above`. None without one.
    pub fn misses(&self, above: &[&str]) -> Option<Section> {
        let pairs = self.evaluation.confused_pairs(&self.losses);
        let above = self.of_names(above);
        let all: usize = pairs.iter().map(|pair| pair.samples.len()).sum();
        let mut room = room(self.data.shape()) * 2 / 5;
        let each = if all <= room { all } else { MISSES.max(room / pairs.len()) };
        let (mut shown, mut beside, mut single) = (0, Vec::new(), Vec::new());
        for pair in &pairs {
            let mut left = pair.clone();
            left.samples.retain(|sample| !above.contains(&sample.index));
            // A pair is shown with as many as the others, or ends them.
            let wanted = left.samples.len().min(each);
            let (count, rest) = if wanted <= room { (wanted, room - wanted) } else { (0, 0) };
            (shown, room) = (shown + pair.samples.len() - left.samples.len() + count, rest);
            match (pair.samples.len(), &left.samples[..]) {
                (1, [sample]) if count > 0 => single.push(*sample),
                (2.., _) if count > 0 || left.samples.is_empty() => {
                    beside.push(self.pair(&left, pair.samples.len(), count))
                }
                _ => (),
            }
        }
        let less =
            if shown < all { format!(" {} of {} are shown.", grouped(shown), grouped(all)) } else { String::new() };
        let to_least =
            if shown < all { ", the least last, and what is shown between them at equal distances" } else { "" };
        let many = if all == 1 { "The one miss".into() } else { format!("The {} misses", grouped(all)) };
        let heading = format!("{many}, by what they are taken for");
        let text = format!(
            "In each group the highest loss comes first{to_least}; p is the probability that the model gave to what it says. {}{less}",
            self.shows_one()
        );
        let folded = beside.split_off(beside.len().min(PAIRS_SEEN));
        let summary = format!("{} more pairs of classes with their images", folded.len());
        let folded = (!folded.is_empty()).then(|| Block::Fold { summary, blocks: vec![Block::Beside(folded)] });
        let seen = (!beside.is_empty()).then_some(Block::Beside(beside)).into_iter().chain(folded);
        let names = (shown < all).then(|| self.names(&pairs));
        single.sort_by(|a, b| b.loss.total_cmp(&a.loss));
        let single = single.iter().map(|sample| Picture { verdict: Verdict::None, ..self.picture(sample) }).collect();
        let singles = pairs.iter().filter(|pair| pair.samples.len() == 1);
        let is_above = |pair: &&ConfusedPair| above.contains(&pair.samples[0].index);
        let rest =
            single_pairs(single, singles.clone().count(), singles.filter(is_above).count()).into_iter().chain(names);
        (all > 0).then(|| Section::new(heading, [Block::Text(text)].into_iter().chain(seen).chain(rest)))
    }

    /// The images of these names, which have high losses: to find the name of one takes a walk over all.
    fn of_names(&self, names: &[&str]) -> Vec<usize> {
        let by_loss = self.evaluation.by_loss(&self.losses).into_iter().map(|sample| sample.index);
        by_loss.filter(|index| names.contains(&&*self.image_name(*index))).take(names.len()).collect()
    }

    /// So many misses of a pair that has `all`, of which a few are seen at once.
    fn pair(&self, ConfusedPair { label, predicted, samples }: &ConfusedPair, all: usize, shown: usize) -> Block {
        let [is, said] = [label, predicted].map(|label| self.data.class(*label));
        let of = self.evaluation.sums.counts.by_class()[usize::from(*label)].actual;
        let less = match all - samples.len() {
            0 => String::new(),
            above => format!(", {above} of them above"),
        };
        let share = 100.0 * all as f64 / of as f64;
        let (wrong, of) = (grouped(all), grouped(of));
        let text = format!("{is}, taken for {said}: {wrong} of {of} ({share:.1} %){less}");
        let pictures = |samples: &[ScoredSample]| Block::Pictures {
            alt: format!("{} images of {is} that are taken for {said}, the highest loss first", samples.len()),
            pictures: samples.iter().map(|sample| self.miss(sample)).collect(),
            columns: MISSES,
        };
        let chosen = few(samples, shown);
        let (first, more) = chosen.split_at(shown.min(MISSES));
        let summary = format!("{} more of {is}, taken for {said}", more.len());
        let more = (!more.is_empty()).then(|| Block::Fold { summary, blocks: vec![pictures(more)] });
        let first = (!first.is_empty()).then(|| pictures(first));
        Block::Together([Block::Text(text)].into_iter().chain(first).chain(more).collect())
    }

    /// An image of a group whose heading says the rest.
    fn miss(&self, sample: &ScoredSample) -> Picture {
        let loss = if self.loss_is_p() { String::new() } else { format!("loss {}\n", loss(sample.loss)) };
        let p = match sample.probability {
            ..0.99995 => format!("p {:.4}", sample.probability),
            _ => format!("1 - p {}", small(self.doubt(sample.index))),
        };
        let [is, said] = [sample.label, sample.predicted].map(|label| self.data.class(label));
        let alt = format!("{is} taken for {said}\n{loss}{p}\n{}", self.image_name(sample.index)).replace('\n', ", ");
        let caption = format!("{loss}{p}\n{}", self.number(sample.index));
        Picture::new(pixels(self.images(), sample.index), caption).shows(alt)
    }

    /// All misses by pair of classes and name, also those that the page has no room to show.
    fn names(&self, pairs: &[ConfusedPair]) -> Block {
        let last = if self.are_files() { "FILE" } else { "N" };
        let mut table = Table::new(["is", "taken for", last, "images"], 3);
        let listed = || pairs.iter().take(CLASSES_LISTED);
        let of_pair = |pair: &ConfusedPair| -> Vec<String> {
            pair.samples.iter().map(|sample| self.last_name(sample.index)).collect()
        };
        let named: Vec<Vec<String>> = listed().map(of_pair).collect();
        // Each with the comma and the blank behind it.
        let length = |each: usize| -> usize {
            named.iter().flat_map(|names| names.iter().take(each)).map(|name| name.len() + 2).sum()
        };
        let all = named.iter().map(Vec::len).max().unwrap_or_default();
        let each = (1..=all).rev().find(|each| length(*each) <= MISSES_NAMED).unwrap_or(1);
        for (ConfusedPair { label, predicted, samples }, mut names) in listed().zip(named) {
            names.truncate(each);
            names.extend((names.len() < samples.len()).then(|| "..".to_owned()));
            let [is, said] = [label, predicted].map(|label| self.data.class(*label).to_owned());
            table.add_row([is, said, names.join(", "), grouped(samples.len())]);
        }
        let most = if pairs.len() > CLASSES_LISTED {
            format!("the {CLASSES_LISTED} most frequent of ")
        } else {
            String::new()
        };
        let what = if each < all { "Misses by name" } else { "All misses by name" };
        let summary = format!("{what}: {most}{} pairs of classes", grouped(pairs.len()));
        let misses: usize = pairs.iter().map(|pair| pair.samples.len()).sum();
        let less = if each < all {
            format!(
                " Of each pair {each} are named, those of the highest loss; `train evaluate RUN --top-losses {misses} --json` has all."
            )
        } else {
            String::new()
        };
        Block::Fold { summary, blocks: vec![Block::Text(self.shows_one() + &less), Block::Table(table)] }
    }

    /// Of each class what the model is rightly sure of, from the surest to the least sure; not what stands `above`. None where nothing is
    /// right.
    pub fn classes(&self, above: &[&str]) -> Option<Section> {
        let all = self.by_recall();
        let most = CLASSES_SHOWN.min(room(self.data.shape()) / 7);
        let shown = all.len().min(most);
        let mut rows: Vec<Vec<Picture>> =
            all[..shown].iter().map(|(label, _)| self.right_ones(*label, above)).collect();
        let more = if all.len() > CLASSES_SEEN { rows.split_off(CLASSES_SEEN.min(rows.len())) } else { Vec::new() };
        let pictures = |rows: Vec<Vec<Picture>>| Block::Pictures {
            alt: "Images that are recognised, of each class the surest, the middle and the least sure".into(),
            pictures: rows.into_iter().flatten().collect(),
            columns: COLUMNS,
        };
        let of = if more.is_empty() { "each class" } else { "the classes that are recognised worst" };
        let text = format!(
            "Of {of} three that are right: the surest, the one in the middle, and the least sure; 1 - p is the probability that the model \
             leaves to all other classes."
        );
        let left = match all.len() - shown {
            0 => String::new(),
            left => format!("; for {left} others there is no room"),
        };
        let summary = format!("The same of {} more classes{left}", more.len());
        let more = (!more.is_empty()).then(|| Block::Fold { summary, blocks: vec![pictures(more)] });
        let is_any = rows.iter().any(|row| !row.is_empty());
        is_any.then(|| {
            Section::new("What is right, and how surely", [Block::Text(text), pictures(rows)].into_iter().chain(more))
        })
    }

    /// Three images of a class that are recognised, the surest first.
    fn right_ones(&self, label: u16, above: &[&str]) -> Vec<Picture> {
        let predictions = self.evaluation.predictions();
        let is_right = |index: &usize| self.evaluation.labels[*index] == label && predictions[*index] == label;
        let mut right: Vec<(f64, usize)> =
            (0..predictions.len()).filter(is_right).map(|index| (self.doubt(index), index)).collect();
        right.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        let mut places = vec![0, right.len() / 2, right.len().saturating_sub(1)];
        places.dedup();
        let few = places.into_iter().filter_map(|place| right.get(place));
        let few = few.filter(|(_, index)| !above.contains(&&*self.image_name(*index)));
        let picture = |(doubt, index): &(f64, usize)| {
            let said = |name: String| format!("{}\n1 - p {}\n{name}", self.data.class(label), small(*doubt));
            let alt = said(self.image_name(*index)).replace('\n', ", ");
            Picture::new(pixels(self.images(), *index), said(self.number(*index))).shows(alt)
        };
        few.map(picture).collect()
    }

    /// The images with prediction, target, loss and the probability of the predicted class.
    pub fn top_losses_as_pictures(&self, count: NonZeroUsize) -> Section {
        let top = self.top_losses(count);
        let heading = format!("Top losses, highest {} first", self.loss);
        let wrong = top.iter().filter(|top| top.predicted != top.label).count();
        let losses = top.first().zip(top.last()).map(|(most, least)| (most.loss, least.loss));
        let (most, least) = losses.unwrap_or_default();
        let alt = format!("{heading}: {} images, {wrong} of them wrong, from {most:.4} to {least:.4}", top.len());
        let pictures: Vec<Picture> = top.iter().map(|top| self.picture(top)).collect();
        Section::new(heading, [Block::Text(self.legend()), Block::Pictures { alt, pictures, columns: COLUMNS }])
    }

    /// The images with the highest losses, the highest first.
    pub fn top_losses(&self, count: NonZeroUsize) -> Vec<ScoredSample> {
        let mut samples = self.evaluation.by_loss(&self.losses);
        samples.truncate(count.get());
        samples
    }

    /// What stands below an image.
    fn legend(&self) -> String {
        let loss = if self.loss_is_p() { "" } else { " its loss," };
        format!(
            "What it is and what the model takes it for,{loss} and p, the probability that the model gave to that; below, the name by which \
             `train show NAME {}` finds the image.",
            self.config
        )
    }

    fn picture(&self, top: &ScoredSample) -> Picture {
        let [prediction, target] = [top.predicted, top.label].map(|label| self.data.class(label));
        let verdict = if top.predicted == top.label { Verdict::Right } else { Verdict::Wrong };
        let (p, name) = (probability(top.probability), self.image_name(top.index));
        let loss = if self.loss_is_p() { String::new() } else { format!("loss {}\n", loss(top.loss)) };
        let caption = format!("{}\n{loss}p {p}\n{name}", taken(prediction, Some(target)));
        Picture { verdict, ..Picture::new(pixels(self.images(), top.index), caption) }
    }

    /// As `train show` takes it.
    pub fn image_name(&self, index: usize) -> String {
        self.data.image_name(self.split, index)
    }

    /// The last part of an image's name: its file, or its number in its class.
    fn last_name(&self, index: usize) -> String {
        self.image_name(index).splitn(3, '/').last().unwrap_or_default().to_owned()
    }

    /// The same below its picture.
    fn number(&self, index: usize) -> String {
        let name = self.last_name(index);
        if self.are_files() { name } else { format!("no. {name}") }
    }

    /// Whether the images were files, which have a name of their own.
    fn are_files(&self) -> bool {
        self.images().file_name(0).is_some()
    }

    /// What is to be typed to see one as numbers.
    fn shows_one(&self) -> String {
        let (split, config) = (self.split.name(), &self.config);
        let [name, what] = if self.are_files() { ["FILE", "an image of a class"] } else { ["N", "no. N of a class"] };
        format!("`train show {split}/CLASS/{name} {config}` shows {what}.")
    }
}

/// Misses of the pairs of classes that have one each: `all` of them, so many `above`.
fn single_pairs(pictures: Vec<Picture>, all: usize, above: usize) -> Vec<Block> {
    let less = match (above, all - above - pictures.len()) {
        (0, 0) => String::new(),
        (above, 0) => format!(", {above} of them above"),
        (0, _) => format!(", of which {} are shown", pictures.len()),
        (above, _) => format!(", {above} of them above, {} here", pictures.len()),
    };
    let alt = match (pictures.len(), all) {
        (0, _) => return Vec::new(),
        (_, 1) => "One pair of classes with a single miss".to_owned(),
        _ => format!("{all} pairs of classes with a single miss each{less}"),
    };
    vec![Block::text(&alt), Block::Pictures { alt, pictures, columns: MOST_COLUMNS }]
}
