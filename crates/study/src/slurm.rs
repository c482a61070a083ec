//! Slurm: a study as one array job whose tasks are workers, each a driver that takes trials from the study's queue.
//!
//! Slurm only says where and when a worker runs. What it works on it finds in the study's folder, as any driver does, so a
//! node that is lost loses nothing, and no search needs to know of Slurm.

mod job;
mod script;

use serde::Deserialize;

pub use job::{Task, at_work, cancel, is_here, ping, requeue, submit};
pub use script::{Worker, write};

/// What a study asks Slurm for: `[slurm]` in its file, and the command line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Options {
    /// The partition; `None`: Slurm's own choice.
    pub partition: Option<String>,
    /// The time limit of a worker.
    pub time: Option<String>,
    /// Other options of `sbatch`, each as it would be typed.
    #[serde(rename = "options")]
    pub more: Vec<String>,
}

/// What [`partition`] takes.
pub const PARTITION: &str = "the name of a Slurm partition, or several with commas between them";
/// What [`time()`] takes.
pub const TIME: &str = "a Slurm time of 3 minutes or more: \"90\" (minutes), \"2:30:00\" or \"1-12\" (days-hours)";
/// Several of what [`option`] takes.
pub const OPTIONS: &str = "a list of sbatch options, each a line such as \"--gres=gpu:1\"";

/// Minutes that a worker needs: it is asked to save one minute before its end, or up to one more before that.
const LEAST_MINUTES: u64 = 3;

/// A partition's name, where the text is one.
pub fn partition(text: &str) -> Option<String> {
    let is_part = |c: char| c.is_alphanumeric() || "_-.,".contains(c);
    (!text.is_empty() && text.chars().all(is_part)).then(|| text.to_owned())
}

/// A time limit as `sbatch --time` takes it, where the text is one that leaves a worker time to work.
pub fn time(text: &str) -> Option<String> {
    let seconds = seconds(text)?;
    // Zero is no limit.
    (seconds == 0 || seconds >= LEAST_MINUTES * 60).then(|| text.to_owned())
}

/// An option, where the text is one: one line that begins with a dash.
pub fn option(text: &str) -> Option<String> {
    (text.starts_with('-') && !text.contains(['\n', '\r'])).then(|| text.to_owned())
}

/// The seconds of `minutes`, `minutes:seconds`, `hours:minutes:seconds`, and after `days-` of `hours`, `hours:minutes`,
/// `hours:minutes:seconds` (<https://slurm.schedmd.com/sbatch.html#OPT_time>).
fn seconds(text: &str) -> Option<u64> {
    let (days, rest) = text.split_once('-').map_or((None, text), |(days, rest)| (Some(days), rest));
    let parts = rest.split(':').map(|part| part.parse().ok()).collect::<Option<Vec<u64>>>()?;
    let units: &[u64] = match (days.is_some(), parts.len()) {
        (true, 1..=3) | (false, 3) => &[3600, 60, 1],
        (false, 1..=2) => &[60, 1],
        _ => return None,
    };
    let days: u64 = days.map_or(Some(0), |days| days.parse().ok())?;
    let seconds = parts.iter().zip(units).try_fold(0u64, |sum, (part, unit)| sum.checked_add(part.checked_mul(*unit)?));
    days.checked_mul(86_400)?.checked_add(seconds?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_sbatch() {
        let cases = [
            ("90", Some(5400)),
            ("5:30", Some(330)),
            ("2:30:00", Some(9000)),
            ("1-12", Some(129_600)),
            ("1-0:30", Some(88_200)),
            ("2-00:00:01", Some(172_801)),
            ("2h30m", None),
            ("", None),
            ("1:2:3:4", None),
        ];
        for (text, expected) in cases {
            assert_eq!(seconds(text), expected, "{text}");
        }
    }

    #[test]
    fn a_time_that_leaves_none_to_work_is_refused() {
        assert_eq!(time("2:59"), None);
        assert_eq!(time("3"), Some("3".into()));
        assert_eq!(time("0"), Some("0".into()));
    }

    #[test]
    fn nothing_gets_into_the_script_that_is_no_option() {
        assert_eq!(option("--gres=gpu:1"), Some("--gres=gpu:1".into()));
        assert_eq!(
            (option("gres"), option("--mem=4G\nrm -r ."), partition("a b"), partition("")),
            (None, None, None, None)
        );
        assert_eq!(partition("gpu,gpu-long"), Some("gpu,gpu-long".into()));
    }
}
