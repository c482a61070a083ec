//! The batch script of a study.

use std::path::{Path, PathBuf};

use files::for_shell;

use super::Options;
use crate::Error;

const TEMPLATE: &str = include_str!("job.sh");

/// What a task of the array runs.
#[derive(Clone, Debug)]
pub struct Worker {
    pub name: String,
    /// How many tasks there are.
    pub tasks: u64,
    /// Processes of each trial, and threads of each of them.
    pub processes: usize,
    pub threads: usize,
    /// The folder that it works in: relative paths are seen from there.
    pub folder: PathBuf,
    /// Program and arguments.
    pub command: Vec<String>,
}

/// Writes the batch script into a study's folder; returns its path.
///
/// # Errors
/// Where it cannot be written.
pub fn write(study: &Path, worker: &Worker, options: &Options) -> Result<PathBuf, Error> {
    let path = study.join("slurm.sh");
    files::replace(&path, script(study, worker, options).as_bytes())?;
    Ok(path)
}

/// The text of the batch script. What the user asks for comes last: of an option given twice, Slurm takes the second.
fn script(study: &Path, worker: &Worker, options: &Options) -> String {
    // In the name of an output file a percent sign means something.
    let output = worker.folder.join(study).display().to_string().replace('%', "%%") + "/slurm-%A_%a.txt";
    let partition = options.partition.iter().map(|name| format!("--partition={name}"));
    let time = options.time.iter().map(|time| format!("--time={time}"));
    let asked = partition.chain(time).chain(options.more.iter().cloned());
    let command: Vec<String> = worker.command.iter().map(|word| for_shell(word)).collect();
    fill(&[
        ("name", for_slurm(&worker.name)),
        ("tasks", worker.tasks.to_string()),
        ("folder", for_slurm(&worker.folder.display().to_string())),
        ("output", for_slurm(&output)),
        ("processes", worker.processes.to_string()),
        ("threads", worker.threads.to_string()),
        ("options", asked.map(|option| format!("#SBATCH {option}\n")).collect()),
        ("command", command.join(" ")),
    ])
}

/// The template with its places filled, each line once: what is put in is not looked at again.
fn fill(values: &[(&str, String)]) -> String {
    let fill = |line: &str| {
        let filled = values.iter().find_map(|(name, value)| {
            let (before, after) = line.split_once(&format!("{{{name}}}"))?;
            Some(format!("{before}{value}{after}"))
        });
        filled.unwrap_or_else(|| line.to_owned())
    };
    TEMPLATE.split_inclusive('\n').map(fill).collect()
}

/// A value as a line of `#SBATCH` has it.
fn for_slurm(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', r"\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worker(command: &[&str]) -> Worker {
        Worker {
            name: "rates".into(),
            tasks: 2,
            processes: 2,
            threads: 1,
            folder: "/home/me/100% mine".into(),
            command: command.iter().map(|word| (*word).to_owned()).collect(),
        }
    }

    #[test]
    fn the_script_asks_for_what_the_user_asked_last_and_becomes_the_worker() {
        let options = Options {
            partition: Some("gpu".into()),
            time: Some("2:00:00".into()),
            more: vec!["--gres=gpu:1".into(), "--comment={tasks}".into()],
        };
        let text =
            script(Path::new("runs/rates"), &worker(&["/bin/train", "--set", "data.path=it's {name}"]), &options);
        let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with("# ")).collect();
        let expected = [
            "#!/bin/sh",
            "#SBATCH --job-name=\"rates\"",
            "#SBATCH --array=1-2",
            "#SBATCH --chdir=\"/home/me/100% mine\"",
            "#SBATCH --output=\"/home/me/100%% mine/runs/rates/slurm-%A_%a.txt\"",
            "#SBATCH --open-mode=append",
            "#SBATCH --ntasks=2",
            "#SBATCH --cpus-per-task=1",
            "#SBATCH --signal=B:TERM@60",
            "#SBATCH --requeue",
            "#SBATCH --partition=gpu",
            "#SBATCH --time=2:00:00",
            "#SBATCH --gres=gpu:1",
            "#SBATCH --comment={tasks}",
            "",
            r"exec /bin/train --set 'data.path=it'\''s {name}'",
        ];
        assert_eq!(lines, expected);
    }
}
