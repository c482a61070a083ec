//! The page and the folder of pictures.

use std::num::NonZeroUsize;

use chart::html;

use super::{Evaluated, figures, report, top_losses};
use crate::{
    cli::UsageError,
    commands::{output, shown::Shown},
    terminal::fraction,
};

/// Top losses where the command line names no number: fastai's usual 3 x 3.
const TOP_LOSSES: NonZeroUsize = NonZeroUsize::new(9).expect("9 is not 0");

/// Writes what is asked for.
pub fn write(evaluated: &Evaluated) -> Result<(), UsageError> {
    let args = evaluated.args;
    if args.html.is_none() && args.svg.is_none() {
        return Ok(());
    }
    let figures = figures(evaluated);
    if let Some(path) = &args.html {
        output::write(path, &page(evaluated, &figures))?;
    }
    if let Some(folder) = &args.svg {
        output::make_folder(folder)?;
        for (name, shown) in &figures {
            output::write(&folder.join(format!("{name}.svg")), &shown.body)?;
        }
    }
    Ok(())
}

fn figures(evaluated: &Evaluated) -> Vec<(&'static str, Shown)> {
    let mut figures = vec![("confusion", figures::confusion(evaluated))];
    figures.extend(figures::charts(evaluated));
    figures.push(("top-losses", top_losses::show(evaluated, evaluated.args.top_losses.unwrap_or(TOP_LOSSES))));
    figures
}

fn page(evaluated: &Evaluated, figures: &[(&'static str, Shown)]) -> String {
    let confusion = evaluated.scores.evaluation.confusion();
    let [positive, negative] = &evaluated.data.classes;
    let metrics = report::metrics(evaluated).map(|(name, value)| (name.to_owned(), value));
    let by_class = [(positive, confusion.recall()), (negative, confusion.specificity())];
    let by_class = by_class.map(|(class, accuracy)| (format!("accuracy on {class}"), fraction(accuracy)));
    let caption = format!("{}, {}", evaluated.stored.record.model.kind, evaluated.stored.path.display());
    let table = html::table(&caption, &[&metrics[..], &by_class].concat());
    let sections = figures.iter().map(|(_, shown)| html::section(&shown.title, &shown.body));
    html::page(&report::title(evaluated), &(table + &sections.collect::<String>()))
}
