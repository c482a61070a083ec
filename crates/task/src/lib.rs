//! What every part agrees on: the [`Task`], which classes are told apart and what a network's outputs say of them, and the
//! [`Shape`] of the images.
//!
//! In: the names of the classes; out: how many outputs a network has, the targets of labels, and the probabilities and
//! predictions of logits, as plain numbers. It knows neither Burn nor files.

use std::{cmp::Ordering, collections::BTreeSet, fmt, path::Path};

/// The classes that are told apart. A label is an index into them.
///
/// Two classes are one logit and its sigmoid, the probability of the first class, as in the book's chapter 4; more are as many
/// logits and their softmax.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    classes: Vec<String>,
}

/// As people call data of this source that a file or folder holds, which is called by its own name: `mnist (idx)`. Data without such
/// a name is called by its source.
#[must_use]
pub fn name_of_data(path: Option<&Path>, source: &str) -> String {
    let name = path.and_then(Path::file_name).filter(|name| *name != source);
    name.map_or_else(|| source.into(), |name| format!("{} ({source})", name.display()))
}

/// The most classes there can be: labels are 16 bits, and a matrix of all pairs has to be drawn and kept.
pub const MOST_CLASSES: usize = 10_000;

impl Task {
    /// The task of telling these classes apart.
    ///
    /// # Errors
    /// Why these cannot be classes, in words: fewer than two, more than [`MOST_CLASSES`], two alike, or no folder name.
    pub fn new(classes: impl IntoIterator<Item = impl Into<String>>) -> Result<Self, String> {
        let classes: Vec<String> = classes.into_iter().map(Into::into).collect();
        let mut seen = BTreeSet::new();
        match classes.len() {
            0 => return Err("there is no class; two or more are told apart".into()),
            1 => return Err(format!("`{}` is the only class; two or more are told apart", classes[0])),
            count if count > MOST_CLASSES => return Err(format!("{count} classes are more than {MOST_CLASSES}")),
            _ => {}
        }
        if let Some(odd) = classes.iter().find(|class| !is_class_name(class)) {
            return Err(format!("`{odd}`: a class is the name of a folder: not empty, no leading dot, no slash"));
        }
        match classes.iter().find(|class| !seen.insert(class.as_str())) {
            Some(twice) => Err(format!("`{twice}` is there twice; classes must differ")),
            None => Ok(Self { classes }),
        }
    }

    /// The names of the classes; of two the first is the positive one.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// The labels of all classes.
    pub fn labels(&self) -> impl Iterator<Item = u16> + use<> {
        0..self.classes.len() as u16
    }

    /// The name of a label.
    ///
    /// # Panics
    /// When there is no such class.
    pub fn class(&self, label: u16) -> &str {
        &self.classes[usize::from(label)]
    }

    /// Whether there are two classes, and so one logit.
    pub fn is_binary(&self) -> bool {
        self.classes.len() == 2
    }

    /// Logits that a network has for each image.
    pub fn outputs(&self) -> usize {
        if self.is_binary() { 1 } else { self.classes.len() }
    }

    /// What the network's probabilities should be, `[labels, outputs]`: 1 and 0 for the two classes, one-hot for more.
    pub fn targets(&self, labels: &[u16]) -> Vec<f32> {
        let mut targets = vec![0.0; labels.len() * self.outputs()];
        for (row, label) in targets.chunks_exact_mut(self.outputs()).zip(labels) {
            // Of two classes only the first has an output.
            row.get_mut(usize::from(*label)).into_iter().for_each(|target| *target = 1.0);
        }
        targets
    }

    /// The probability of each class, `[images, classes]`, of logits `[images, outputs]`.
    pub fn probabilities(&self, logits: &[f32]) -> Vec<f32> {
        if self.is_binary() {
            return logits.iter().map(|logit| sigmoid(*logit)).flat_map(|first| [first, 1.0 - first]).collect();
        }
        let mut probabilities = logits.to_vec();
        probabilities.chunks_exact_mut(self.outputs()).for_each(softmax);
        probabilities
    }

    /// The most probable class of each image, of equal ones the first; of two the second at a probability of one half.
    pub fn predict(&self, logits: &[f32]) -> Vec<u16> {
        predictions(logits, self.outputs())
    }

    /// All classes of an image by its probabilities, the most probable first; its label first also where another is as probable.
    pub fn ranked(&self, probabilities: &[f32], label: u16) -> Vec<u16> {
        let mut classes: Vec<u16> = self.labels().collect();
        classes.sort_by(|a, b| {
            let rank = |class: &u16| (probabilities[usize::from(*class)], *class == label);
            rank(b).partial_cmp(&rank(a)).unwrap_or(Ordering::Equal)
        });
        classes
    }
}

/// Whether a class can be called so: as a folder, and never as a way to another one.
pub fn is_class_name(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\']) && !name.contains(char::is_control)
}

/// [`Task::predict`] of a task that has so many outputs.
pub fn predictions(logits: &[f32], outputs: usize) -> Vec<u16> {
    let most_probable = |row: &[f32]| match row {
        // What is no number is above nothing, and so the second class.
        [first] => u16::from(matches!(first.partial_cmp(&0.0), None | Some(Ordering::Less | Ordering::Equal))),
        row => {
            let larger = |best: usize, index: usize| if row[index] > row[best] { index } else { best };
            (1..row.len()).fold(0, larger) as u16
        }
    };
    logits.chunks_exact(outputs).map(most_probable).collect()
}

/// `3 against 7`, or how many classes there are.
impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.classes[..] {
            [first, second] => write!(f, "{first} against {second}"),
            classes => write!(f, "{} classes", classes.len()),
        }
    }
}

/// What an image is made of. Its values stand channel after channel, each row by row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shape {
    /// 1: grey; 3: red, green and blue.
    pub channels: usize,
    pub height: usize,
    pub width: usize,
}

impl Shape {
    /// One channel of these rows and columns.
    #[must_use]
    pub fn grey([height, width]: [usize; 2]) -> Self {
        Self { channels: 1, height, width }
    }

    /// Values of an image: channels times rows times columns.
    #[must_use]
    pub fn len(self) -> usize {
        self.channels * self.height * self.width
    }

    /// Whether it has no values.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Rows and columns.
    #[must_use]
    pub fn sides(self) -> [usize; 2] {
        [self.height, self.width]
    }
}

/// As in `28 x 28, grey`.
impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let colour = if self.channels == 1 { "grey" } else { "colour" };
        write!(f, "{} x {}, {colour}", self.height, self.width)
    }
}

fn sigmoid(logit: f32) -> f32 {
    1.0 / (1.0 + (-logit).exp())
}

fn softmax(row: &mut [f32]) {
    let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    row.iter_mut().for_each(|value| *value = (*value - largest).exp());
    let sum: f32 = row.iter().sum();
    row.iter_mut().for_each(|value| *value /= sum);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(classes: &[&str]) -> Task {
        Task::new(classes.iter().copied()).unwrap()
    }

    #[test]
    fn data_is_called_by_its_file_or_folder_and_by_its_source_where_that_says_no_more() {
        let called = |path: &str| name_of_data(Some(Path::new(path)), "idx");
        assert_eq!([called("/a/mnist"), called("b/idx/"), called("/")], ["mnist (idx)", "idx", "idx"]);
        assert_eq!(name_of_data(None, "synthetic"), "synthetic");
    }

    #[test]
    fn two_classes_are_one_logit_whose_sigmoid_is_the_first_class() {
        let task = task(&["3", "7"]);
        assert_eq!((task.outputs(), task.targets(&[0, 1])), (1, vec![1.0, 0.0]));
        assert_eq!(task.probabilities(&[0.0, 1e3, -1e3]), [0.5, 0.5, 1.0, 0.0, 0.0, 1.0]);
        assert_eq!(task.predict(&[0.1, -0.1, 0.0, f32::NAN]), [0, 1, 1, 1]);
    }

    #[test]
    fn more_classes_are_a_softmax_over_as_many_logits() {
        let task = task(&["a", "b", "c"]);
        assert_eq!((task.outputs(), task.targets(&[2, 0])), (3, vec![0.0, 0.0, 1.0, 1.0, 0.0, 0.0]));
        assert_eq!(task.predict(&[1.0, 3.0, 2.0, 5.0, 5.0, 5.0]), [1, 0]);
        // e / (e + 1 + 1), by hand.
        let probabilities = task.probabilities(&[1.0, 0.0, 0.0]);
        assert!((probabilities[0] - 0.576_117).abs() < 1e-6 && (probabilities[1] - 0.211_942).abs() < 1e-6);
        assert_eq!(task.probabilities(&[1e4, 0.0, -1e4]), [1.0, 0.0, 0.0], "large logits stay finite");
    }

    #[test]
    fn class_names_that_leave_the_folder_or_repeat_are_refused() {
        for (classes, reason) in [
            (vec!["3", "3"], "`3` is there twice"),
            (vec!["", "7"], "not empty"),
            (vec!["..", "7"], "no leading dot"),
            (vec!["3", "a/b"], "no slash"),
            (vec!["3", "a\\b"], "no slash"),
            (vec!["3"], "`3` is the only class"),
            (vec![], "there is no class"),
        ] {
            assert!(Task::new(classes.clone()).unwrap_err().contains(reason), "{classes:?}");
        }
        assert!(Task::new((0..=MOST_CLASSES).map(|class| class.to_string())).unwrap_err().contains("more than 10000"));
    }
}
