//! How many images there are, and what is not among them.

use chart::{Block, Table};
use data::{DataSet, Images};

use crate::grouped;

/// The images of each class in each split: of two classes a row for a split, of more a row for a class.
#[must_use]
pub fn counts(data: &DataSet) -> Table {
    let (task, splits) = (data.task(), data.splits().collect::<Vec<_>>());
    let all = |images: &Images| grouped(images.len());
    if let [positive, negative] = task.classes() {
        let targets = [format!("{positive} (target 1)"), format!("{negative} (target 0)")];
        let mut table = Table::new(["split", &targets[0], &targets[1], "all"], 1);
        for (split, images) in splits {
            let [positives, negatives] = [0, 1].map(|label| grouped(images.count(label)));
            table.add_row([split.name().to_owned(), positives, negatives, all(images)]);
        }
        return table;
    }
    let names = splits.iter().map(|(split, _)| split.name());
    let mut table = Table::new(["class"].into_iter().chain(names), 1);
    for (label, class) in task.labels().zip(task.classes()) {
        let numbers = splits.iter().map(|(_, images)| grouped(images.count(label)));
        table.add_row([class.clone()].into_iter().chain(numbers));
    }
    table.has_total = true;
    table.add_row(["all".to_owned()].into_iter().chain(splits.iter().map(|(_, images)| all(images))));
    table
}

/// Files that were left out, of which each is named.
const SKIPPED: usize = 100;

/// The files that were left out.
pub(crate) fn skipped(data: &DataSet) -> Option<Block> {
    let skipped = &data.skipped;
    let caption = match skipped.len() {
        0 => return None,
        1 => "One file could not be decoded and was left out".to_owned(),
        count => format!("{count} files could not be decoded and were left out"),
    };
    let more = skipped.len().saturating_sub(SKIPPED);
    let mut lines: String = skipped.iter().take(SKIPPED).flat_map(|line| [line, "\n"]).collect();
    lines += &if more > 0 { format!("and {more} more\n") } else { String::new() };
    Some(Block::Code { caption, lines })
}
