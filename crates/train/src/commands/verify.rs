//! `train verify`: the figures that the book prints, and those of all of MNIST, on every backend compiled in.

use anyhow::bail;
use chapter::figures::{self, Figure, Value};
use chart::Table;
use data::DataSet;
use model::AutodiffBackend;
use plan::{BackendChoice, Plan};
use serde_json::json;
use train::backend::{self, BackendJob, Kind, choice};

use super::{load_data, workbench::on_backend};
use crate::{
    cli::VerifyArgs,
    terminal::{Out, table, tell},
};

/// What one backend found.
struct Column {
    kind: Kind,
    figures: Vec<Figure>,
}

/// Prints each figure as the book has it and as each backend finds it; fails where one is off.
pub fn run(args: &VerifyArgs) -> anyhow::Result<()> {
    let plan = args.plan.resolve()?;
    backend::limit_threads(plan.threads);
    let data = load_data::load(&plan, None)?;
    let mnist = load_data::all_of_mnist(&plan, &data)?;
    let verify = Verify { data: &data, mnist: mnist.as_ref() };
    let columns = if plan.backend == BackendChoice::Auto { columns(verify)? } else { vec![column(&plan, verify)?] };
    if args.json {
        print_json(verify, &columns)?
    } else {
        print(verify, &columns, args.failures)?
    }
    verdict(&columns)
}

/// An error where a value of any backend is off.
fn verdict(columns: &[Column]) -> anyhow::Result<()> {
    match columns.iter().flat_map(|column| &column.figures).filter(|figure| !figure.is_ok()).count() {
        0 => Ok(()),
        off => bail!("values that are further off than their tolerance: {off}"),
    }
}

/// The one backend that is asked for.
fn column(plan: &Plan, verify: Verify<'_>) -> anyhow::Result<Column> {
    let chosen = choice::choose(plan.backend, plan.device)?;
    let figures = on_backend(&chosen, verify)?;
    Ok(Column { kind: chosen.kind, figures })
}

/// Every backend that has a device; of one that has none it is said why.
fn columns(verify: Verify<'_>) -> anyhow::Result<Vec<Column>> {
    let mut columns = Vec::new();
    for kind in Kind::ALL.into_iter().filter(|kind| kind.is_compiled_in()) {
        match backend::dispatch(kind, 0, &load_data::kernel_cache(), verify) {
            Ok(figures) => columns.push(Column { kind, figures }),
            Err(error) => tell(&format!("warning: left out: {error}")),
        }
    }
    if columns.is_empty() {
        bail!("no backend has a device");
    }
    Ok(columns)
}

/// The data that there are figures of.
#[derive(Clone, Copy)]
struct Verify<'a> {
    /// The plan's.
    data: &'a DataSet,
    mnist: Option<&'a DataSet>,
}

impl BackendJob for Verify<'_> {
    const WORK: &'static str = "checking the figures";

    type Output = Vec<Figure>;

    fn run<B: AutodiffBackend>(self, device: B::Device) -> Vec<Figure> {
        let mut found = figures::of_the_snippets::<B>(&device);
        if figures::is_the_books(self.data) {
            found.extend(figures::of_the_data::<B>(self.data, &device));
        }
        found.extend(self.mnist.into_iter().flat_map(|mnist| figures::of_mnist::<B>(mnist, &device)));
        found
    }
}

/// The figures, each as found by every backend.
fn rows(columns: &[Column]) -> impl Iterator<Item = Vec<&Figure>> {
    (0..columns[0].figures.len()).map(|i| columns.iter().map(|column| &column.figures[i]).collect())
}

/// Whether a backend has found another value.
fn is_off(row: &[&Figure]) -> bool {
    !row.iter().all(|figure| figure.is_ok())
}

fn print(verify: Verify<'_>, columns: &[Column], failures: bool) -> anyhow::Result<()> {
    let mut out = Out;
    let names = columns.iter().map(|column| column.kind.name());
    let header = ["figure", "expected", "within"].into_iter().chain(names).chain(["ok"]);
    let mut lines = Table::new(header, usize::MAX);
    for row in rows(columns).filter(|row| !failures || is_off(row)) {
        let ok = if is_off(&row) { "NO" } else { "yes" };
        let Figure { name, expected, tolerance, .. } = row[0];
        let within = if *tolerance > 0.0 { format!("{tolerance:e}") } else { "exact".into() };
        let found = row.iter().map(|figure| shown(&figure.found, figure.tolerance));
        lines.add_row(
            [(*name).to_owned(), shown(expected, *tolerance), within].into_iter().chain(found).chain([ok.into()]),
        );
    }
    if !lines.rows.is_empty() {
        write!(out, "{}", table(&lines))?;
    }
    let (count, off) = (columns[0].figures.len(), rows(columns).filter(|row| is_off(row)).count());
    let names: Vec<&str> = columns.iter().map(|column| column.kind.name()).collect();
    writeln!(out, "{} of {count} figures hold on {}", count - off, names.join(", "))?;
    if let Some(left_out) = left_out(verify) {
        writeln!(out, "{left_out}")?;
    }
    Ok(())
}

/// What this data cannot show, with the command that shows it.
fn left_out(Verify { data, mnist }: Verify<'_>) -> Option<String> {
    let of_the_book = (!figures::is_the_books(data)).then(|| {
        let source = &data.source;
        format!(
            "the figures of the book's images, means, distances and batches; the data is {source}, not MNIST_SAMPLE"
        )
    });
    let of_mnist = mnist.is_none().then(|| format!("the figures of all of MNIST; {}", tour::GET_MNIST));
    let lines: Vec<String> = of_the_book.into_iter().chain(of_mnist).map(|line| format!("left out: {line}")).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// A list is cut after three numbers.
fn shown(value: &Value, tolerance: f64) -> String {
    match value {
        Value::Name(name) => name.clone(),
        Value::Numbers(values) => {
            let shown: Vec<String> = values.iter().take(3).map(|value| number(*value, tolerance)).collect();
            shown.join(" ") + if values.len() > 3 { " .." } else { "" }
        }
    }
}

/// With no more decimals than the tolerance tells apart, and no zeros at the end.
fn number(value: f64, tolerance: f64) -> String {
    let decimals = if tolerance > 0.0 { (-tolerance.log10()).ceil().clamp(0.0, 6.0) as usize } else { 6 };
    let digits = format!("{value:.decimals$}");
    if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.').into() } else { digits }
}

fn print_json(verify: Verify<'_>, columns: &[Column]) -> anyhow::Result<()> {
    let figure = |row: Vec<&Figure>| {
        let found: serde_json::Map<_, _> = columns
            .iter()
            .zip(&row)
            .map(|(column, figure)| (column.kind.name().into(), as_json(&figure.found)))
            .collect();
        json!({
            "name": row[0].name, "expected": as_json(&row[0].expected), "tolerance": row[0].tolerance, "found": found,
            "ok": !is_off(&row),
        })
    };
    let figures: Vec<_> = rows(columns).map(figure).collect();
    let report = json!({ "data": verify.data.source, "left_out": left_out(verify), "figures": figures });
    Ok(Out.json(&report)?)
}

fn as_json(value: &Value) -> serde_json::Value {
    match value {
        Value::Numbers(numbers) => json!(numbers),
        Value::Name(name) => json!(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(found: &[f64]) -> Column {
        let [expected, found] = [&[0.4333, 0.2333], found].map(|values| Value::Numbers(values.to_vec()));
        Column { kind: Kind::Flex, figures: vec![Figure { name: "mnist_loss", expected, found, tolerance: 5e-5 }] }
    }

    #[test]
    fn one_value_off_on_one_backend_fails_the_command() {
        assert!(verdict(&[column(&[0.43333, 0.23333]), column(&[0.4333, 0.2333])]).is_ok());
        for off in [&[0.4333, 0.2334][..], &[0.4333], &[0.4333, f64::NAN]] {
            let error = verdict(&[column(&[0.4333, 0.2333]), column(off)]).unwrap_err();
            assert_eq!(error.to_string(), "values that are further off than their tolerance: 1");
        }
    }

    #[test]
    fn a_list_is_cut_and_a_number_has_the_decimals_that_count() {
        let numbers = |values: &[f64]| Value::Numbers(values.to_vec());
        assert_eq!(shown(&numbers(&[6131.0, 28.0, 28.0, 1.0]), 0.0), "6131 28 28 ..");
        assert_eq!(shown(&numbers(&[0.433_333]), 5.1e-5), "0.43333");
        assert_eq!(shown(&Value::Name("10000.png".into()), 0.0), "10000.png");
    }
}
