//! How far the probabilities of a model are to be trusted.

use chart::{Axis, Block, LineChart, Mark, Section, Table, calibration, histogram, roc, roc_corner};
use metrics::{ConfusedPair, ScoredSample, interval};

use super::Evaluated;
use crate::{grouped, probability};

/// Images that a bin of the reliability diagram holds at least.
const LEAST_IN_BIN: f64 = 20.0;

/// Bins of the histogram of probabilities.
const HISTOGRAM: usize = 25;

/// Pairs of classes over which misses spread, where the first has a smaller part than one of so many.
const SPREAD: usize = 10;

/// A probability of which a model is sure.
const SURE: f64 = 0.99;

/// A difference of mean probability and accuracy that counts.
const TOO_SURE: f64 = 0.005;

impl Evaluated<'_> {
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
    pub(super) fn sureness(&self) -> String {
        let counts = &self.evaluation.sums.counts;
        let says = self.says();
        let wrong = counts.total() - counts.right();
        let misses = match (self.sure_of_misses(), wrong as usize) {
            (_, 0) => "It makes no error here. ".to_owned(),
            (sure, 1) => {
                format!("Its one error says so with {} {SURE}. ", if sure == 1 { "more than" } else { "up to" })
            }
            (0, all) => format!("None of its {} errors says so with more than {SURE}. ", grouped(all)),
            (sure, all) => format!("Of its {} errors {} say so with more than {SURE}. ", grouped(all), grouped(sure)),
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
                "{misses}Of the {} images of whose class it is so sure {} % are wrong. ",
                grouped(above),
                two_digits(100.0 * wrong as f64 / above as f64)
            ),
        };
        let mut said = format!(
            "{misses}On average it gives the class that it says {says:.4}, and {is:.4} of them are right: it is {word}."
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

    /// The probability of all classes but the predicted one: by the logits, as 1 - p would be rounded to 0.
    pub(super) fn doubt(&self, index: usize) -> f64 {
        let outputs = self.data.task().outputs();
        let row = self.evaluation.logits[index * outputs..][..outputs].iter().map(|logit| f64::from(*logit));
        if outputs == 1 {
            return row.map(|logit| 1.0 / (1.0 + logit.abs().exp())).sum();
        }
        let highest = row.clone().fold(f64::NEG_INFINITY, f64::max);
        let others = row.map(|logit| (logit - highest).exp()).sum::<f64>() - 1.0;
        others / (1.0 + others)
    }

    fn are(&self, label: u16) -> Vec<bool> {
        self.evaluation.labels.iter().map(|other| *other == label).collect()
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// Two digits of a share in percent.
fn two_digits(percent: f64) -> String {
    if percent < 1.0 { format!("{percent:.2}") } else { format!("{percent:.1}") }
}
