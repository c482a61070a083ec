//! `train baseline`: what any model has to beat.

use chart::Table;
use data::DataSet;
use metrics::Counts;
use model::{AutodiffBackend, Distance};
use report::fraction;
use train::{Error, backend::BackendJob, baseline};

use super::{load_data, workbench::Workbench};
use crate::{
    cli::PlanArgs,
    terminal::{Out, table},
};

/// Prints the accuracies of both distances.
pub fn run(args: &PlanArgs) -> anyhow::Result<()> {
    let workbench = Workbench::open(args.resolve()?, None)?;
    let data = &workbench.data;
    let [l1, l2] = workbench.run(Baseline(data))?;
    let mut out = Out;
    writeln!(out, "{}", load_data::describe(data))?;
    let classes = data.task().classes();
    let mut rows = match classes {
        [positive, negative] => Table::new(
            ["distance", &format!("accuracy on {positive}"), &format!("accuracy on {negative}"), "mean of the two"],
            1,
        ),
        _ => Table::new(["distance", "accuracy", "mean over the classes"], 1),
    };
    for (name, counts) in [("L1", l1), ("L2", l2)] {
        let of_classes: Vec<Option<f64>> = counts.by_class().iter().map(|class| class.recall()).collect();
        let all: Option<Vec<f64>> = of_classes.iter().copied().collect();
        let mean = all.map(|all| all.iter().sum::<f64>() / all.len() as f64);
        let accuracies = if data.task().is_binary() { of_classes } else { vec![Some(counts.accuracy())] };
        rows.add_row([name.to_owned()].into_iter().chain(accuracies.into_iter().chain([mean]).map(fraction)));
    }
    Ok(write!(out, "\n{}", table(&rows))?)
}

/// The accuracy of the chapter's baseline on the validation split, by the distance that does better.
pub fn accuracy(workbench: &Workbench) -> Result<f64, Error> {
    let [l1, l2] = workbench.run(Baseline(&workbench.data))?;
    Ok(l1.accuracy().max(l2.accuracy()))
}

struct Baseline<'a>(&'a DataSet);

impl BackendJob for Baseline<'_> {
    const WORK: &'static str = "computing the baseline";

    type Output = [Counts; 2];

    fn run<B: AutodiffBackend>(self, device: B::Device) -> Self::Output {
        let fitted = baseline::fit::<B::InnerBackend>(self.0, &device);
        [Distance::L1, Distance::L2].map(|distance| baseline::evaluate(&fitted, &self.0.valid, distance, &device))
    }
}
