//! How it came out, in sentences: what leads what, by how much, and whether that may be chance.

use std::path::Path;

use toml::Value;

use super::{
    COLOURED, ComparedRun, Comparison, DATA_SETS, Groups, Lengths, charts::lines, labels::short_key, more_data,
};
use plan::decides_result;

use crate::{fraction, grouped, short};

impl Comparison {
    /// What leads what, by how much.
    pub(super) fn title(&self, page: Option<&Path>) -> String {
        match &self.runs[..] {
            _ if !self.is_same_data() => self.outcomes(),
            [_, _] if self.study.is_none() => match page {
                Some(_) => self.headline(|run| self.with_folder(run)),
                None => self.headline(|run| self.called(run)),
            },
            runs => {
                let folder = |run: &ComparedRun| run.path.parent().and_then(Path::file_name).map(ToOwned::to_owned);
                let first = folder(&runs[0]).filter(|first| runs.iter().all(|run| folder(run).as_ref() == Some(first)));
                let of = first.map_or_else(String::new, |name| format!(" of {}", name.to_string_lossy()));
                let (count, noun) = (grouped(runs.len()), self.noun());
                format!("{count} {noun}s{of} compared: {}", self.headline(|run| self.called(run)))
            }
        }
    }

    /// What leads what on each data; of many the first.
    fn outcomes(&self) -> String {
        let sets = self.data_sets();
        let outcome = |set: &Vec<&ComparedRun>| {
            let runs = set.iter().copied().cloned().collect();
            let data = set[0].data.as_ref().map_or("unknown data", |data| data.name());
            let of_set = Self { runs, study: self.study.clone() };
            format!("{data}: {}", of_set.headline(|run| self.called(run)))
        };
        let outcomes = sets.iter().take(OUTCOMES).map(outcome);
        outcomes.chain(more_data(sets.len(), OUTCOMES)).collect::<Vec<_>>().join("; ")
    }

    /// A run as it is called, with its folder: many may be called so.
    fn with_folder(&self, run: &ComparedRun) -> String {
        let called = self.called(run);
        let is_told = called != run.label || run.name.starts_with(&called);
        if is_told { run.name.clone() } else { format!("{called} ({})", run.name) }
    }

    /// By which images, how far the first two are apart, and what can be held against nothing else.
    pub(super) fn lead(&self) -> Vec<String> {
        let losses = (self.losses().len() > 1).then(|| DIFFERENT_LOSSES.to_owned());
        if self.is_same_data() {
            let first_two = self.first_two(&self.runs.iter().collect::<Vec<_>>(), "these");
            let parts = [self.judged_by(), first_two].into_iter().flatten().collect::<Vec<_>>().join(" ");
            return [parts]
                .into_iter()
                .filter(|text| !text.is_empty())
                .chain(self.shared_by_the_best())
                .chain(losses)
                .collect();
        }
        self.by_data().into_iter().chain([DIFFERENT_DATA.to_owned()]).chain(losses).collect()
    }

    /// Between which values of a key the best of many lie, where few of the others do.
    fn shared_by_the_best(&self) -> Option<String> {
        let all = self.runs.len();
        let is_of_seeds = lines(&self.runs).len() < all;
        let differences = self.differences();
        let keys: Vec<&str> = differences.iter().map(|(key, _)| *key).collect();
        let range = |(key, values): &(&str, Vec<Value>)| {
            let number = |value: &Value| value.as_float().or(value.as_integer().map(|value| value as f64));
            let numbers: Vec<f64> = values.iter().map(number).collect::<Option<_>>()?;
            let best = numbers[..COLOURED].iter().copied();
            let (low, high) = (best.clone().reduce(f64::min)?, best.reduce(f64::max)?);
            let within = numbers.iter().filter(|number| (low..=high).contains(*number)).count();
            let between = if low < high { format!("from {} to {}", short(low), short(high)) } else { short(low) };
            let is_used = self.runs.iter().all(|run| run.plan.uses(key));
            let is_told = *key != "seed" && decides_result(key) && is_used && 2 * within <= all;
            is_told.then(|| {
                format!("{} {between}, as {} of all {} have", short_key(key, &keys), grouped(within), grouped(all))
            })
        };
        let told = || differences.iter().filter_map(range).collect::<Vec<_>>().join("; ");
        let told = if is_of_seeds || all < 2 * COLOURED { String::new() } else { told() };
        (!told.is_empty()).then(|| format!("The best {COLOURED} have {told}."))
    }

    /// By which images.
    fn judged_by(&self) -> Option<String> {
        let data = self.runs[0].data.as_ref()?;
        let kind = self.runs[0].plan.model.kind;
        let what = match self.runs.iter().all(|run| run.plan.model.kind == kind) {
            true => format!("All are of the model `{kind}` and judged"),
            false => "All are judged".into(),
        };
        Some(format!("{what} by the {} validation images of {}.", grouped(data.valid), data.name()))
    }

    /// How many images of `these` the first two have wrong; none where that is not known, and where seeds tell more.
    fn first_two(&self, runs: &[&ComparedRun], these: &str) -> Option<String> {
        let [one, other, ..] = runs else { return None };
        if Groups::of(&self.runs).all.iter().any(|group| group.accuracies.len() > 1) {
            return None;
        }
        let told = |run: &ComparedRun| Some(format!("{} has {}", self.called(run), wrong_of(run)?));
        let (near, chance) = match near(runs.iter().copied()) {
            0 => (String::new(), BY_ONE_SEED),
            1 => (String::new(), CHANCE),
            several => (format!(" and {} more have up to {}", several - 1, runs[several].wrong()?), CHANCE),
        };
        let lengths = self.lengths(runs).map(|lengths| format!(" {}", lengths.sentence(|run| self.called(run))));
        Some(format!("Of {these}, {}, {}{near}: {chance}{}", told(one)?, told(other)?, lengths.unwrap_or_default()))
    }

    /// The first two, where one has had far more epochs than the other. A study has its own reasons to end a trial.
    pub(super) fn lengths<'a>(&self, runs: &[&'a ComparedRun]) -> Option<Lengths<'a>> {
        let [one, other, ..] = runs else { return None };
        if self.study.is_none() { Lengths::of(one, other) } else { None }
    }

    /// After how many epochs one leads the other, where that is not about the same.
    fn after(&self, one: &ComparedRun, other: &ComparedRun) -> String {
        let lengths = self.lengths(&[one, other]);
        lengths.map_or_else(String::new, |_| format!(" after {} epochs against {}", one.done(), other.done()))
    }

    /// A sentence for each data.
    fn by_data(&self) -> Vec<String> {
        let accuracy = |run: &ComparedRun| fraction(Some(run.best.metrics.accuracy));
        let sentence = |group: &Vec<&ComparedRun>| {
            let data = group[0].data_name();
            match &group[..] {
                [one] => {
                    let wrong = wrong_of(one).map_or_else(String::new, |wrong| format!("; it has {wrong}"));
                    format!("{data}: {} alone, {}{wrong}.", self.called(one), accuracy(one))
                }
                [one, other, ..] => {
                    let (a, b) = (self.called(one), self.called(other));
                    let lead = match [one, other].map(|run| accuracy(run)) {
                        [x, y] if x == y => format!("{data}: {a} and {b} have the same accuracy, {x}"),
                        [x, y] => format!("{data}: {a} leads {b}, {x} to {y}"),
                    };
                    let images = grouped(one.data.as_ref().map_or(0, |data| data.valid));
                    let wrong = self.first_two(group, &format!("its {images} validation images"));
                    let wrong = wrong.map_or_else(String::new, |wrong| format!(" {wrong}"));
                    format!("{lead}{}.{wrong}", self.after(one, other).replacen(" after", ", after", 1))
                }
                [] => data,
            }
        };
        let sets = self.data_sets();
        let more = more_data(sets.len(), DATA_SETS).map(|more| format!("The table has {more}."));
        sets.iter().take(DATA_SETS).map(sentence).chain(more).collect()
    }

    /// Which has the highest accuracy: the plan, if it was trained with several seeds by their mean, or the run, and by how much.
    fn headline(&self, called: impl Fn(&ComparedRun) -> String) -> String {
        let groups = Groups::best_first(&self.runs);
        if let [best, _, ..] = &groups.all[..]
            && best.accuracies.len() > 1
        {
            let noise = if groups.is_first_by_noise() { ", not by more than noise" } else { "" };
            return format!("{} has the highest mean accuracy over seeds{noise}", groups.labels()[0]);
        }
        let (one, other) = match &self.runs[..] {
            [] => return String::new(),
            [one] => return format!("{} alone, {}", called(one), fraction(Some(one.best.metrics.accuracy))),
            [one, other, ..] => (one, other),
        };
        let seeds = groups.all.iter().any(|group| group.accuracies.len() > 1);
        let highest = one.best.metrics.accuracy;
        match self.runs.iter().take_while(|run| run.best.metrics.accuracy >= highest).count() {
            // Of many no one wins by chance.
            1 if self.runs.len() > 2 && !seeds && near(self.runs.iter()) > 0 => match near(self.runs.iter()) {
                1 => format!("{} lies within chance of the best, {}", called(other), called(one)),
                several => {
                    let is_shorter = |run: &&ComparedRun| run.done() < one.done();
                    let fewer = match self.runs[1..=several].iter().filter(is_shorter).count() {
                        0 => String::new(),
                        fewer => format!(", {fewer} of them after fewer epochs"),
                    };
                    format!("{several} others lie within chance of the best, {}{fewer}", called(one))
                }
            },
            1 => {
                let with = if seeds { ", with one seed" } else { "" };
                let (a, b) = (called(one), called(other));
                lead_of(one, other).map_or_else(
                    || format!("{a} has the highest accuracy{with}"),
                    |(by, verdict)| format!("{a} leads {b} by {by}{}{with}{verdict}", self.after(one, other)),
                )
            }
            2 if self.runs.len() == 2 => {
                format!("{} and {} have the same accuracy", called(one), called(other))
            }
            several => format!("{several} share the highest accuracy, {}", fraction(Some(highest))),
        }
    }
}

/// Data whose outcome a title has room for.
const OUTCOMES: usize = 2;

const DIFFERENT_DATA: &str = "These runs have seen different data: their metrics are not of the same images.";

const DIFFERENT_LOSSES: &str =
    "They were trained with different losses, which are different measures: no chart holds one against another.";

const CHANCE: &str = "within chance, with the counts taken as independent; that is cautious, as a paired test on the same images \
    can find smaller differences. The same plans with other seeds tell more.";

const BY_ONE_SEED: &str =
    "more than the choice of the images comes to; the same plans with other seeds tell what the seed does.";

/// Whether two counts of wrong ones among the same images are no further apart than chance (95 %) takes two equally good ones.
pub fn is_chance(one: u64, other: u64) -> bool {
    let apart = one.abs_diff(other) as f64;
    apart * apart <= 3.84 * (one + other) as f64
}

/// How many runs behind the first one, the best, are no worse than chance takes one as good.
fn near<'a>(mut runs: impl Iterator<Item = &'a ComparedRun>) -> usize {
    let Some(best) = runs.next().and_then(ComparedRun::wrong) else { return 0 };
    runs.take_while(|run| run.wrong().is_some_and(|wrong| is_chance(best, wrong))).count()
}

/// How many images it has wrong, and how many that may be of others like them.
fn wrong_of(run: &ComparedRun) -> Option<String> {
    let (wrong, all) = (run.wrong()?, run.data.as_ref()?.valid as u64);
    let [low, high] = metrics::interval(wrong, all).map(|share| (share * all as f64).round());
    Some(format!("{wrong} wrong (95\u{a0}% interval {low} to {high})"))
}

/// By how many images the one leads the other, and what that says; none where their number is not known.
fn lead_of(one: &ComparedRun, other: &ComparedRun) -> Option<(String, String)> {
    let (a, b) = (one.wrong()?, other.wrong()?);
    let by = format!("{} of {} images", grouped(a.abs_diff(b) as usize), grouped(one.data.as_ref()?.valid));
    Some((by, if is_chance(a, b) { ", within chance" } else { "" }.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::groups;
    use run::record::DataRecord;

    #[test]
    fn what_the_best_of_many_share_and_few_others_have_is_told() {
        let run = |place: i64| {
            let rate = format!("optimizer.learning_rate={}", if place < 6 { 1.0 + place as f64 / 10.0 } else { 9.0 });
            groups::tests::run(&[&rate, &format!("model.hidden={}", 10 + place * 7 % 11)], 0.9 - place as f64 / 100.0)
        };
        let told = |count| Comparison { runs: (0..count).map(run).collect(), study: None }.shared_by_the_best();
        assert_eq!(told(12).unwrap(), "The best 5 have learning_rate from 1.0 to 1.4, as 5 of all 12 have.");
        assert_eq!(told(9), None, "the best five of nine are most of them");
    }

    /// Runs named `a`, `b`, .. on this data that have so many of 2,038 images wrong.
    fn on_data(fingerprint: &str, wrong: &[u64]) -> Vec<ComparedRun> {
        let of = |(name, wrong): (char, &u64)| {
            let hidden = format!("model.hidden={}", name as u32);
            let data = DataRecord { fingerprint: fingerprint.into(), valid: 2_038, ..groups::tests::data() };
            let label = format!("{name}{fingerprint}");
            let run = groups::tests::run(&[&hidden], 1.0 - *wrong as f64 / 2_038.0);
            ComparedRun { data: Some(data), label, ..run }
        };
        ('a'..).zip(wrong).map(of).collect()
    }

    #[test]
    fn of_many_no_one_wins_by_chance_and_those_near_the_best_are_counted() {
        let said = |wrong: &[u64]| {
            let comparison = Comparison { runs: on_data("", wrong), study: None };
            (comparison.title(None), comparison.lead().remove(0))
        };
        let (title, lead) = said(&[13, 14, 20, 25, 26]);
        assert_eq!(title, "5 runs compared: 3 others lie within chance of the best, a");
        let told = "Of these, a has 13 wrong (95\u{a0}% interval 8 to 22), b has 14 wrong (95\u{a0}% interval 8 to 23) and 2 more have up \
            to 25: within chance, with the counts taken as independent; that is cautious, as a paired test";
        assert!(lead.contains(told), "{lead}");
        assert_eq!(said(&[13, 14, 26]).0, "3 runs compared: b lies within chance of the best, a");
        assert_eq!(said(&[13, 26, 26]).0, "3 runs compared: a leads b by 13 of 2,038 images");
        assert_eq!(said(&[13, 14]).0, "a leads b by 1 of 2,038 images, within chance");
    }

    #[test]
    fn on_different_data_the_title_says_what_came_out_on_each() {
        let title = |runs: Vec<Vec<ComparedRun>>| Comparison { runs: runs.concat(), study: None }.title(None);
        let [alone, two] = [on_data("f", &[1_019]), on_data("g", &[13, 31])];
        let outcomes = "idx: ag leads bg by 18 of 2,038 images; idx: af alone, 0.5000";
        assert_eq!(title(vec![alone.clone(), two.clone()]), outcomes, "a lead comes first");
        assert_eq!(title(vec![two, alone, on_data("h", &[0])]), format!("{outcomes}; 1 more data set"));
    }

    #[test]
    fn an_image_more_is_chance_and_many_more_are_not() {
        assert_eq!([(13, 14), (36, 45), (13, 31), (0, 0)].map(|(a, b)| is_chance(a, b)), [true, true, false, true]);
    }
}
