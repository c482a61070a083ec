//! `confusion.csv` of a run: for each pair of classes how many validation images of the one its model takes for the other.

use std::{collections::BTreeMap, path::Path};

use files::Error;
use metrics::Evaluation;
use run::folder;

/// The columns: what an image is, what it is taken for, and how many are.
const HEADER: [&str; 3] = ["is", "predicted", "images"];

/// How many images of a class, the first of the pair, are taken for another; a pair without one is left out, because most of many
/// classes have none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfusionTable(BTreeMap<(String, String), u64>);

impl ConfusionTable {
    /// That of what a model says of a split.
    pub fn of(evaluation: &Evaluation) -> Self {
        let mut counts = BTreeMap::new();
        for (label, predicted) in evaluation.labels.iter().zip(evaluation.predictions()) {
            *counts.entry((*label, predicted)).or_default() += 1;
        }
        let named = |class: u16| evaluation.task.class(class).to_owned();
        Self(counts.into_iter().map(|((label, predicted), count)| ((named(label), named(predicted)), count)).collect())
    }

    /// That of a run; none where it cannot be read, as of a run of before.
    pub fn read(run: &Path) -> Option<Self> {
        let text = files::read(&folder::confusion_path(run)).ok()?;
        let mut reader = csv::Reader::from_reader(&text[..]);
        let counts = reader.deserialize().map(|row| row.map(|(label, predicted, count)| ((label, predicted), count)));
        counts.collect::<Result<_, _>>().ok().map(Self)
    }

    /// Writes it into a run's folder, at once or not at all.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn write(&self, run: &Path) -> Result<(), Error> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let written = writer.write_record(HEADER).and_then(|()| {
            self.0.iter().try_for_each(|((label, predicted), count)| {
                writer.write_record([label.as_str(), predicted.as_str(), &count.to_string()])
            })
        });
        written.expect("memory takes what is written to it");
        let bytes = writer.into_inner().expect("memory takes what is written to it");
        files::replace(&folder::confusion_path(run), &bytes)
    }

    /// How many are taken for another class.
    pub fn confused(&self) -> impl Iterator<Item = (&(String, String), u64)> {
        self.0.iter().filter(|((label, predicted), _)| label != predicted).map(|(pair, count)| (pair, *count))
    }

    /// How many images of a class are taken for one.
    pub fn count(&self, pair: &(String, String)) -> u64 {
        self.0.get(pair).copied().unwrap_or(0)
    }

    /// Of the images of a class the part that is recognised; none where there is no image of it.
    pub fn accuracy_of(&self, class: &str) -> Option<f64> {
        let of_class = self.0.iter().filter(|((label, _), _)| label == class);
        let (right, all) = of_class.fold((0, 0), |(right, all), ((_, predicted), count)| {
            (right + if predicted == class { *count } else { 0 }, all + count)
        });
        (all > 0).then(|| right as f64 / all as f64)
    }
}

#[cfg(test)]
mod tests {
    use task::Task;

    use super::*;

    #[test]
    fn it_is_read_as_it_was_written_whatever_the_classes_are_called() {
        let mut evaluation = Evaluation::new(&Task::new(["a, \"b\"", "c", "d"]).unwrap());
        evaluation.add(0.0, &[1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0], &[0, 1, 1]);
        let (table, run) = (ConfusionTable::of(&evaluation), tempfile::tempdir().unwrap());
        assert_eq!(ConfusionTable::read(run.path()), None);
        table.write(run.path()).unwrap();
        assert_eq!(ConfusionTable::read(run.path()), Some(table.clone()));
        let wrong = ("c".to_owned(), "a, \"b\"".to_owned());
        assert_eq!(table.confused().collect::<Vec<_>>(), [(&wrong, 1)]);
        assert_eq!(
            (table.accuracy_of("a, \"b\""), table.accuracy_of("c"), table.accuracy_of("d")),
            (Some(1.0), Some(0.5), None)
        );
    }
}
