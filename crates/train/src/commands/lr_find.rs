//! `train lr-find`: which learning rate to try.

use anyhow::bail;
use chart::{
    Axis, Block, LineChart, Mark, Series, svg,
    terminal::{blocks, line_chart},
};
use data::DataSet;
use model::AutodiffBackend;
use plan::Plan;
use serde_json::json;
use train::{
    backend::BackendJob,
    fit,
    lr_find::{RangeTest, range_test},
};

use super::{load_data, output, stop::Stop, together, workbench::Workbench};
use crate::{
    DONE, INTERRUPTED,
    cli::LrFindArgs,
    terminal::{Out, colours, width},
};

/// Runs the range test and shows its curve and suggestions.
pub fn run(args: &LrFindArgs) -> anyhow::Result<u8> {
    together::refuse_several("search for the learning rate; start one")?;
    let plan = args.plan.resolve()?;
    let stop = Stop::listen()?;
    let workbench = Workbench::open(plan, Some(&stop))?;
    let Workbench { plan, data, .. } = &workbench;
    fit::check(plan, data)?;
    let test = workbench.run(Test { plan, data, stop: &stop })?;
    if stop.is_asked() {
        return Ok(INTERRUPTED);
    }
    if let Some(path) = &args.svg {
        output::write(path, svg::line_chart(&chart(plan, &test)))?;
    }
    if args.json {
        print_json(&test)?
    } else {
        print(plan, data, &test)?
    }
    if test.suggestions().next().is_none() {
        bail!("the loss falls at no learning rate; is the data right, and `training.loss`?");
    }
    Ok(DONE)
}

struct Test<'a> {
    plan: &'a Plan,
    data: &'a DataSet,
    stop: &'a Stop,
}

impl BackendJob for Test<'_> {
    const WORK: &'static str = "looking for a learning rate";

    type Output = RangeTest;

    fn run<B: AutodiffBackend>(self, device: B::Device) -> RangeTest {
        range_test::<B>(self.plan, self.data, &device, &|| self.stop.is_asked())
    }
}

/// The curve; where the loss diverged, its last steps leave at the top instead of flattening the rest.
fn chart(plan: &Plan, test: &RangeTest) -> LineChart {
    let losses = test.curve.iter().map(|(_, loss)| *loss);
    let (first, least) = (test.curve.first().map_or(1.0, |(_, loss)| *loss), losses.fold(f64::INFINITY, f64::min));
    let loss = Axis::new("smoothed loss");
    let margin = 0.1 * (first - least);
    let y = if test.diverged && margin > 0.0 { loss.range(least - margin, first + margin) } else { loss };
    let marks = test.suggestions().map(|(name, at)| Mark::new(format!("{name} {}", rounded(at.0)), at)).collect();
    LineChart {
        alt: format!("Smoothed loss of {} by learning rate, from 1e-7 to 10", plan.model.kind),
        x: Axis::new("learning rate").log(),
        y,
        series: vec![Series::line("loss", test.curve.clone())],
        marks,
        ..LineChart::default()
    }
}

fn print(plan: &Plan, data: &DataSet, test: &RangeTest) -> anyhow::Result<()> {
    let mut out = Out;
    let title = format!("{}, {}, {}", plan.model.kind, plan.optimizer.kind, load_data::describe(data));
    writeln!(out, "{}", blocks(&[Block::Text(title)], width(), colours()))?;
    writeln!(out, "{}", line_chart(&chart(plan, test), width(), colours()))?;
    let end = test.curve.last().map_or(0.0, |(rate, _)| *rate);
    if test.diverged {
        writeln!(out, "the loss diverged at {}, after {} steps", rounded(end), test.curve.len())?;
    }
    if !test.rose() && test.valley.or(test.steep).is_some() {
        let said = format!(
            "the loss never rose, up to the last rate, {}: a larger one than these may do as well",
            rounded(end)
        );
        write!(out, "{}", blocks(&[Block::Text(said)], width(), colours()))?;
    }
    for (name, (rate, _)) in test.suggestions() {
        writeln!(out, "{name:<7} --set optimizer.learning_rate={}", rounded(rate))?;
    }
    if test.valley.or(test.steep).is_some() {
        let how = "valley: half way down the longest descent; steep: where the loss falls fastest";
        write!(out, "{}", blocks(&[Block::text(how)], width(), colours()))?;
    }
    Ok(())
}

/// Two digits, which is more than the test is good for; as one types a number where it is not tiny.
fn rounded(rate: f64) -> String {
    let short = format!("{rate:.1e}");
    match short.parse::<f64>() {
        Ok(value) if (1e-3..1e3).contains(&value) => value.to_string(),
        _ => short,
    }
}

fn print_json(test: &RangeTest) -> anyhow::Result<()> {
    let curve: Vec<_> = test.curve.iter().map(|(rate, loss)| json!({ "learning_rate": rate, "loss": loss })).collect();
    let report = json!({ "valley": test.valley, "steep": test.steep, "diverged": test.diverged, "rose": test.rose(), "curve": curve });
    Ok(Out.json(&report)?)
}

#[cfg(test)]
mod tests {
    use super::rounded;

    #[test]
    fn a_rate_has_two_digits_and_an_exponent_only_where_it_is_tiny() {
        assert_eq!([0.014_563, 1.07, 0.3, 10.0, 2.21e-4].map(rounded), ["0.015", "1.1", "0.3", "10", "2.2e-4"]);
    }
}
