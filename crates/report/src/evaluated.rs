//! A trained model on a split: what all sections are made of.

mod examples;
mod probabilities;

use std::sync::Arc;

use chart::{Block, Confusion, Section, Table, Tile, Weights};
use data::{DataSet, Images, Split};
use metrics::{ClassCounts, Evaluation, Metric, Scores, interval};
use plan::{Loss, Plan};
use task::Shape;

use crate::{fraction, grouped, shown};

/// Classes of which there are images, and those that a page lists.
const CLASSES_SHOWN: usize = 20;
const CLASSES_LISTED: usize = 100;

/// Classes that are listed beside their matrix.
const CLASSES_BESIDE: usize = 12;

/// Two classes are told as taken for each other where they have more than one of so many misses.
const MOST_PAIRS: u64 = 20;

/// Classes whose weights are drawn.
const MOST_WEIGHTS: usize = 20;

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
        let words = [Some(self.meant()), self.worst(), self.taken_for_each_other(), self.said_too_often()];
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
        let mut table = Table::new(["class", &misses, "accuracy (recall)", "95 % interval", "precision"], 1);
        for (label, of) in classes {
            let [low, high] = interval(of.right, of.actual);
            let of_all = if are_equal { String::new() } else { format!("/{}", grouped(of.actual)) };
            table.add_row([
                self.data.class(label).to_owned(),
                grouped(of.actual - of.right) + &of_all,
                fraction(of.recall()),
                // Of a good model the third digit counts.
                if high > 0.95 { format!("{low:.3}–{high:.3}") } else { format!("{low:.2}–{high:.2}") },
                fraction(of.precision()),
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

    /// Of more than two classes the two that are taken for each other most, where that is more than a few of all misses.
    fn taken_for_each_other(&self) -> Option<String> {
        let (classes, confusion) = (self.data.task().classes(), self.evaluation.confusion());
        let pairs = (0..classes.len()).flat_map(|a| (0..a).map(move |b| (a, b)));
        let both = |(a, b): (usize, usize)| confusion[a][b] + confusion[b][a];
        let (a, b) = pairs.max_by_key(|pair| both(*pair))?;
        let counts = &self.evaluation.sums.counts;
        let (both, misses) = (both((a, b)), counts.total() - counts.right());
        let is_told = classes.len() > 2 && confusion[a][b].min(confusion[b][a]) > 0 && both * MOST_PAIRS > misses;
        is_told.then(|| {
            let (first, second) = (&classes[b], &classes[a]);
            format!(
                "{first} and {second} are taken for each other most: {} of {} misses.",
                grouped(both),
                grouped(misses)
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

    /// Whether p says the loss of an image too: the chapter's is how far p is from 1, or from 0.
    fn loss_is_p(&self) -> bool {
        self.loss == Loss::MnistLoss && self.data.task().is_binary()
    }
}

/// How often a class is predicted for each image of it before that is said.
const TOO_OFTEN: f64 = 1.1;

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
        assert_eq!(table.rows[0], ["b", "4", "0.0000", "0.00–0.49", "-"]);
        assert_eq!(table.rows[2][0], "a");
        let worst = "Recognised worst is class b: 0 of 4 are right; the next, class c, may be as bad: so few misses do not \
                     tell them apart. Most often it is taken for class a: 4 of 4 misses.";
        assert_eq!(evaluated.worst().unwrap(), worst);
        assert_eq!(evaluated.taken_for_each_other(), None, "all are taken for the first");
        assert_eq!(evaluated.said_too_often().unwrap(), "Class a is said too often: 12 times, for 4 images.");
    }

    #[test]
    fn two_classes_that_are_taken_for_each_other_are_told() {
        let (data, mut evaluation) = data(4);
        // Two images of the first class are taken for the second.
        let first = (0..12).filter(|index| evaluation.labels[*index] == 0).take(2).collect::<Vec<_>>();
        for index in first {
            evaluation.logits[3 * index..3 * index + 3].copy_from_slice(&[0.0, 9.0, 0.0]);
        }
        let logits = std::mem::take(&mut evaluation.logits);
        let labels = std::mem::take(&mut evaluation.labels);
        let mut evaluation = Evaluation::new(data.task());
        evaluation.add(1.0, &logits, &labels);
        let said = evaluated(&data, evaluation).taken_for_each_other();
        assert_eq!(said.as_deref(), Some("a and b are taken for each other most: 6 of 10 misses."));
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
        assert!(said.starts_with("Its one error says so with more than 0.99. Of the 4 images of whose class it is so sure 25.0 % are wrong. On average it gives the class that it says 0.99"), "{said}");
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
                Block::Fold { summary, blocks } if summary.contains("isses by name") => Some((summary, blocks)),
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
        // Beyond some thousand each pair has as many names as the others.
        let (summary, blocks) = names_of(2000).unwrap();
        let [Block::Text(text), Block::Table(table)] = &blocks[..] else { panic!("{blocks:?}") };
        assert_eq!(summary, "Misses by name: 2 pairs of classes");
        let [first, second] = [0, 1].map(|row| table.rows[row][2].strip_suffix(", ..").unwrap().split(", ").count());
        assert!(first == second && first > 400, "{first} {second}");
        assert!(text.ends_with(&format!("Of each pair {first} are named, those of the highest loss; `train evaluate RUN --top-losses 4000 --json` has all.")), "{text}");
    }
}
