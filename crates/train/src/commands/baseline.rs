//! `train baseline`: what any model has to beat.

use chart::{Table, terminal::table};
use data::DataSet;
use metrics::Confusion;
use model::{AutodiffBackend, Distance};
use report::fraction;
use train::{backend::Visitor, baseline};

use super::{load_data, workbench::Workbench};
use crate::{cli::PlanArgs, terminal::Out};

/// Prints the accuracies of both distances.
pub fn run(args: &PlanArgs) -> anyhow::Result<()> {
    let workbench = Workbench::open(args.resolve()?, None)?;
    let data = &workbench.data;
    let [l1, l2] = workbench.run(Baseline(data))?;
    let [positive, negative] = &data.classes;
    let mut out = Out;
    writeln!(out, "{}", load_data::describe(data))?;
    let mut rows = Table::new(
        ["distance", &format!("accuracy on {positive}"), &format!("accuracy on {negative}"), "mean of the two"],
        1,
    );
    for (name, confusion) in [("L1", l1), ("L2", l2)] {
        let classes = [confusion.recall(), confusion.specificity()];
        let mean = classes[0].zip(classes[1]).map(|(a, b)| (a + b) / 2.0);
        rows.add_row([name.into(), fraction(classes[0]), fraction(classes[1]), fraction(mean)]);
    }
    Ok(write!(out, "\n{}", table(&rows, None))?)
}

struct Baseline<'a>(&'a DataSet);

impl Visitor for Baseline<'_> {
    const WORK: &'static str = "computing the baseline";

    type Output = [Confusion; 2];

    fn run<B: AutodiffBackend>(self, device: B::Device) -> Self::Output {
        let fitted = baseline::fit::<B::InnerBackend>(self.0, &device);
        [Distance::L1, Distance::L2].map(|distance| baseline::evaluate(&fitted, &self.0.valid, distance, &device))
    }
}
