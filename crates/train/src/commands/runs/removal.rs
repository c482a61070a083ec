//! `train runs remove` and `train runs prune`: runs go to the trash of their root, and the last removal comes back.

use std::path::{Path, PathBuf};

use anyhow::bail;
use files::{quoted, size};
use run::{
    folder,
    list::{self, Run},
    trash::{self, Removal},
};
use study::{is_trial, status, study_folder};

use super::{super::run_name, marks};
use crate::{
    cli::{PruneArgs, RemoveArgs, UsageError},
    terminal::say,
};

/// Removes runs and studies, or brings back what was removed last.
pub fn remove(args: &RemoveArgs) -> anyhow::Result<()> {
    if args.undo {
        return undo(&args.root.runs);
    }
    let mut folders: Vec<PathBuf> = Vec::new();
    for run in &args.run {
        let found = found(run)?;
        if !folders.contains(&found) {
            folders.push(found);
        }
    }
    let root = folders.first().map_or_else(|| args.root.runs.clone(), |folder| root_of(folder));
    if let Some(other) = folders.iter().find(|folder| root_of(folder) != root) {
        let (root, other) = (root.display(), other.display());
        bail!(UsageError(format!(
            "`{other}` is not below `{root}` as the first is; remove runs of one root at a time"
        )));
    }
    conclude(&root, &folders)
}

/// Removes all but the newest runs that a person began.
pub fn prune(args: &PruneArgs) -> anyhow::Result<()> {
    let root = &args.root.runs;
    let older = Older::beside(root, args.keep)?;
    older.kept.iter().for_each(|kept| say(kept));
    if let Some(nothing) = older.nothing(root) {
        say(&nothing);
    } else if args.dry_run {
        older.folders.iter().for_each(|folder| say(&run_name::line(folder)));
        say(&format!("{} would be removed", counted(older.folders.len())));
    } else {
        conclude(root, &older.folders)?;
    }
    Ok(())
}

/// The same in a line: what was done, or what would be, with the names of the first.
pub fn pruned(root: &Path, keep: usize, dry_run: bool) -> anyhow::Result<String> {
    let older = Older::beside(root, keep)?;
    let said = match older.nothing(root) {
        Some(nothing) => nothing,
        None if dry_run => {
            let names = older.folders.iter().take(NAMED).map(|folder| folder.display().to_string());
            let names: Vec<String> = names.collect();
            let more = if older.folders.len() > NAMED { ", .." } else { "" };
            format!("{} would go to the trash: {}{more}", counted(older.folders.len()), names.join(", "))
        }
        None => moved(root, &older.folders)?,
    };
    Ok([said].into_iter().chain(older.kept).collect::<Vec<_>>().join("; "))
}

/// Runs that are named in a line.
const NAMED: usize = 5;

/// The runs that a person began before the newest ones.
struct Older {
    /// Those that nothing keeps.
    folders: Vec<PathBuf>,
    /// How many others there are and why they stay, in words; none where there are none.
    kept: Option<String>,
    /// All runs that a person began.
    runs: usize,
}

impl Older {
    fn beside(root: &Path, keep: usize) -> anyhow::Result<Self> {
        let runs: Vec<Run> = list::list(root)?.into_iter().filter(|run| !is_trial(&run.path)).collect();
        let older = &runs[..runs.len().saturating_sub(keep)];
        let (kept, pruned): (Vec<&Run>, Vec<&Run>) =
            older.iter().partition(|run| run.in_use || marks::has_marks(&run.path));
        let said = || format!("kept beside the newest {keep}: {}, running or with a note or tag", counted(kept.len()));
        Ok(Self {
            folders: pruned.into_iter().map(|run| run.path.clone()).collect(),
            kept: (!kept.is_empty()).then(said),
            runs: runs.len(),
        })
    }

    /// What is said where nothing is to be removed.
    fn nothing(&self, root: &Path) -> Option<String> {
        let said =
            || format!("nothing to remove: {} below `{}` and no study is touched", counted(self.runs), root.display());
        self.folders.is_empty().then(said)
    }
}

/// Moves runs and studies below a root to its trash; says what was moved, in a line.
pub fn moved(root: &Path, runs: &[PathBuf]) -> anyhow::Result<String> {
    let folders = runs.iter().map(|run| found(run)).collect::<anyhow::Result<Vec<_>>>()?;
    // Said of what is there still.
    let what = what(&folders);
    let Removal { path, bytes } = trash::remove(root, &folders)?;
    Ok(format!("moved {what}, {}, to {}", size(bytes), path.display()))
}

/// The folder of a run, or of a whole study; neither while it is in use.
fn found(run: &Path) -> anyhow::Result<PathBuf> {
    let is_study = status::is_study(run);
    // Without a slash at its end, so that the folder above it is known.
    let found: PathBuf =
        if is_study { run.components().collect() } else { run_name::find(run)?.components().collect() };
    let study = if is_study { Some(found.as_path()) } else { found.parent().filter(|_| is_trial(&found)) };
    if let Some(study) = study.filter(|study| study_folder::has_drivers(study)) {
        let study = study.display();
        bail!(UsageError(format!(
            "`{}` is in use: a driver works on study `{study}`; `train sweep stop` it first",
            run.display()
        )));
    }
    Ok(found)
}

/// The output root of `<root>/<name>/<id>`, or of a study's `<root>/<name>`.
fn root_of(folder: &Path) -> PathBuf {
    let levels = if folder::check(folder).is_ok() { 2 } else { 1 };
    let root = folder.ancestors().nth(levels).unwrap_or(Path::new(""));
    if root.as_os_str().is_empty() { PathBuf::from(".") } else { root.into() }
}

fn conclude(root: &Path, folders: &[PathBuf]) -> anyhow::Result<()> {
    folders.iter().filter(is_run).for_each(|folder| say(&run_name::line(folder)));
    let what = what(folders);
    let Removal { path, bytes } = trash::remove(root, folders)?;
    say(&format!("moved    {what}, {}, to {}", size(bytes), path.display()));
    say(&format!("undo     train runs remove --undo{}", root_flag(root)));
    say(&format!("free     rm -r {}", quoted(&path)));
    Ok(())
}

/// How many of each, in words.
fn what(folders: &[PathBuf]) -> String {
    let runs = folders.iter().filter(is_run).count();
    match (runs, folders.len() - runs) {
        (runs, 0) => counted(runs),
        (0, studies) => counted_studies(studies),
        (runs, studies) => format!("{} and {}", counted(runs), counted_studies(studies)),
    }
}

fn is_run(folder: &&PathBuf) -> bool {
    folder::check(folder).is_ok()
}

/// Brings back what was removed last.
pub fn undone(root: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let back = trash::undo(root)?;
    if back.is_empty() {
        bail!(UsageError(format!("nothing was removed from `{}`, or its trash was emptied", root.display())));
    }
    Ok(back)
}

fn undo(root: &Path) -> anyhow::Result<()> {
    for folder in undone(root)? {
        say(&if folder::check(&folder).is_ok() {
            run_name::line(&folder)
        } else {
            format!("back     {}", folder.display())
        });
    }
    Ok(())
}

fn root_flag(root: &Path) -> String {
    if root == Path::new("runs") { String::new() } else { format!(" --runs {}", quoted(root)) }
}

fn counted(runs: usize) -> String {
    if runs == 1 { "1 run".into() } else { format!("{runs} runs") }
}

fn counted_studies(studies: usize) -> String {
    if studies == 1 { "1 study".into() } else { format!("{studies} studies") }
}
