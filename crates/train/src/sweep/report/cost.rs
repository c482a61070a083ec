//! What a study took: time, epochs, processors.

use std::{collections::BTreeMap, time::Duration};

use chart::{Bar, Bars, Block, Section, Table};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::Seen;
use crate::{
    report::clock,
    run::RunRecord,
    sweep::{Status, leaderboard::name, status::State},
};

/// Bars of the histogram.
const BINS: usize = 8;
/// A ratio of ends beyond which the bins are of magnitudes.
const WIDE: f64 = 50.0;

const MEASURED: &str = "Time is that of training and validation, as each trial's `run.json` has it, over all its \
    resumes: without the start of its process, the data, and checkpoints left behind. Processor time is that time \
    times the threads that a trial may use, whether it used them or not.";

/// A trial that has begun.
type Begun<'a> = (&'a Status, &'a RunRecord);

impl Seen<'_> {
    /// None where no trial has begun.
    pub(super) fn cost(&self) -> Option<Section> {
        let begun: Vec<Begun<'_>> =
            self.trials.iter().filter_map(|status| Some((status, status.record.as_ref()?))).collect();
        if begun.is_empty() {
            return None;
        }
        let blocks = [
            Some(Block::Table(totals(&begun))),
            Some(Block::Table(by_state(&begun))),
            Some(Block::Table(self.by_device(&begun))),
            histogram(&begun),
        ];
        let blocks = blocks.into_iter().flatten().chain([Block::text(MEASURED)]);
        Some(Section::new("Time and cost", blocks))
    }

    /// What each device had to do.
    fn by_device(&self, begun: &[Begun<'_>]) -> Table {
        let mut devices: BTreeMap<(&str, &str), (usize, f64, f64)> = BTreeMap::new();
        for (status, record) in begun {
            let (trials, seconds, threads) = devices.entry((&record.device, &record.backend)).or_default();
            *trials += 1;
            *seconds += record.seconds;
            *threads += record.seconds * self.threads(status, record) as f64;
        }
        let header = ["device", "backend", "trials", "device time", "processor time"];
        let mut table = Table::new(header, 2).captioned("By device");
        for ((device, backend), (trials, seconds, threads)) in devices {
            let row = [device.to_owned(), backend.to_owned(), trials.to_string(), hours(seconds), hours(threads)];
            table.add_row(row);
        }
        table
    }

    /// Threads that a trial may use.
    fn threads(&self, status: &Status, record: &RunRecord) -> usize {
        let of_point = status.kept.point.get("threads").and_then(toml::Value::as_integer);
        let threads = of_point.and_then(|threads| usize::try_from(threads).ok()).unwrap_or(self.study.threads);
        // 0 stands for all cores.
        let cores = record.machine.as_ref().map_or(1, |machine| machine.cores);
        if threads == 0 { cores } else { threads }
    }
}

fn totals(begun: &[Begun<'_>]) -> Table {
    let seconds: f64 = begun.iter().map(|(_, record)| record.seconds).sum();
    let done: usize = begun.iter().map(|(_, record)| record.epochs_done).sum();
    let mut rows: Vec<(&str, String)> = Vec::new();
    if let Some((from, wall)) = span(begun) {
        let at_a_time = seconds / wall.max(1.0);
        rows.push(("from first start to last end", format!("{} (began {from}; pauses count)", hours(wall))));
        rows.push(("time of training, all trials", format!("{}, {at_a_time:.1} at a time on average", hours(seconds))));
    } else {
        rows.push(("time of training, all trials", hours(seconds)));
    }
    let mut finished: Vec<f64> =
        of_state(begun, |state| *state == State::Finished).map(|(_, record)| record.seconds).collect();
    finished.sort_by(f64::total_cmp);
    if let [first, .., last] = finished[..] {
        let median = finished[finished.len() / 2];
        rows.push((
            "a finished trial",
            format!("{} in the median, {} to {}", hours(median), hours(first), hours(last)),
        ));
        rows.push(("all time by finished trial", hours(seconds / finished.len() as f64)));
    }
    let rate = if done > 0 { format!(", {:.3} s each", seconds / done as f64) } else { String::new() };
    rows.push(("epochs trained", format!("{done}{rate}")));
    let stopped = |(status, _): &&Begun<'_>| matches!(status.state, State::Pruned | State::Waiting);
    let saved: usize =
        begun.iter().filter(stopped).map(|(_, record)| record.epochs.saturating_sub(record.epochs_done)).sum();
    if saved > 0 {
        let share = 100.0 * saved as f64 / (saved + done) as f64;
        rows.push(("epochs saved by pruning", format!("{saved}, {share:.0} % of those planned")));
    }
    let early: usize = of_state(begun, |state| *state == State::Finished)
        .map(|(_, record)| record.epochs.saturating_sub(record.epochs_done))
        .sum();
    if early > 0 {
        rows.push(("epochs saved by early stopping", early.to_string()));
    }
    Table::of_names(rows)
}

/// What each outcome took.
fn by_state(begun: &[Begun<'_>]) -> Table {
    let mut states: BTreeMap<&str, (usize, usize, f64)> = BTreeMap::new();
    for (status, record) in begun {
        let (trials, epochs, seconds) = states.entry(name(status)).or_default();
        *trials += 1;
        *epochs += record.epochs_done;
        *seconds += record.seconds;
    }
    let mut table = Table::new(["outcome", "trials", "epochs", "time"], 1).captioned("By outcome");
    for (state, (trials, epochs, seconds)) in states {
        table.add_row([state.to_owned(), trials.to_string(), epochs.to_string(), hours(seconds)]);
    }
    table
}

/// How long finished trials took; none where they are few.
fn histogram(begun: &[Begun<'_>]) -> Option<Block> {
    let seconds: Vec<f64> =
        of_state(begun, |state| *state == State::Finished).map(|(_, record)| record.seconds).collect();
    let low = seconds.iter().copied().fold(f64::INFINITY, f64::min);
    let high = seconds.iter().copied().fold(0.0, f64::max);
    if seconds.len() < BINS || high <= low {
        return None;
    }
    let is_log = low > 0.0 && high / low > WIDE;
    let place = |value: f64| if is_log { (value / low).ln() / (high / low).ln() } else { (value - low) / (high - low) };
    let value = |place: f64| if is_log { low * (high / low).powf(place) } else { low + place * (high - low) };
    let mut counts = [0usize; BINS];
    seconds.iter().for_each(|value| counts[((place(*value) * BINS as f64) as usize).min(BINS - 1)] += 1);
    let bar = |(bin, count): (usize, &usize)| {
        let [from, to] = [bin, bin + 1].map(|edge| brief(value(edge as f64 / BINS as f64)));
        Bar { name: format!("{from} to {to} s"), amount: *count as f64, label: count.to_string() }
    };
    let bars = counts.iter().enumerate().map(bar).collect();
    Some(Block::Bars(Bars {
        alt: format!("Finished trials by the seconds that each took, {low:.1} to {high:.1}"),
        bars,
    }))
}

fn of_state<'a>(begun: &'a [Begun<'a>], is: impl Fn(&State) -> bool + 'a) -> impl Iterator<Item = &'a Begun<'a>> {
    begun.iter().filter(move |(status, _)| is(&status.state))
}

/// When the first trial began, and the seconds from then to the end of the last.
fn span(begun: &[Begun<'_>]) -> Option<(String, f64)> {
    let parse = |text: &str| OffsetDateTime::parse(text, &Rfc3339).ok();
    let first = begun.iter().filter_map(|(_, record)| parse(&record.started)).min()?;
    let last = begun.iter().filter_map(|(_, record)| parse(record.ended.as_deref()?)).max()?;
    let text = first.format(&Rfc3339).ok()?;
    Some((text, (last - first).as_seconds_f64().max(0.0)))
}

fn hours(seconds: f64) -> String {
    clock(Duration::try_from_secs_f64(seconds).unwrap_or_default())
}

/// Two significant digits, or all before the point.
fn brief(seconds: f64) -> String {
    match seconds {
        10.0.. => format!("{seconds:.0}"),
        1.0.. => format!("{seconds:.1}"),
        _ => format!("{seconds:.2}"),
    }
}
