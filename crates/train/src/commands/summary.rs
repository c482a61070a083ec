//! `train summary`: the layers of a config's network.

use chart::Table;
use model::{AutodiffBackend, LayerSummary};
use plan::{OptimizerKind, Plan};
use report::grouped;
use serde_json::json;
use task::{Shape, Task};
use train::{Error, backend::BackendJob, classifier::Classifier};

use super::{load_data, workbench::Workbench};
use crate::{
    cli::SummaryArgs,
    terminal::{Out, table},
};

/// Bytes of a value.
const VALUE: usize = 4;

/// Prints layers with their shapes, parameters and multiply-adds, and what a batch takes in memory.
pub fn run(args: &SummaryArgs) -> anyhow::Result<()> {
    let workbench = Workbench::open(args.plan.resolve()?, None)?;
    let Workbench { plan, data, .. } = &workbench;
    let layers = workbench.run(Summary { plan, task: data.task(), shape: data.shape() })?;
    let totals = Totals::of(&layers, plan, data.shape());
    if args.json {
        print_json(&layers, &totals, data.shape())
    } else {
        print(&layers, &totals, plan, &load_data::describe(data))
    }
}

struct Summary<'a> {
    plan: &'a Plan,
    task: &'a Task,
    shape: Shape,
}

impl BackendJob for Summary<'_> {
    const WORK: &'static str = "making the network";

    type Output = Vec<LayerSummary>;

    fn run<B: AutodiffBackend>(self, device: B::Device) -> Self::Output {
        Classifier::<B::InnerBackend>::new(self.plan, self.task, self.shape, &device).network().summary()
    }
}

/// What all layers come to.
struct Totals {
    parameters: usize,
    multiply_adds: usize,
    /// Bytes of the parameters with their gradients and what the optimizer keeps of each.
    parameter_bytes: usize,
    /// Bytes of a batch's images and of what each layer makes of them, which the backward pass needs.
    batch_bytes: usize,
}

impl Totals {
    fn of(layers: &[LayerSummary], plan: &Plan, shape: Shape) -> Self {
        let sum = |of: fn(&LayerSummary) -> usize| layers.iter().map(of).sum::<usize>();
        let parameters = sum(|layer| layer.parameters);
        let kept = match plan.optimizer.kind {
            OptimizerKind::Sgd => usize::from(plan.optimizer.momentum > 0.0),
            OptimizerKind::Adam | OptimizerKind::AdamW => 2,
        };
        let values = shape.len() + sum(|layer| layer.output.iter().product());
        Self {
            parameters,
            multiply_adds: sum(|layer| layer.multiply_adds),
            parameter_bytes: parameters * (2 + kept) * VALUE,
            batch_bytes: values * plan.training.batch_size * VALUE,
        }
    }
}

/// The layers of the network that a plan makes, with a row of all of them; before them its blocks, where these have several layers.
pub fn layers(workbench: &Workbench) -> Result<Vec<Table>, Error> {
    let Workbench { plan, data, .. } = workbench;
    let layers = workbench.run(Summary { plan, task: data.task(), shape: data.shape() })?;
    let totals = Totals::of(&layers, plan, data.shape());
    let blocks = blocks(&layers);
    let blocks = (blocks.len() < layers.len()).then(|| as_table(&blocks, &totals));
    Ok(blocks.into_iter().chain([as_table(&layers, &totals)]).collect())
}

/// The layers of a block as one, by the first part of their names, `stem` or `blocks.0`.
fn blocks(layers: &[LayerSummary]) -> Vec<LayerSummary> {
    let block = |name: &str| {
        let mut parts = name.split('.');
        let first = parts.next().unwrap_or_default();
        let number = parts.next().filter(|part| part.parse::<usize>().is_ok());
        number.map_or_else(|| first.to_owned(), |number| format!("{first}.{number}"))
    };
    let merged = |of: &[LayerSummary]| match of {
        [one] => one.clone(),
        of => LayerSummary {
            name: block(&of[0].name),
            kind: format!("{} layers", of.len()),
            output: of.last().map(|last| last.output.clone()).unwrap_or_default(),
            parameters: of.iter().map(|layer| layer.parameters).sum(),
            multiply_adds: of.iter().map(|layer| layer.multiply_adds).sum(),
        },
    };
    layers.chunk_by(|a, b| block(&a.name) == block(&b.name)).map(merged).collect()
}

fn as_table(layers: &[LayerSummary], totals: &Totals) -> Table {
    let mut rows = Table::new(["layer", "kind", "output", "parameters", "multiply-adds"], 3);
    for LayerSummary { name, kind, output, parameters, multiply_adds } in layers {
        let output: Vec<String> = output.iter().map(usize::to_string).collect();
        rows.add_row([name.clone(), kind.clone(), output.join(" x "), grouped(*parameters), grouped(*multiply_adds)]);
    }
    let all =
        ["all".to_owned(), String::new(), String::new(), grouped(totals.parameters), grouped(totals.multiply_adds)];
    rows.add_row(all);
    rows.has_total = true;
    rows
}

fn print(layers: &[LayerSummary], totals: &Totals, plan: &Plan, data: &str) -> anyhow::Result<()> {
    let mut out = Out;
    writeln!(out, "model    {}\ndata     {data}\n", plan.model.kind)?;
    writeln!(out, "{}", table(&as_table(layers, totals)))?;
    let [parameters, batch] = [totals.parameter_bytes, totals.batch_bytes].map(|bytes| files::size(bytes as u64));
    let (optimizer, images) = (plan.optimizer.kind, plan.training.batch_size);
    writeln!(out, "memory   {parameters} for parameters, gradients and {optimizer}")?;
    Ok(writeln!(out, "         {batch} for a batch of {images}: its images, and what each layer makes of them")?)
}

fn print_json(layers: &[LayerSummary], totals: &Totals, shape: Shape) -> anyhow::Result<()> {
    let layers: Vec<_> = layers
        .iter()
        .map(|LayerSummary { name, kind, output, parameters, multiply_adds }| {
            json!({ "name": name, "kind": kind, "output": output, "parameters": parameters, "multiply_adds": multiply_adds })
        })
        .collect();
    Ok(Out.json(&json!({
        "input": [shape.channels, shape.height, shape.width],
        "layers": layers,
        "parameters": totals.parameters,
        "multiply_adds": totals.multiply_adds,
        "parameter_bytes": totals.parameter_bytes,
        "batch_bytes": totals.batch_bytes,
    }))?)
}
