//! What a study took: time, epochs, processors.

use std::collections::BTreeMap;

use chart::{Bar, Bars, Block, Section, Table, Tile};
use report::{clock, grouped, moment};
use run::RunRecord;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::StudyView;
use crate::{Status, Study, status::State};

/// Bars of the histogram.
const BINS: usize = 8;
/// A ratio of ends beyond which the bins are of magnitudes.
const WIDE: f64 = 50.0;

const MEASURED: &str = "Time is that of training and validation, as each trial's `run.json` has it, over all its \
    resumes: without the start of its process, the data, and checkpoints left behind.";

const PROCESSOR: &str =
    " Processor time is that time times the threads that a trial may use, whether it used them or not.";

type Begun<'a> = (&'a Status, &'a RunRecord);

fn begun<'a>(view: &StudyView<'a>) -> Vec<Begun<'a>> {
    view.trials.iter().filter_map(|status| Some((status, status.record.as_ref()?))).collect()
}

/// What it took, in short; nothing where no trial has begun.
pub(super) fn tiles(view: &StudyView<'_>) -> Vec<Tile> {
    let begun = begun(view);
    if begun.is_empty() {
        return vec![];
    }
    let training = format!("from first to last; {} of training", hours(training(&begun)));
    let time = span(&begun).map(|(_, wall)| Tile::new("time", hours(wall), training));
    let Epochs { done, pruned, .. } = Epochs::of(&begun, view.study);
    let saved = if pruned > 0 { format!("{} more saved by pruning", grouped(pruned)) } else { String::new() };
    time.into_iter().chain([Tile::new("epochs", grouped(done), saved)]).collect()
}

/// None where no trial has begun.
pub(super) fn section(view: &StudyView<'_>) -> Option<Section> {
    let begun = begun(view);
    if begun.is_empty() {
        return None;
    }
    let totals = of_time(&begun).into_iter().chain(of_epochs(&begun, view.study));
    let by_kind = [by_state(&begun), by_device(view, &begun)];
    // Where all is of one kind the totals have said it.
    let processor = if by_kind[1].rows.len() > 1 { PROCESSOR } else { "" };
    let by_kind = by_kind.into_iter().filter(|table| table.rows.len() > 1);
    let tables = [Table::of_names(totals)].into_iter().chain(by_kind).map(Block::Table);
    let blocks = tables.chain(histogram(&begun)).chain([Block::text(MEASURED.to_owned() + processor)]);
    Some(Section::new("Time and cost", blocks))
}

/// What each device had to do.
fn by_device(view: &StudyView<'_>, begun: &[Begun<'_>]) -> Table {
    let mut devices: BTreeMap<(&str, &str), (usize, f64, f64)> = BTreeMap::new();
    for (_, record) in begun {
        let (trials, seconds, of_threads) = devices.entry((&record.device, &record.backend)).or_default();
        *trials += 1;
        *seconds += record.seconds;
        *of_threads += record.seconds * threads(view, record) as f64;
    }
    let header = ["device", "backend", "trials", "device time", "processor time"];
    let mut table = Table::new(header, 2).captioned("By device");
    for ((device, backend), (trials, seconds, threads)) in devices {
        let row = [device.to_owned(), backend.to_owned(), grouped(trials), hours(seconds), hours(threads)];
        table.add_row(row);
    }
    table
}

/// Threads that a trial may use.
fn threads(view: &StudyView<'_>, record: &RunRecord) -> usize {
    // 0 stands for all cores.
    let cores = record.machine.as_ref().map_or(1, |machine| machine.cores);
    if view.study.threads == 0 { cores } else { view.study.threads }
}

type Row = (&'static str, String);

fn of_time(begun: &[Begun<'_>]) -> Vec<Row> {
    let all = training(begun);
    let longest = begun.iter().map(|(_, record)| record.seconds).fold(0.0, f64::max);
    let span = span(begun);
    let wall = span.as_ref().map(|(from, wall)| format!("{} (began {from}; pauses count)", hours(*wall)));
    // Starts and ends are known to the second.
    let at_a_time = span.filter(|(_, wall)| *wall >= longest.max(5.0)).map(|(_, wall)| all / wall);
    let at_a_time = at_a_time.map_or_else(String::new, |count| format!(", {count:.1} at a time on average"));
    let rows = [
        wall.map(|wall| ("from first start to last end", wall)),
        Some(("time of training, all trials", format!("{}{at_a_time}", hours(all)))),
    ];
    rows.into_iter().flatten().chain(of_a_trial(begun, all)).collect()
}

fn of_a_trial(begun: &[Begun<'_>], all: f64) -> Vec<Row> {
    let mut seconds = finished(begun);
    seconds.sort_by(f64::total_cmp);
    let [first, .., last] = seconds[..] else { return Vec::new() };
    let [median, first, last] = [search::median(&mut seconds), first, last].map(hours);
    vec![
        ("a finished trial", format!("{median} in the median, {first} to {last}")),
        ("all time by finished trial", hours(all / seconds.len() as f64)),
    ]
}

/// Seconds of training, of all trials.
fn training(begun: &[Begun<'_>]) -> f64 {
    begun.iter().map(|(_, record)| record.seconds).sum()
}

/// Epochs of all trials.
struct Epochs {
    done: usize,
    /// Those that pruning spared.
    pruned: usize,
    /// Those that early stopping spared.
    early: usize,
}

impl Epochs {
    fn of(begun: &[Begun<'_>], study: &Study) -> Self {
        let count = |of: fn(&State) -> bool, epochs: fn(&RunRecord) -> usize| -> usize {
            begun.iter().filter(|(status, _)| of(&status.state)).map(|(_, record)| epochs(record)).sum()
        };
        let left = |record: &RunRecord| record.epochs.saturating_sub(record.epochs_done);
        // With successive halving a trial that waits was not promoted, else it was only stopped.
        let paused = study.asha().map_or(0, |_| count(|state| *state == State::Waiting, left));
        Self {
            done: count(|_| true, |record| record.epochs_done),
            pruned: count(|state| *state == State::Pruned, left) + paused,
            early: count(|state| *state == State::Finished, left),
        }
    }
}

fn of_epochs(begun: &[Begun<'_>], study: &Study) -> Vec<Row> {
    let Epochs { done, pruned, early } = Epochs::of(begun, study);
    let each = if done > 0 { format!(", {:.3} s each", training(begun) / done as f64) } else { String::new() };
    let share = 100.0 * pruned as f64 / (pruned + done).max(1) as f64;
    let rows = [
        Some(("epochs trained", grouped(done) + &each)),
        (pruned > 0).then(|| ("epochs saved by pruning", format!("{}, {share:.0} % of all", grouped(pruned)))),
        (early > 0).then(|| ("epochs saved by early stopping", grouped(early))),
    ];
    rows.into_iter().flatten().collect()
}

/// The seconds of each finished trial.
fn finished(begun: &[Begun<'_>]) -> Vec<f64> {
    let finished = begun.iter().filter(|(status, _)| status.state == State::Finished);
    finished.map(|(_, record)| record.seconds).collect()
}

/// What each outcome took.
fn by_state(begun: &[Begun<'_>]) -> Table {
    let mut states: BTreeMap<&str, (usize, usize, f64)> = BTreeMap::new();
    for (status, record) in begun {
        let (trials, epochs, seconds) = states.entry(status.name()).or_default();
        *trials += 1;
        *epochs += record.epochs_done;
        *seconds += record.seconds;
    }
    let mut table = Table::new(["outcome", "trials", "epochs", "time"], 1).captioned("By outcome");
    for (state, (trials, epochs, seconds)) in states {
        table.add_row([state.to_owned(), grouped(trials), grouped(epochs), hours(seconds)]);
    }
    table
}

/// How long finished trials took; none where they are few.
fn histogram(begun: &[Begun<'_>]) -> Option<Block> {
    let seconds = finished(begun);
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
        Bar { name: format!("{from} to {to} s"), amount: *count as f64, label: grouped(*count) }
    };
    let bars = counts.iter().enumerate().map(bar).collect();
    Some(Block::Bars(Bars {
        alt: format!("Finished trials by the seconds that each took, {low:.1} to {high:.1}"),
        bars,
        ..Bars::default()
    }))
}

/// When the first trial began, and the seconds from then to the end of the last.
fn span(begun: &[Begun<'_>]) -> Option<(String, f64)> {
    let parse = |text: &str| OffsetDateTime::parse(text, &Rfc3339).ok();
    let first = begun.iter().filter_map(|(_, record)| parse(&record.started)).min()?;
    let last = begun.iter().filter_map(|(_, record)| parse(record.ended.as_deref()?)).max()?;
    let text = first.format(&Rfc3339).ok()?;
    Some((moment(&text), (last - first).as_seconds_f64().max(0.0)))
}

fn hours(seconds: f64) -> String {
    clock(seconds)
}

/// Two significant digits, or all before the point.
fn brief(seconds: f64) -> String {
    match seconds {
        10.0.. => format!("{seconds:.0}"),
        1.0.. => format!("{seconds:.1}"),
        _ => format!("{seconds:.2}"),
    }
}
