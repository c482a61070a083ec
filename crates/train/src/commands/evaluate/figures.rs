//! The charts of an evaluation, each for a terminal and for a page.

use chart::{
    Confusion, LineChart, Weights, calibration, roc, svg,
    terminal::{Colours, line_chart, weights},
};

use super::Evaluated;
use crate::{
    commands::{shown::Shown, table::table},
    terminal::{colours, fraction, width},
};

/// Bins of the reliability diagram: as many as in most publications.
const BINS: usize = 10;

/// Confusion matrix and accuracy by class.
pub fn confusion(evaluated: &Evaluated) -> Shown {
    let counts = evaluated.scores.evaluation.confusion();
    let counted = [[counts.true_positive, counts.false_negative], [counts.false_positive, counts.true_negative]];
    let matrix = Confusion { classes: evaluated.data.classes.clone(), counts: counted };
    let text = by_class(&matrix, [counts.recall(), counts.specificity()]);
    let [positive, negative] = &matrix.classes;
    let [positives, negatives] = counted.map(|row| row.iter().sum::<u64>());
    let alt = format!(
        "Confusion matrix: {} of {positives} {positive} and {} of {negatives} {negative} are right",
        counts.true_positive, counts.true_negative
    );
    Shown { title: "Confusion matrix".into(), text, body: svg::confusion_matrix(&alt, &matrix) }
}

fn by_class(matrix: &Confusion, accuracies: [Option<f64>; 2]) -> String {
    let [positive, negative] = matrix.classes.each_ref().map(|class| format!("predicted {class}"));
    let mut rows = table(&["class", &positive, &negative, "accuracy"], 1);
    for ((class, counts), accuracy) in matrix.classes.iter().zip(matrix.counts).zip(accuracies) {
        rows.add_row([class.clone(), counts[0].to_string(), counts[1].to_string(), fraction(accuracy)]);
    }
    rows.to_string()
}

/// ROC curve, calibration and, of a linear model, its weights; each with a name for its file.
pub fn charts(evaluated: &Evaluated) -> Vec<(&'static str, Shown)> {
    let evaluation = &evaluated.scores.evaluation;
    let is_positive: Vec<bool> = evaluation.labels.iter().map(|label| *label == 1).collect();
    let positive = &evaluated.data.classes[0];
    let calibration = calibration(&evaluation.probabilities(), &is_positive, BINS);
    // Logits tell apart what probabilities next to 0 and 1 round together.
    let roc = line("ROC curve".into(), &roc(&evaluation.logits, &is_positive));
    let calibration = line(format!("Calibration of the probability of {positive}"), &calibration);
    let weights = evaluated.scores.weights.as_ref().map(|values| ("weights", weights_shown(evaluated, values)));
    [("roc", roc), ("calibration", calibration)].into_iter().chain(weights).collect()
}

fn line(title: String, chart: &LineChart) -> Shown {
    Shown { title, text: line_chart(chart, width(), colours()), body: svg::line_chart(chart) }
}

fn weights_shown(evaluated: &Evaluated, values: &[f32]) -> Shown {
    let [positive, negative] = &evaluated.data.classes;
    let picture = Weights::new(evaluated.digits.height(), evaluated.digits.width(), values.to_vec());
    let title = format!("Weights: positive ones speak for {positive}, negative ones for {negative}");
    let key = match colours() {
        Colours::Plain => "# + positive   = - negative",
        _ => "orange: positive, blue: negative",
    };
    let text = format!("{}{key}\n", weights(&picture, colours()));
    Shown { text, body: svg::weights(&title, &picture), title }
}
