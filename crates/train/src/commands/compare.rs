//! `train compare`: runs beside each other.

use std::path::{Path, PathBuf};

use anyhow::bail;
use chart::{html, terminal};
use report::{ComparedRun, Comparison, Group, Groups, Test};
use search::Welch;
use serde_json::{Value, json};
use study::status;

use super::{output, stored_run};
use crate::{
    cli::{CompareArgs, UsageError},
    terminal::{Out, colours, width},
};

/// Prints the comparison, and writes the page that is asked for.
pub fn run(args: &CompareArgs) -> anyhow::Result<()> {
    let comparison = Comparison::read(&different(&args.runs)?)?;
    let mut out = Out;
    if let Some(path) = &args.html {
        output::write(path, &html::page(&comparison.document()))?;
    }
    if args.json {
        return Ok(out.json(&object(&comparison))?);
    }
    write!(out, "{}", terminal::document(&comparison.document(), width(), colours()))?;
    if let Some(path) = &args.html {
        writeln!(out, "\nwritten to `{}`", path.display())?;
    }
    Ok(())
}

/// The folders of the runs, at least two and none twice.
fn different(runs: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let paths = runs.iter().map(|run| named(run)).collect::<Result<Vec<_>, _>>()?.concat();
    let whole = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.into());
    for (place, path) in paths.iter().enumerate() {
        if paths[..place].iter().any(|other| whole(other) == whole(path)) {
            bail!(UsageError(format!("run `{}` is named twice; a comparison needs different runs", path.display())));
        }
    }
    if paths.len() < 2 {
        bail!(UsageError("a comparison needs two runs or more; `train runs` lists the runs".into()));
    }
    Ok(paths)
}

/// The run of this name, or all trials of a study.
fn named(run: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let trials = status::folders(run).unwrap_or_default();
    if trials.is_empty() { Ok(vec![stored_run::find(run)?]) } else { Ok(trials) }
}

fn object(comparison: &Comparison) -> Value {
    let groups = Groups::of(&comparison.runs).all;
    let differences = comparison.differences().into_iter().map(|(key, values)| json!({ "key": key, "values": values }));
    json!({
        "runs": comparison.runs.iter().map(run_object).collect::<Vec<_>>(),
        "differences": differences.collect::<Vec<_>>(),
        "groups": groups.iter().map(group_object).collect::<Vec<_>>(),
        "tests": Test::all(&groups).iter().map(test_object).collect::<Vec<_>>(),
    })
}

fn run_object(run: &ComparedRun) -> Value {
    json!({ "path": run.path.to_string_lossy(), "data": run.data, "epochs": run.epochs.len(), "best": run.best })
}

fn group_object(Group { runs, accuracies, mean }: &Group) -> Value {
    json!({ "runs": runs, "accuracies": accuracies, "mean": mean.mean, "half_width": mean.half_width })
}

fn test_object(Test { groups, welch }: &Test) -> Value {
    let test = welch.map(
        |Welch { difference, t, freedom, p }| json!({ "difference": difference, "t": t, "freedom": freedom, "p": p }),
    );
    json!({ "groups": groups, "welch": test })
}
