//! `train verify`: the figures that the book prints, on every backend compiled in.

use std::io::Write as _;

use anyhow::bail;
use chapter::figures::{self, Figure};
use chart::{Table, terminal::table};
use data::DataSet;
use model::AutodiffBackend;
use serde_json::json;
use train::backend::{self, Kind, Visitor};

use super::load_data;
use crate::{cli::VerifyArgs, terminal::tell};

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
    let columns = columns(&data)?;
    if args.json {
        print_json(&data, &columns)?
    } else {
        print(&data, &columns)?
    }
    let off = columns.iter().flat_map(|column| &column.figures).filter(|figure| !figure.is_ok()).count();
    if off > 0 {
        bail!("{off} values are further off than their tolerance");
    }
    Ok(())
}

/// Every backend that has a device; of one that has none it is said why.
fn columns(data: &DataSet) -> anyhow::Result<Vec<Column>> {
    let mut columns = Vec::new();
    for kind in Kind::ALL.into_iter().filter(|kind| kind.is_compiled_in()) {
        match backend::dispatch(kind, 0, &load_data::kernel_cache(), Verify(data)) {
            Ok(figures) => columns.push(Column { kind, figures }),
            Err(error) => tell(&format!("warning: left out: {error}")),
        }
    }
    if columns.is_empty() {
        bail!("no backend has a device");
    }
    Ok(columns)
}

struct Verify<'a>(&'a DataSet);

impl Visitor for Verify<'_> {
    type Output = Vec<Figure>;

    fn run<B: AutodiffBackend>(self, device: B::Device) -> Vec<Figure> {
        let mut found = figures::of_the_snippets::<B>(&device);
        if figures::is_the_books(self.0) {
            found.extend(figures::of_the_data::<B>(self.0, &device));
        }
        found
    }
}

/// The figures, each as found by every backend.
fn rows(columns: &[Column]) -> impl Iterator<Item = Vec<&Figure>> {
    (0..columns[0].figures.len()).map(|i| columns.iter().map(|column| &column.figures[i]).collect())
}

fn print(data: &DataSet, columns: &[Column]) -> anyhow::Result<()> {
    let mut out = std::io::stdout();
    let names = columns.iter().map(|column| column.kind.name());
    let header = ["figure", "the book"].into_iter().chain(names).chain(["ok"]);
    let mut lines = Table::new(header, usize::MAX);
    for row in rows(columns) {
        let ok = if row.iter().all(|figure| figure.is_ok()) { "yes" } else { "NO" };
        let head = [row[0].name.to_owned(), numbers(&row[0].expected, row[0].tolerance)];
        let found = row.iter().map(|figure| numbers(&figure.found, figure.tolerance));
        lines.add_row(head.into_iter().chain(found).chain([ok.to_owned()]));
    }
    write!(out, "{}", table(&lines, None))?;
    let (count, off) = (columns[0].figures.len(), rows(columns).filter(|row| row.iter().any(|f| !f.is_ok())).count());
    writeln!(out, "{} of {count} figures hold on {} backends", count - off, columns.len())?;
    if let Some(left_out) = left_out(data) {
        writeln!(out, "{left_out}")?;
    }
    Ok(())
}

fn left_out(data: &DataSet) -> Option<String> {
    let source = &data.source;
    (!figures::is_the_books(data)).then(|| {
        format!("left out: the figures of the book's images, means, distances and batches; the data is {source}, not MNIST_SAMPLE")
    })
}

/// A list is cut after three numbers.
fn numbers(values: &[f64], tolerance: f64) -> String {
    let shown: Vec<String> = values.iter().take(3).map(|value| number(*value, tolerance)).collect();
    shown.join(" ") + if values.len() > 3 { " .." } else { "" }
}

/// With no more decimals than the tolerance tells apart, and no zeros at the end.
fn number(value: f64, tolerance: f64) -> String {
    let decimals = if tolerance > 0.0 { (-tolerance.log10()).ceil().clamp(0.0, 6.0) as usize } else { 6 };
    let digits = format!("{value:.decimals$}");
    if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.').into() } else { digits }
}

fn print_json(data: &DataSet, columns: &[Column]) -> anyhow::Result<()> {
    let figure = |row: Vec<&Figure>| {
        let found: serde_json::Map<_, _> =
            columns.iter().zip(&row).map(|(column, figure)| (column.kind.name().into(), json!(figure.found))).collect();
        json!({
            "name": row[0].name, "expected": row[0].expected, "tolerance": row[0].tolerance, "found": found,
            "ok": row.iter().all(|figure| figure.is_ok()),
        })
    };
    let figures: Vec<_> = rows(columns).map(figure).collect();
    let report = json!({ "data": data.source, "left_out": left_out(data), "figures": figures });
    Ok(writeln!(std::io::stdout(), "{report:#}")?)
}
