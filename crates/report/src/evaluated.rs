//! A trained model on a split: what all sections are made of.

use std::{num::NonZeroUsize, sync::Arc};

use chart::{
    Axis, Block, Confusion, LineChart, Mark, Picture, Section, Table, Tile, Verdict, Weights, calibration, histogram,
    roc, roc_corner,
};
use data::{DataSet, Images, Split};
use metrics::{ClassCounts, ConfusedPair, Evaluation, Metric, ScoredSample, Scores, interval};
use plan::{Loss, Plan};
use task::Shape;

use crate::{few, fraction, grouped, loss, pixels, probability, room::room, shown, small, words::taken};

/// Pairs of classes that are told as confused, and those of which images are shown.
const CONFUSED: usize = 10;
const CONFUSED_SHOWN: usize = 4;

/// Classes of which images are seen at once, of which there are some, and those that a page lists.
const CLASSES_SEEN: usize = 3;
const CLASSES_SHOWN: usize = 20;
const CLASSES_LISTED: usize = 100;

/// Classes that are listed beside their matrix.
const CLASSES_BESIDE: usize = 12;

/// Classes whose weights are drawn.
const MOST_WEIGHTS: usize = 20;

/// Misses of a pair of classes that are seen at once, and pairs.
const MISSES: usize = 4;
const PAIRS_SEEN: usize = 8;

/// Characters of the names of misses on a page.
const MISSES_NAMED: usize = 15_000;

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
    /// What `train show` needs behind the name of an image to find it.
    pub config: String,
}

impl<'a> Evaluated<'a> {
    /// The scores of a split by a model that was trained as the plan says; `config` is what `train show` needs to find the data.
    pub fn new(plan: &Plan, data: &'a DataSet, split: Split, scores: Scores, config: String) -> Self {
        let Scores { evaluation, losses, weights } = scores;
        Self { data, split, loss: plan.training.loss.of(data.task()), evaluation, losses, weights, config }
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
        Tile::new("loss", shown(Metric::Loss, Some(self.evaluation.metrics().loss)), self.loss.to_string())
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

    /// The matrix with all metrics that no tile has; of more than two classes with each class beside it.
    pub fn result(&self) -> Section {
        let Section { heading, blocks } = self.confusion();
        // Loss and accuracy come first, and are tiles.
        let metrics = Block::Table(Table::of_names(self.metrics().into_iter().skip(2)));
        let words = [Some(self.meant()), self.worst(), self.said_too_often()];
        let words = Block::Text(words.into_iter().flatten().collect::<Vec<_>>().join(" "));
        let beside = |block: Block| Block::Beside(blocks.iter().cloned().chain([block]).collect());
        let of_classes = || list_of_classes(self.ranked(), "Each class, the one that is recognised worst first");
        let blocks = match self.data.task().classes().len() {
            // Of two classes the matrix says it all.
            2 => vec![beside(metrics), words],
            ..=CLASSES_BESIDE => vec![beside(of_classes()), Block::Beside(vec![words, metrics])],
            _ => vec![beside(metrics), words, of_classes()],
        };
        Section::new(format!("{heading} and metrics"), blocks)
    }

    /// What precision and recall are of.
    fn meant(&self) -> String {
        match self.data.task().classes() {
            [positive, _] => format!("Precision, recall and F1 are those of {positive}."),
            _ => "Precision, recall, F1 and ROC AUC are means over the classes.".into(),
        }
    }

    /// Classes that have images, the one that is recognised worst first.
    fn by_recall(&self) -> Vec<(u16, ClassCounts)> {
        let (task, counts) = (self.data.task(), self.evaluation.sums.counts.by_class());
        let mut classes: Vec<(u16, ClassCounts)> = task.labels().zip(counts).filter(|(_, of)| of.actual > 0).collect();
        let recall = |of: &ClassCounts| of.recall().unwrap_or(1.0);
        classes.sort_by(|(_, a), (_, b)| recall(a).total_cmp(&recall(b)));
        classes
    }

    /// How each class is recognised, the worst first.
    fn ranked(&self) -> Table {
        let classes = self.by_recall();
        let first = classes.first().map_or(0, |(_, of)| of.actual);
        let are_equal = classes.iter().all(|(_, of)| of.actual == first);
        let misses = if are_equal { format!("misses of {}", grouped(first)) } else { "misses".into() };
        let mut table = Table::new(["class", &misses, "accuracy (recall)", "95 % interval", "times said"], 1);
        for (label, of) in classes {
            let [low, high] = interval(of.right, of.actual);
            let of_all = if are_equal { String::new() } else { format!("/{}", grouped(of.actual)) };
            table.add_row([
                self.data.class(label).to_owned(),
                grouped(of.actual - of.right) + &of_all,
                fraction(of.recall()),
                // Of a good model the third digit counts.
                if high > 0.95 { format!("{low:.3}–{high:.3}") } else { format!("{low:.2}–{high:.2}") },
                grouped(of.predicted),
            ]);
        }
        table
    }

    /// The class that is recognised worst, whether the next is better by more than chance, and what it is taken for most; none of two
    /// classes, or where none is wrong.
    fn worst(&self) -> Option<String> {
        let task = self.data.task();
        let classes = self.by_recall();
        let [(worst, of), (next, of_next), ..] = classes[..] else { return None };
        let confused = &self.evaluation.confusion()[usize::from(worst)];
        let wrong = task.labels().filter(|label| *label != worst);
        let (most, taken) = wrong.map(|label| (confused[usize::from(label)], label)).max_by_key(|(count, _)| *count)?;
        let [_, high] = interval(of.right, of.actual);
        let [low, _] = interval(of_next.right, of_next.actual);
        let beside = if high < low {
            "is better by more than chance"
        } else {
            "may be as bad: so few misses do not tell them apart"
        };
        let [worst, next, taken] = [worst, next, taken].map(|label| self.data.class(label));
        (!task.is_binary() && most > 0).then(|| {
            format!(
                "Recognised worst is class {worst}: {} of {} are right; the next, class {next}, {beside}. Most often it is taken for \
                 class {taken}: {} of {} misses.",
                grouped(of.right),
                grouped(of.actual),
                grouped(most),
                grouped(of.actual - of.right)
            )
        })
    }

    /// Of more than two classes the one that is predicted more often than there are images of it, by a tenth and more.
    fn said_too_often(&self) -> Option<String> {
        let share = |of: &ClassCounts| of.predicted as f64 / of.actual as f64;
        let (label, of) = self.by_recall().into_iter().max_by(|(_, a), (_, b)| share(a).total_cmp(&share(b)))?;
        (!self.data.task().is_binary() && share(&of) > TOO_OFTEN).then(|| {
            let (class, said, are) = (self.data.class(label), grouped(of.predicted), grouped(of.actual));
            format!("Class {class} is said too often: {said} times, for {are} images.")
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
        let shown = pairs
            .iter()
            .take(CONFUSED_SHOWN)
            .map(|pair| self.pair(pair, pair.samples.len(), pair.samples.len().min(MISSES)));
        let blocks = [Block::Table(table), Block::Text(self.legend()), Block::Beside(shown.collect())];
        Some(Section::new("What is confused most", blocks))
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

    /// The probability of all classes but the predicted one: by the logits, as 1 - p would be rounded to 0.
    fn doubt(&self, index: usize) -> f64 {
        let outputs = self.data.task().outputs();
        let row = self.evaluation.logits[index * outputs..][..outputs].iter().map(|logit| f64::from(*logit));
        if outputs == 1 {
            return row.map(|logit| 1.0 / (1.0 + logit.abs().exp())).sum();
        }
        let highest = row.clone().fold(f64::NEG_INFINITY, f64::max);
        let others = row.map(|logit| (logit - highest).exp()).sum::<f64>() - 1.0;
        others / (1.0 + others)
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
        let mut curve = roc(&self.evaluation.logits, &self.are(0));
        let text = format!(
            "As the probability that it takes to say {positive} goes down from 1 to 0, more images of {positive} are found (true \
             positive rate), and more of {negative} are taken for {positive} (false positive rate). The area below the curve \
             is the chance that an image of {positive} gets a higher probability than one of {negative}."
        );
        let [positives, negatives] = &self.evaluation.sums.counts.by_class()[..] else { return None };
        let rates = [negatives.actual - negatives.right, positives.right];
        let [false_rate, true_rate] = [(rates[0], negatives), (rates[1], positives)]
            .map(|(count, class)| count as f64 / class.actual.max(1) as f64);
        curve.marks.push(Mark::new("says so from 0.5 on", (false_rate, true_rate)).coloured(chart::BEST_SERIES));
        let text = format!(
            "{text} Where it says {positive} from a probability of 0.5 on, {} of {} images of {positive} are found ({true_rate:.4}), and {} \
             of {} of {negative} are taken for {positive} ({false_rate:.4}).",
            grouped(rates[1]),
            grouped(positives.actual),
            grouped(rates[0]),
            grouped(negatives.actual)
        );
        // What tells most is large, and the whole is there for who asks for it.
        let (chart, whole) = match roc_corner(&curve) {
            Some(corner) => (corner, Some(curve)),
            None => (curve, None),
        };
        let whole = whole.map(|whole| {
            let summary = "The whole curve, of which that is the upper left corner".into();
            Block::Fold { summary, blocks: vec![Block::Lines(whole)] }
        });
        let words = Block::Together([Block::Text(text)].into_iter().chain(whole).collect());
        Some(Section::new("ROC curve", [Block::Beside(vec![Block::Lines(chart), words])]))
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
            let text =
                format!("Of the images whose prediction has about the same probability, how many are right? {end}");
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
        Section::new(
            format!("Calibration of the probability of {of}"),
            [Block::Text(self.sureness()), charts, Block::Text(text), table],
        )
    }

    /// What is most often taken for what, and which misses are worth a look.
    pub fn in_short(&self) -> String {
        let pairs = self.evaluation.confused_pairs(&self.losses);
        let (count, misses) = (pairs.len(), pairs.iter().map(|pair| pair.samples.len()).sum::<usize>());
        let Some(ConfusedPair { label, predicted, samples }) = pairs.into_iter().next() else {
            return "It makes no error here.".into();
        };
        let [is, said] = [label, predicted].map(|label| self.data.class(label));
        let of = if misses == 1 {
            "its one miss".into()
        } else {
            format!("{} of its {} misses", grouped(samples.len()), grouped(misses))
        };
        // Of many pairs with a few misses each none stands out.
        let are_spread = count > SPREAD && samples.len() * SPREAD < misses;
        let most = match count {
            1 => "It takes".into(),
            _ if are_spread => format!("Its misses spread over {count} pairs of classes; most often it takes"),
            _ => "Most often it takes".to_owned(),
        };
        let sure = match self.sure_of_misses() {
            0 => format!("Of no miss it is sure (p above {SURE})."),
            1 => format!("Of one miss it is sure (p above {SURE}): its label may be wrong."),
            sure => format!(
                "Of {} misses it is sure (p above {SURE}): look at these first, a label may be wrong.",
                grouped(sure)
            ),
        };
        format!("{most} {is} for {said}: {of}. {sure}")
    }

    /// How many misses there are of which it is sure.
    fn sure_of_misses(&self) -> usize {
        let is_sure = |sample: &&ScoredSample| sample.predicted != sample.label && f64::from(sample.probability) > SURE;
        self.evaluation.by_loss(&self.losses).iter().filter(is_sure).count()
    }

    /// Whether predictions are as often right as they say, and how many are wrong and say that they are sure.
    fn sureness(&self) -> String {
        let counts = &self.evaluation.sums.counts;
        let says = self.says();
        let wrong = counts.total() - counts.right();
        let misses = match (self.sure_of_misses(), wrong as usize) {
            (_, 0) => "It makes no error here. ".to_owned(),
            (sure, 1) => format!("Its one error has p {} {SURE}. ", if sure == 1 { "above" } else { "up to" }),
            (0, all) => format!("None of its {} errors has p above {SURE}. ", grouped(all)),
            (sure, all) => format!("Of its {} errors p is above {SURE} in {}. ", grouped(all), grouped(sure)),
        };
        let above = says.iter().filter(|p| **p > SURE).count();
        let (says, is) = (mean(&says), counts.accuracy());
        let word = match says - is {
            more if more > TOO_SURE => "surer than it is right",
            more if more < -TOO_SURE => "less sure than it is right",
            _ => "as sure as it is right",
        };
        let misses = match self.sure_of_misses() {
            0 => misses,
            wrong => format!(
                "{misses}Of the {} images with such a p {} % are wrong. ",
                grouped(above),
                two_digits(100.0 * wrong as f64 / above as f64)
            ),
        };
        let mut said = format!(
            "{misses}On average it gives its prediction {says:.4}, and {is:.4} of them are right: it is {word}."
        );
        if self.is_too_sure() {
            said += " The mnist-loss hardly punishes a sure error: it grows by no more than p does. The cross-entropy grows without end: \
                     a run with `training.loss=binary-cross-entropy` shows what that changes.";
        }
        said
    }

    /// The probability that it gives each of its predictions.
    fn says(&self) -> Vec<f64> {
        let classes = self.data.task().classes().len();
        let (predictions, probabilities) = (self.evaluation.predictions(), self.evaluation.probabilities());
        let of = |(row, predicted): (&[f32], &u16)| f64::from(row[usize::from(*predicted)]);
        probabilities.chunks_exact(classes).zip(&predictions).map(of).collect()
    }

    /// Whether it is surer than it is right, by a loss that hardly punishes that.
    pub(crate) fn is_too_sure(&self) -> bool {
        self.loss_is_p() && mean(&self.says()) - self.evaluation.sums.counts.accuracy() > TOO_SURE
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

    /// All misses by pair of classes and name, also those that the page has no room to show.
    fn names(&self, pairs: &[ConfusedPair]) -> Block {
        let last = if self.are_files() { "FILE" } else { "N" };
        let mut table = Table::new(["is", "taken for", last, "images"], 3);
        let mut room = MISSES_NAMED;
        for ConfusedPair { label, predicted, samples } in pairs.iter().take(CLASSES_LISTED) {
            let mut names: Vec<String> = Vec::new();
            for sample in samples {
                let name = self.last_name(sample.index);
                // With the comma and the blank behind it.
                let Some(left) = room.checked_sub(name.len() + 2) else { break };
                room = left;
                names.push(name);
            }
            names.extend((names.len() < samples.len()).then(|| "..".to_owned()));
            let [is, said] = [label, predicted].map(|label| self.data.class(*label).to_owned());
            table.add_row([is, said, names.join(", "), grouped(samples.len())]);
        }
        let most = if pairs.len() > CLASSES_LISTED {
            format!("the {CLASSES_LISTED} most frequent of ")
        } else {
            String::new()
        };
        let summary = format!("All misses by name: {most}{} pairs of classes", grouped(pairs.len()));
        Block::Fold { summary, blocks: vec![Block::Text(self.shows_one()), Block::Table(table)] }
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
            "What it is and what the model takes it for,{loss} and p, the probability that the model gave to that; below, the name by which \
             `train show NAME {}` finds the image.",
            self.config
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
        let caption = format!("{}\n{loss}p {p}\n{name}", taken(prediction, Some(target)));
        Picture { verdict, ..Picture::new(pixels(self.images(), top.index), caption) }
    }

    /// As `train show` takes it.
    pub fn image_name(&self, index: usize) -> String {
        self.data.image_name(self.split, index)
    }
}

/// Pairs of classes over which misses spread, where the first has a smaller part than one of so many.
const SPREAD: usize = 10;

/// A probability of which a model is sure.
const SURE: f64 = 0.99;

/// How often a class is predicted for each image of it before that is said.
const TOO_OFTEN: f64 = 1.1;

/// A difference of mean probability and accuracy that counts.
const TOO_SURE: f64 = 0.005;

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// Two digits of a share in percent.
fn two_digits(percent: f64) -> String {
    if percent < 1.0 { format!("{percent:.2}") } else { format!("{percent:.1}") }
}

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

    fn evaluated(data: &DataSet, evaluation: Evaluation) -> Evaluated<'_> {
        let losses = vec![1.0; evaluation.labels.len()];
        let (loss, config) = (Loss::CrossEntropy, "my.toml".into());
        Evaluated { data, split: Split::Valid, loss, evaluation, losses, weights: vec![], config }
    }

    #[test]
    fn the_worst_class_is_first_with_what_chance_allows_and_what_is_said_too_often_is_told() {
        let (data, evaluation) = data(4);
        let evaluated = evaluated(&data, evaluation);
        let table = evaluated.ranked();
        assert_eq!(table.header[1], "misses of 4");
        assert_eq!(table.rows[0], ["b", "4", "0.0000", "0.00–0.49", "0"]);
        assert_eq!(table.rows[2][0], "a");
        let worst = "Recognised worst is class b: 0 of 4 are right; the next, class c, may be as bad: so few misses do not \
                     tell them apart. Most often it is taken for class a: 4 of 4 misses.";
        assert_eq!(evaluated.worst().unwrap(), worst);
        assert_eq!(evaluated.said_too_often().unwrap(), "Class a is said too often: 12 times, for 4 images.");
    }

    #[test]
    fn an_image_that_stands_above_is_not_shown_again() {
        let (data, evaluation) = data(2);
        let evaluated = evaluated(&data, evaluation);
        let shown = |above: &[&str]| format!("{:?}", evaluated.misses(above).unwrap().blocks);
        assert!(shown(&[]).contains("b, taken for a: 2 of 2 (100.0 %)\"") && shown(&[]).contains("no. 1\""));
        let told = "alt: \"b taken for a, loss 1.00, p 0.5761, valid/b/1\"";
        assert!(shown(&[]).contains(told), "what is heard names the classes: {}", shown(&[]));
        let without = shown(&["valid/b/1", "valid/c/1"]);
        assert!(without.contains("b, taken for a: 2 of 2 (100.0 %), 1 of them above"), "{without}");
        assert!(!without.contains("no. 1\""), "{without}");
    }

    #[test]
    fn sure_errors_come_first() {
        let task = Arc::new(Task::new(["3", "7"]).unwrap());
        let images = Arc::new(Images::new(&task, Shape::grey([1, 1]), vec![7; 4].into(), vec![0, 0, 1, 1]));
        let data = DataSet::in_memory("idx", images.clone(), images);
        let mut evaluation = Evaluation::new(&task);
        evaluation.add(1.0, &[9.0, -6.0, -9.0, -9.0], &[0, 0, 1, 1]);
        let evaluated = Evaluated { loss: Loss::MnistLoss, ..evaluated(&data, evaluation) };
        let said = evaluated.sureness();
        assert!(said.starts_with("Its one error has p above 0.99. Of the 4 images with such a p 25.0 % are wrong. On average it gives its prediction 0.99"), "{said}");
        assert!(said.contains("surer than it is right. The mnist-loss hardly punishes"), "{said}");
        let doubt = evaluated.doubt(0);
        assert!((doubt - 1.234e-4).abs() < 1e-6, "{doubt}");
        let roc = evaluated.roc().unwrap();
        assert!(
            format!("{roc:?}").contains("1 of 2 images of 3 are found (0.5000), and 0 of 2 of 7 are taken for 3"),
            "{roc:?}"
        );
    }

    #[test]
    fn a_page_without_room_for_all_misses_has_the_names_of_all() {
        let names_of = |of_each: usize| {
            let (data, evaluation) = data(of_each);
            let evaluated = evaluated(&data, evaluation);
            evaluated.misses(&[]).unwrap().blocks.into_iter().find_map(|block| match block {
                Block::Fold { summary, blocks } if summary.starts_with("All misses by name") => Some((summary, blocks)),
                _ => None,
            })
        };
        assert_eq!(names_of(40), None, "all are shown");
        let (summary, blocks) = names_of(400).unwrap();
        assert_eq!(summary, "All misses by name: 2 pairs of classes");
        let [Block::Text(text), Block::Table(table)] = &blocks[..] else { panic!("{blocks:?}") };
        assert_eq!(text, "`train show valid/CLASS/N my.toml` shows no. N of a class.");
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
