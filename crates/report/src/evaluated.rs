//! A trained model on a split: what all sections are made of.

use std::{cmp::Ordering, num::NonZeroUsize, sync::Arc};

use chart::{
    Axis, Block, Confusion, LineChart, Picture, Section, Table, Tile, Verdict, Weights, calibration, histogram, roc,
    roc_corner,
};
use data::{DataSet, Images, Split};
use metrics::{ConfusedPair, Evaluation, Metric, ScoredSample, Scores, interval};
use plan::{Loss, Plan};
use task::Shape;

use crate::{fraction, grouped, loss, pixels, probability, room::room, shown};

/// Pairs of classes that are told as confused, and those of which images are shown.
const CONFUSED: usize = 10;
const CONFUSED_SHOWN: usize = 4;

/// Classes of which images are shown, and those that a page lists.
const CLASSES_SHOWN: usize = 20;
const CLASSES_LISTED: usize = 100;

/// Classes whose weights are drawn.
const MOST_WEIGHTS: usize = 20;

/// Misses of a pair of classes that are seen at once, and pairs.
const MISSES: usize = 4;
const PAIRS_SEEN: usize = 8;

/// Misses that a page names.
const MISSES_NAMED: usize = 3000;

/// Pictures beside each other where there is room.
const MOST_COLUMNS: usize = 12;

/// Images that a bin of the reliability diagram holds at least.
const LEAST_IN_BIN: f64 = 20.0;

/// Bins of the histogram of probabilities.
const HISTOGRAM: usize = 25;

/// Pictures beside each other on a page.
const COLUMNS: usize = 3;

/// What a model says of a split.
#[derive(Clone, Debug)]
pub struct Evaluated<'a> {
    /// Both splits.
    pub data: &'a DataSet,
    /// The one that was scored.
    pub split: Split,
    /// The loss that the model was trained with.
    pub loss: Loss,
    /// Logits, labels and their sums.
    pub evaluation: Evaluation,
    /// The loss of each image.
    pub losses: Vec<f32>,
    /// Of a linear model for each output one weight per pixel.
    pub weights: Vec<Vec<f32>>,
}

impl<'a> Evaluated<'a> {
    /// The scores of a split by a model that was trained as the plan says.
    pub fn new(plan: &Plan, data: &'a DataSet, split: Split, scores: Scores) -> Self {
        let Scores { evaluation, losses, weights } = scores;
        Self { data, split, loss: plan.training.loss.of(data.task()), evaluation, losses, weights }
    }

    /// The images that were scored.
    ///
    /// # Panics
    /// Where the data has no such split: then nothing was scored.
    pub fn images(&self) -> &Arc<Images> {
        self.data.split(self.split).expect("the data has the split that was scored")
    }

    /// What was evaluated, in a line.
    pub fn title(&self) -> String {
        let (images, split, name) = (grouped(self.images().len()), self.split_name(), &self.data.name);
        format!("{images} {split} images of {name}, {}", self.data.task())
    }

    /// How often it is right, and how often not.
    pub fn tiles(&self) -> [Tile; 2] {
        let counts = &self.evaluation.sums.counts;
        let (right, total, [low, high]) = (counts.right(), counts.total(), interval(counts.right(), counts.total()));
        let accuracy = fraction(Some(counts.accuracy()));
        [
            Tile::new("accuracy", accuracy, format!("95 % interval {low:.4} to {high:.4}")),
            Tile::new("errors", grouped(total - right), format!("of {} {} images", grouped(total), self.split_name())),
        ]
    }

    /// The loss that the model was trained with.
    pub fn loss_tile(&self) -> Tile {
        Tile::new("loss", format!("{:.6}", self.evaluation.metrics().loss), self.loss.to_string())
    }

    fn split_name(&self) -> &'static str {
        match self.split {
            Split::Train => "training",
            Split::Valid => "validation",
            Split::Test => "test",
        }
    }

    /// The metrics with their names; which class is among the first three is said where there are more, and the log loss where it is
    /// another than that of the training.
    pub fn metrics(&self) -> Vec<(String, String)> {
        let metrics = self.evaluation.metrics();
        let named = |metric: Metric| (metric.name().replace('_', " "), shown(metric, metrics.get(metric)));
        let is_log_loss = matches!(self.loss, Loss::CrossEntropy | Loss::BinaryCrossEntropy);
        let is_told = |metric: &Metric| match metric {
            Metric::Top3 => metrics.top_3.is_some(),
            Metric::LogLoss => !is_log_loss,
            _ => true,
        };
        Metric::ALL.into_iter().filter(is_told).map(named).collect()
    }

    /// For each class its accuracy, and of two how their images were taken, of more its precision and F1.
    pub fn by_class(&self) -> Table {
        let (classes, counts) = (self.data.task().classes(), self.evaluation.sums.counts.by_class());
        if let [positive, negative] = classes {
            let predicted = [positive, negative].map(|class| format!("predicted {class}"));
            let mut table = Table::new(["class", &predicted[0], &predicted[1], "accuracy"], 1);
            for ((class, row), counts) in classes.iter().zip(self.evaluation.confusion()).zip(counts) {
                table.add_row([class.clone(), grouped(row[0]), grouped(row[1]), fraction(counts.recall())]);
            }
            return table;
        }
        let mut table = Table::new(["class", "images", "accuracy (recall)", "precision", "f1"], 1);
        for (class, counts) in classes.iter().zip(counts) {
            let [recall, precision, f1] = [counts.recall(), counts.precision(), counts.f1()].map(fraction);
            table.add_row([class.clone(), grouped(counts.actual), recall, precision, f1]);
        }
        table
    }

    /// How often each class was predicted for images of each class.
    pub fn confusion(&self) -> Section {
        let (task, counts) = (self.data.task(), &self.evaluation.sums.counts);
        let matrix = Confusion { classes: task.classes().to_vec(), counts: self.evaluation.confusion() };
        let alt = match (task.classes(), &counts.by_class()[..]) {
            ([positive, negative], [positives, negatives]) => format!(
                "Confusion matrix: {} of {} images of {positive} and {} of {} of {negative} are right",
                positives.right, positives.actual, negatives.right, negatives.actual
            ),
            _ => format!("Confusion matrix of {task}: {} of {} images are right", counts.right(), counts.total()),
        };
        Section::new("Confusion matrix", [Block::Confusion { alt, matrix }])
    }

    /// The matrix with all metrics beside it, and what it does not say of each class.
    pub fn result(&self) -> Section {
        let Section { heading, blocks } = self.confusion();
        let metrics = Block::Table(Table::of_names(self.metrics()));
        let beside = Block::Beside(blocks.into_iter().chain([metrics]).collect());
        let mut by_class = self.by_class();
        if by_class.rows.len() > CLASSES_SHOWN {
            let accuracy = |row: &Vec<String>| row[2].parse::<f64>().unwrap_or(1.0);
            by_class.rows.sort_by(|a, b| accuracy(a).total_cmp(&accuracy(b)));
        }
        // Of two classes the matrix says it all.
        let is_more = !self.data.task().is_binary();
        let by_class = is_more.then(|| list_of_classes(by_class, "Each class, the one that is recognised worst first"));
        let words = [Some(self.meant()), self.worst()].into_iter().flatten().collect::<Vec<_>>().join(" ");
        Section::new(format!("{heading} and metrics"), [beside, Block::Text(words)].into_iter().chain(by_class))
    }

    /// What precision and recall are of.
    fn meant(&self) -> String {
        match self.data.task().classes() {
            [positive, _] => format!("Precision, recall and F1 are those of {positive}."),
            _ => "Precision, recall, F1 and ROC AUC are means over the classes.".into(),
        }
    }

    /// The class that is recognised worst, and what it is taken for most; none of two classes, or where none is wrong.
    fn worst(&self) -> Option<String> {
        let (task, counts) = (self.data.task(), self.evaluation.sums.counts.by_class());
        let recall = |label: &u16| counts[usize::from(*label)].recall();
        let known = task.labels().filter(|label| recall(label).is_some());
        let worst = known.min_by(|a, b| recall(a).partial_cmp(&recall(b)).unwrap_or(Ordering::Equal))?;
        let of = &counts[usize::from(worst)];
        let confused = self.evaluation.confusion()[usize::from(worst)].clone();
        let wrong = task.labels().filter(|label| *label != worst);
        let (most, taken) = wrong.map(|label| (confused[usize::from(label)], label)).max_by_key(|(count, _)| *count)?;
        let (worst, taken) = (self.data.class(worst), self.data.class(taken));
        (!task.is_binary() && most > 0).then(|| {
            format!(
                "Recognised worst is {worst}: {} of {} are right, {} are taken for {taken}.",
                grouped(of.right),
                grouped(of.actual),
                grouped(most)
            )
        })
    }

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
        let shown = pairs.iter().take(CONFUSED_SHOWN).map(|pair| self.pair(pair, pair.samples.len().min(MISSES)));
        let blocks = [Block::Table(table), Block::Text(self.legend()), Block::Beside(shown.collect())];
        Some(Section::new("What is confused most", blocks))
    }

    /// Images of each class: what it is surest of, what lies in the middle, and what it is most wrong about.
    pub fn classes(&self) -> Section {
        let (task, counts) = (self.data.task(), self.evaluation.sums.counts.by_class());
        let mut classes: Vec<(usize, Vec<ScoredSample>)> =
            self.evaluation.of_each_class(&self.losses).into_iter().enumerate().collect();
        let all = classes.len();
        let most = CLASSES_SHOWN.min(room(self.data.shape()) / 9);
        let mut text =
            "Three of each class: the image with the least loss, one in the middle, and the one with the highest."
                .to_owned();
        if all > most {
            let accuracy = |class: usize| counts[class].recall().unwrap_or(1.0);
            classes.sort_by(|(a, _), (b, _)| accuracy(*a).total_cmp(&accuracy(*b)));
            classes.truncate(most);
            text += &format!(" Of {all} classes those {most} that are recognised worst.");
        }
        let alt = format!("Images of {} of {task}", classes.len());
        let pictures = classes.iter().flat_map(|(_, few)| few).map(|sample| self.picture(sample)).collect();
        Section::new("Images of each class", [Block::Text(text), Block::Pictures { alt, pictures, columns: COLUMNS }])
    }

    /// Of two classes the ROC curve, calibration and, of a linear model, its weights; each with a name for its file.
    pub fn charts(&self) -> Vec<(&'static str, Section)> {
        let charts = self.roc().map(|roc| ("roc", roc)).into_iter();
        let charts = charts.chain([("calibration", self.calibration())]);
        charts.chain(self.pixel_weights().map(|weights| ("weights", weights))).collect()
    }

    /// The ROC curve of two classes.
    pub fn roc(&self) -> Option<Section> {
        let [positive, negative] = self.data.task().classes() else { return None };
        // Logits tell apart what probabilities next to 0 and 1 round together.
        let curve = roc(&self.evaluation.logits, &self.are(0));
        let text = format!(
            "As the probability that it takes to say {positive} goes down from 1 to 0, more images of {positive} are found (true \
             positive rate), and more of {negative} are taken for {positive} (false positive rate). The area below the curve \
             is the chance that an image of {positive} gets a higher probability than one of {negative}."
        );
        let corner = roc_corner(&curve);
        let charts = [Some(curve), corner].into_iter().flatten().map(Block::Lines).collect();
        Some(Section::new("ROC curve", [Block::Beside(charts), Block::Text(text)]))
    }

    /// The reliability diagram: of two classes of the probability of the first, of more of that of what is predicted.
    pub fn calibration(&self) -> Section {
        let reliability = self.evaluation.reliability();
        let bins = reliability.merged(LEAST_IN_BIN);
        let intervals: Vec<[f64; 2]> =
            bins.counts().iter().map(|[so, all]| interval(*so as u64, *all as u64)).collect();
        let diagram = calibration(bins.points(), intervals.clone(), reliability.error().unwrap_or_default());
        let end = "On the dashed line as many as it says; the upright lines are 95 % intervals. The error is the mean distance from that \
                   line over 15 bins, each image counting the same; here neighbours that hold few images are one bin.";
        let (diagram, of, text) = if let [positive, _] = self.data.task().classes() {
            let text = format!("Of the images that get about the same probability, how many are {positive}? {end}");
            (diagram, positive.as_str(), text)
        } else {
            let sure = reliability.mean().map_or_else(String::new, |(says, is)| sureness(says, is));
            let text = format!(
                "{sure}Of the images whose prediction has about the same probability, how many are right? {end}"
            );
            let y = Axis { name: "share of right ones".into(), ..diagram.y };
            (LineChart { y, ..diagram }, "what is predicted", text)
        };
        let mut table = Table::new(["mean probability", "images", "share", "95 % interval"], 0);
        for (((p, share), [_, all]), [low, high]) in bins.points().iter().zip(bins.counts()).zip(intervals) {
            let interval = format!("{low:.4} to {high:.4}");
            table.add_row([probability(*p as f32), grouped(all), format!("{share:.4}"), interval]);
        }
        let counts = histogram(&format!("probability of {of}"), &self.evaluation.histogram(HISTOGRAM));
        let charts = Block::Beside([diagram, counts].map(Block::Lines).into());
        let table = Block::Fold { summary: "The bins as numbers".into(), blocks: vec![Block::Table(table)] };
        Section::new(format!("Calibration of the probability of {of}"), [charts, Block::Text(text), table])
    }

    /// All images that are wrong, by what they are and what they are taken for; as many as a page has room for. None without one.
    pub fn misses(&self) -> Option<Section> {
        let pairs = self.evaluation.confused_pairs(&self.losses);
        let all: usize = pairs.iter().map(|pair| pair.samples.len()).sum();
        let mut room = room(self.data.shape()) * 2 / 5;
        let each = if all <= room { all } else { MISSES.max(room / pairs.len()) };
        let (mut shown, mut beside, mut single) = (0, Vec::new(), Vec::new());
        for pair in &pairs {
            let count = pair.samples.len().min(each).min(room);
            (shown, room) = (shown + count, room - count);
            match (count, &pair.samples[..]) {
                (0, _) => (),
                (_, [sample]) => single.push(sample),
                _ => beside.push(self.pair(pair, count)),
            }
        }
        let less =
            if shown < all { format!(" {} of {} are shown.", grouped(shown), grouped(all)) } else { String::new() };
        let many = if all == 1 { "The one miss".into() } else { format!("The {} misses", grouped(all)) };
        let heading = format!("{many}, by what they are taken for");
        let text = [Block::Text(self.legend() + " In each group the highest loss comes first." + &less)].into_iter();
        let folded = beside.split_off(beside.len().min(PAIRS_SEEN));
        let summary = format!("{} more pairs of classes with their images", folded.len());
        let folded = (!folded.is_empty()).then(|| Block::Fold { summary, blocks: vec![Block::Beside(folded)] });
        let seen = (!beside.is_empty()).then_some(Block::Beside(beside)).into_iter().chain(folded);
        let names = (shown < all).then(|| self.names(&pairs));
        single.sort_by(|a, b| b.loss.total_cmp(&a.loss));
        let single = single.into_iter().map(|sample| self.miss(sample)).collect();
        let rest = single_pairs(single).into_iter().chain(names);
        (all > 0).then(|| Section::new(heading, text.chain(seen).chain(rest)))
    }

    /// So many misses of a pair, of which a few are seen at once.
    fn pair(&self, ConfusedPair { label, predicted, samples }: &ConfusedPair, shown: usize) -> Block {
        let [is, said] = [label, predicted].map(|label| self.data.class(*label));
        let of = self.evaluation.sums.counts.by_class()[usize::from(*label)].actual;
        let less =
            if shown < samples.len() { format!(", of which {} are shown", grouped(shown)) } else { String::new() };
        let share = 100.0 * samples.len() as f64 / of as f64;
        let (wrong, all) = (grouped(samples.len()), grouped(of));
        let text = format!("{is}, taken for {said}: {wrong} of {all} ({share:.1} %){less}");
        let pictures = |samples: &[ScoredSample]| Block::Pictures {
            alt: format!("{} images of {is} that are taken for {said}, the highest loss first", samples.len()),
            pictures: samples.iter().map(|sample| self.miss(sample)).collect(),
            columns: MISSES,
        };
        let (first, more) = samples[..shown].split_at(shown.min(MISSES));
        let summary = format!("{} more of {is}, taken for {said}", more.len());
        let more = (!more.is_empty()).then(|| Block::Fold { summary, blocks: vec![pictures(more)] });
        Block::Together([Block::Text(text), pictures(first)].into_iter().chain(more).collect())
    }

    fn miss(&self, sample: &ScoredSample) -> Picture {
        Picture { verdict: Verdict::None, ..self.picture(sample) }
    }

    /// All misses by pair of classes and name, also those that the page has no room to show.
    fn names(&self, pairs: &[ConfusedPair]) -> Block {
        let mut table = Table::new(["is", "taken for", "N", "images"], 3);
        let mut room = MISSES_NAMED;
        for ConfusedPair { label, predicted, samples } in pairs.iter().take(CLASSES_LISTED) {
            let named = samples.len().min(room);
            room -= named;
            let name = |sample: &ScoredSample| {
                let name = self.image_name(sample.index);
                name.rsplit('/').next().unwrap_or_default().to_owned()
            };
            let mut names: Vec<String> = samples[..named].iter().map(name).collect();
            names.extend((named < samples.len()).then(|| "..".to_owned()));
            let [is, said] = [label, predicted].map(|label| self.data.class(*label).to_owned());
            table.add_row([is, said, names.join(", "), grouped(samples.len())]);
        }
        let most = if pairs.len() > CLASSES_LISTED {
            format!("the {CLASSES_LISTED} most frequent of ")
        } else {
            String::new()
        };
        let summary = format!("All misses by name: {most}{} pairs of classes", grouped(pairs.len()));
        let text = format!("`train show {}/IS/N` shows one.", self.split.name());
        Block::Fold { summary, blocks: vec![Block::Text(text), Block::Table(table)] }
    }

    /// The weights in the place of their pixels, of a linear model of grey images; of very many classes none.
    pub fn pixel_weights(&self) -> Option<Section> {
        let Shape { channels: 1, height, width } = self.data.shape() else { return None };
        let picture = |heading: &str, weights: Weights, values: &[f32]| {
            let [least, most] = [f32::min, f32::max].map(|pick| values.iter().copied().fold(0.0, pick));
            Block::Weights { alt: format!("{heading}; from {least:.2} to {most:.2}"), weights }
        };
        let of = |values: &Vec<f32>| Weights::new(height, width, values.clone());
        match (self.data.task().classes(), &self.weights[..]) {
            (_, []) => None,
            ([positive, negative], [values]) => {
                let heading = format!("Weights: positive ones speak for {positive}, negative ones for {negative}");
                let picture = picture(&heading, of(values), values);
                Some(Section::new(heading, [picture]))
            }
            (classes, all) if classes.len() <= MOST_WEIGHTS => {
                let pictures = classes
                    .iter()
                    .zip(all)
                    .map(|(class, values)| picture(&format!("Weights of {class}"), of(values).named(class), values));
                Some(Section::new("Weights: positive ones speak for their class", [Block::Beside(pictures.collect())]))
            }
            _ => None,
        }
    }

    fn are(&self, label: u16) -> Vec<bool> {
        self.evaluation.labels.iter().map(|other| *other == label).collect()
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
            "What the model says, what it is,{loss} and p, the probability the model gave to what it says; below, the name by which \
             `train show` finds the image."
        )
    }

    /// Whether p says the loss of an image too: the chapter's is how far p is from 1, or from 0.
    fn loss_is_p(&self) -> bool {
        self.loss == Loss::MnistLoss && self.data.task().is_binary()
    }

    fn picture(&self, top: &ScoredSample) -> Picture {
        let [prediction, target] = [top.predicted, top.label].map(|label| self.data.class(label));
        let verdict = if top.predicted == top.label { Verdict::Right } else { Verdict::Wrong };
        let (p, name) = (probability(top.probability), self.image_name(top.index));
        let loss = if self.loss_is_p() { String::new() } else { format!("loss {}\n", loss(top.loss)) };
        let caption = format!("{prediction}, is {target}\n{loss}p {p}\n{name}");
        Picture { pixels: pixels(self.images(), top.index), caption, verdict }
    }

    /// As `train show` takes it.
    pub fn image_name(&self, index: usize) -> String {
        self.data.image_name(self.split, index)
    }
}

/// Whether predictions are as often right as they say.
fn sureness(says: f64, is: f64) -> String {
    let word = match says - is {
        more if more > TOO_SURE => "it is surer than it is right",
        more if more < -TOO_SURE => "it is less sure than it is right",
        _ => "it is as sure as it is right",
    };
    format!("On average it gives its prediction {says:.4}, and {is:.4} of them are right: {word}. ")
}

/// A difference of mean probability and accuracy that counts.
const TOO_SURE: f64 = 0.005;

/// A table with a row for each class: folded where it is long, and cut where a page has no room for it.
pub(crate) fn list_of_classes(mut table: Table, summary: &str) -> Block {
    let classes = table.rows.len() - usize::from(table.has_total);
    if classes <= CLASSES_SHOWN {
        return Block::Table(table);
    }
    table.rows.drain(classes.min(CLASSES_LISTED)..classes);
    let less = if classes > CLASSES_LISTED { format!(": {CLASSES_LISTED} of {classes}") } else { String::new() };
    Block::Fold { summary: format!("{summary}{less}"), blocks: vec![Block::Table(table)] }
}

/// Misses of pairs of classes that have one each.
fn single_pairs(pictures: Vec<Picture>) -> Vec<Block> {
    let alt = match pictures.len() {
        0 => return Vec::new(),
        1 => "One pair of classes with a single miss".to_owned(),
        count => format!("{count} pairs of classes with a single miss each"),
    };
    vec![Block::text(&alt), Block::Pictures { alt, pictures, columns: MOST_COLUMNS }]
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, sync::Arc};

    use task::Task;

    use super::*;

    /// Images of a pixel, so many of each of three classes, all of which are taken for the first.
    fn data(of_each: usize) -> (DataSet, Evaluation) {
        let task = Arc::new(Task::new(["a", "b", "c"]).unwrap());
        let labels: Vec<u16> = (0..3 * of_each).map(|index| (index % 3) as u16).collect();
        let images = Images::new(&task, Shape::grey([1, 1]), vec![7; labels.len()].into(), labels.clone());
        let images = Arc::new(images);
        let data = DataSet::in_memory("idx", images.clone(), images);
        let mut evaluation = Evaluation::new(&task);
        evaluation.add(1.0, &[1.0, 0.0, 0.0].repeat(labels.len()), &labels);
        (data, evaluation)
    }

    #[test]
    fn a_page_without_room_for_all_misses_has_the_names_of_all() {
        let names_of = |of_each: usize| {
            let (data, evaluation) = data(of_each);
            let losses = vec![1.0; evaluation.labels.len()];
            let loss = Loss::CrossEntropy;
            let evaluated = Evaluated { data: &data, split: Split::Valid, loss, evaluation, losses, weights: vec![] };
            evaluated.misses().unwrap().blocks.into_iter().find_map(|block| match block {
                Block::Fold { summary, blocks } if summary.starts_with("All misses by name") => Some((summary, blocks)),
                _ => None,
            })
        };
        assert_eq!(names_of(40), None, "all are shown");
        let (summary, blocks) = names_of(400).unwrap();
        assert_eq!(summary, "All misses by name: 2 pairs of classes");
        let [Block::Text(text), Block::Table(table)] = &blocks[..] else { panic!("{blocks:?}") };
        assert_eq!(text, "`train show valid/IS/N` shows one.");
        for (row, is) in table.rows.iter().zip(["b", "c"]) {
            assert_eq!([&row[0], &row[1], &row[3]], [is, "a", "400"]);
            let numbers: BTreeSet<usize> = row[2].split(", ").map(|number| number.parse().unwrap()).collect();
            assert_eq!(numbers, (0..400).collect());
        }
        // Beyond some thousand the rest is counted alone.
        let (_, blocks) = names_of(2000).unwrap();
        assert!(matches!(&blocks[1], Block::Table(table) if table.rows[1][2].ends_with(", ..")), "{blocks:?}");
    }
}
