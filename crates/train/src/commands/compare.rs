//! `train compare`: runs beside each other.

use std::path::{Path, PathBuf};

use anyhow::bail;
use chart::{html, terminal};
use report::{ComparedRun, ComparedTrial, Comparison, Group, Groups, Test};
use run::folder;
use search::Welch;
use serde_json::{Value, json};
use study::{PAGE, Status, is_trial, status, study::Metric};

use super::{output, run_name};
use crate::{
    cli::{CompareArgs, UsageError},
    terminal::{Out, colours, say, tell, width},
};

/// Prints the comparison, and writes the page that is asked for.
pub fn run(args: &CompareArgs) -> anyhow::Result<()> {
    let asked = Asked::new(&args.runs)?;
    if let Some(skipped) = asked.skipped() {
        tell(&format!("note: {skipped}"));
    }
    if !args.json {
        asked.introduce();
    }
    let comparison = read(&asked.runs)?;
    let mut out = Out;
    if let Some(path) = &args.html {
        output::write(path, html::page(&comparison.document(Some(files::folder_of(path)))))?;
    }
    if args.json {
        return Ok(out.json(&object(&comparison))?);
    }
    write!(out, "{}", terminal::document(&comparison.document(None), width(), colours()))?;
    if let Some(path) = &args.html {
        writeln!(out, "\nwritten to `{}`", path.display())?;
    }
    Ok(())
}

/// The runs that folders of runs and studies stand for.
pub fn runs_of(folders: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    Ok(Asked::new(folders)?.runs)
}

/// The runs beside each other; where all are trials of one study, each by its number.
pub fn read(runs: &[PathBuf]) -> anyhow::Result<Comparison> {
    let comparison = Comparison::read(runs)?;
    let Some(study) = runs.first().and_then(|run| run.parent()) else { return Ok(comparison) };
    let trial = |run: &PathBuf| {
        let status = Status::read(run, Metric::ACCURACY).ok().flatten().filter(|_| run.parent() == Some(study))?;
        Some(ComparedTrial { number: status.number(), epochs: status.came_to() })
    };
    let trials: Option<Vec<ComparedTrial>> = runs.iter().map(trial).collect();
    Ok(match trials {
        Some(trials) => comparison.of_trials(study.join(PAGE), trials),
        None => comparison,
    })
}

/// What the arguments stand for.
#[derive(Default)]
struct Asked {
    /// A line for each argument that names a study, or a run otherwise than by its path.
    lines: Vec<String>,
    runs: Vec<PathBuf>,
    /// What a pattern such as `runs/seeds/*` has beside runs, and trials that have no epoch yet.
    skipped: Vec<PathBuf>,
}

impl Asked {
    fn new(arguments: &[PathBuf]) -> anyhow::Result<Self> {
        let mut asked = Self::default();
        for argument in arguments {
            let trials = status::folders(argument).unwrap_or_default();
            if trials.is_empty() {
                asked.add(argument)?;
            } else {
                let (trials, waiting): (Vec<_>, Vec<_>) = trials.into_iter().partition(|trial| has_epochs(trial));
                asked.lines.push(format!("study    {}: {}", argument.display(), count(trials.len(), "trial")));
                asked.runs.extend(trials);
                asked.skipped.extend(waiting);
            }
        }
        asked.refuse_twins()?;
        Ok(asked)
    }

    fn add(&mut self, argument: &Path) -> anyhow::Result<()> {
        let is_no_run = argument.exists() && folder::check(argument).is_err();
        if is_no_run || is_trial(argument) && !has_epochs(argument) {
            self.skipped.push(argument.into());
            return Ok(());
        }
        let run = run_name::find(argument)?;
        // A path is in the table of the runs.
        if run != argument {
            self.lines.push(run_name::line(&run));
        }
        self.runs.push(run);
        Ok(())
    }

    /// A comparison needs at least two runs, and none twice.
    fn refuse_twins(&self) -> anyhow::Result<()> {
        let whole: Vec<PathBuf> =
            self.runs.iter().map(|run| run.canonicalize().unwrap_or_else(|_| run.clone())).collect();
        if let Some(place) = (1..whole.len()).find(|place| whole[..*place].contains(&whole[*place])) {
            let run = self.runs[place].display();
            bail!(UsageError(format!("run `{run}` is named twice; a comparison needs different runs")));
        }
        if self.runs.len() < 2 {
            let skipped = self.skipped().map_or_else(String::new, |skipped| format!(" ({skipped})"));
            bail!(UsageError(format!("a comparison needs two runs or more{skipped}; `train runs` lists the runs")));
        }
        Ok(())
    }

    /// Says which runs are compared.
    fn introduce(&self) {
        let more = self.lines.len().saturating_sub(LINES);
        self.lines.iter().take(LINES).for_each(|line| say(line));
        if more > 0 {
            say(&format!("         and {}", count(more, "more")));
        }
        if !self.lines.is_empty() {
            say("");
        }
    }

    /// What was left out; none where nothing was.
    fn skipped(&self) -> Option<String> {
        let first = self.skipped.first()?.display();
        Some(match self.skipped.len() - 1 {
            0 => format!("skipped `{first}`, which is no run with an epoch"),
            1 => format!("skipped `{first}` and 1 other, which are no runs with an epoch"),
            others => format!("skipped `{first}` and {others} others, which are no runs with an epoch"),
        })
    }
}

/// Arguments that have a line of their own.
const LINES: usize = 10;

fn count(number: usize, what: &str) -> String {
    if number == 1 || what == "more" {
        format!("{number} {what}")
    } else {
        format!("{} {what}s", report::grouped(number))
    }
}

/// Whether there is something of the run to compare; what is damaged is for the comparison to tell.
fn has_epochs(run: &Path) -> bool {
    folder::metrics_path(run).is_file() && !folder::read_epochs(run).is_ok_and(|epochs| epochs.is_empty())
}

fn object(comparison: &Comparison) -> Value {
    let groups = Groups::of(&comparison.runs);
    let differences = comparison.differences().into_iter().map(|(key, values)| json!({ "key": key, "values": values }));
    json!({
        "runs": comparison.runs.iter().map(run_object).collect::<Vec<_>>(),
        "differences": differences.collect::<Vec<_>>(),
        "groups": groups.all.iter().map(group_object).collect::<Vec<_>>(),
        "tests": groups.tests().iter().map(test_object).collect::<Vec<_>>(),
    })
}

fn run_object(run: &ComparedRun) -> Value {
    json!({
        "path": run.path.to_string_lossy(), "trial": run.trial.as_ref().map(|trial| trial.number), "data": run.fingerprint(),
        "epochs": run.epochs.len(), "best": run.best,
    })
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
