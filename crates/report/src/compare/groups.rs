//! Runs that differ in their seeds alone: what the seed does to the accuracy, and whether two groups differ by more.

use chart::{Axis, Block, Section, Spread, Table};
use plan::{Plan, decides_result};
use search::{Mean, Welch, welch};
use toml::Value;

use super::{ComparedRun, is_same_data, labels::labels_of, tables::first_rows};
use crate::{few, grouped, left_out, small};

/// What a difference counts as more than noise at.
const LEVEL: f64 = 0.05;

/// Tests that are told in words, groups whose values are drawn, and these values.
const TOLD: usize = 10;
const SPREAD: usize = 20;
const DOTS: usize = 400;

/// Runs on the same data with the same plan, but for the seed.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// Their numbers in the comparison, from 0.
    pub runs: Vec<usize>,
    /// The accuracy of the best epoch for each seed; of runs with one seed the first counts.
    pub accuracies: Vec<f64>,
    /// Their mean with its 95 % confidence interval.
    pub mean: Mean,
}

/// Two groups with at least two seeds each, against each other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Test {
    /// Their numbers among the groups, from 0.
    pub groups: [usize; 2],
    /// Welch's t-test; none where no accuracy changes with the seed.
    pub welch: Option<Welch>,
}

/// The groups of some runs, in the order of their first runs.
pub struct Groups<'a> {
    runs: &'a [ComparedRun],
    pub all: Vec<Group>,
}

impl Group {
    /// The group of those of the runs; none without one.
    fn of(all: &[ComparedRun], runs: Vec<usize>) -> Option<Self> {
        let seed = |run: usize| all[run].plan.seed;
        let is_first = |(place, run): &(usize, &usize)| runs[..*place].iter().all(|other| seed(*other) != seed(**run));
        let firsts = runs.iter().enumerate().filter(is_first);
        let accuracies: Vec<f64> = firsts.map(|(_, run)| all[*run].best.metrics.accuracy).collect();
        let mean = Mean::of(&accuracies)?;
        Some(Self { runs, accuracies, mean })
    }
}

impl<'a> Groups<'a> {
    pub fn of(runs: &'a [ComparedRun]) -> Self {
        let mut groups: Vec<(_, Vec<usize>)> = Vec::new();
        for (index, run) in runs.iter().enumerate() {
            let point = point(run);
            match groups.iter_mut().find(|(of, _)| *of == point) {
                Some((_, runs)) => runs.push(index),
                None => groups.push((point, vec![index])),
            }
        }
        Self { runs, all: groups.into_iter().filter_map(|(_, of)| Group::of(runs, of)).collect() }
    }

    /// The same, the one with the highest mean first.
    pub(super) fn best_first(runs: &'a [ComparedRun]) -> Self {
        let mut groups = Self::of(runs);
        groups.all.sort_by(|a, b| b.mean.mean.total_cmp(&a.mean.mean));
        groups
    }

    /// Each two of the groups on the same data that have seeds enough.
    #[must_use]
    pub fn tests(&self) -> Vec<Test> {
        let groups = &self.all;
        let several: Vec<usize> = (0..groups.len()).filter(|index| groups[*index].accuracies.len() > 1).collect();
        let pairs = several.iter().enumerate().flat_map(|(place, b)| several[..place].iter().map(|a| [*a, *b]));
        let test =
            |[a, b]: [usize; 2]| Test { groups: [a, b], welch: welch(&groups[a].accuracies, &groups[b].accuracies) };
        pairs
            .filter(|[a, b]| self.first(&groups[*a]).fingerprint() == self.first(&groups[*b]).fingerprint())
            .map(test)
            .collect()
    }

    /// Whether the first of the groups, the best, may lead the second by noise.
    pub(super) fn is_first_by_noise(&self) -> bool {
        let tests = self.tests();
        let level = LEVEL / tests.len() as f64;
        tests.iter().any(|test| test.groups == [0, 1] && test.welch.is_some_and(|welch| welch.p >= level))
    }

    /// Means over seeds and the tests between groups; none where every run is alone with its plan.
    pub(super) fn section(&self, is_page: bool) -> Option<Section> {
        let groups = &self.all;
        if groups.iter().all(|group| group.accuracies.len() < 2) {
            return None;
        }
        let tests = self.tests();
        let names = self.labels();
        let verdicts = tests.iter().take(TOLD).map(|test| {
            let [a, b] = test.groups.map(|group| &self.runs[groups[group].runs[0]].plan);
            verdict(test, groups, &names, tests.len()) + &differing(a, b)
        });
        let untested = tests.is_empty().then(|| ONE_GROUP.to_owned());
        let more = (tests.len() > TOLD)
            .then(|| format!("`train compare --json` has the other {} comparisons.", grouped(tests.len() - TOLD)));
        let pictures = first_rows(self.table(), "groups", is_page).into_iter().chain(self.spreads());
        let blocks = pictures.chain(verdicts.chain(untested).chain(more).map(Block::Text));
        Some(Section::new("Over seeds", blocks))
    }

    fn table(&self) -> Table {
        let header = ["group", "seeds", "accuracy", "95 % interval"];
        let mut table = Table::new(header, 1).captioned("Runs that differ in nothing but their seed");
        for ((number, Group { accuracies, mean, .. }), name) in (1..).zip(&self.all).zip(self.labels()) {
            let seeds = accuracies.len().to_string();
            let width = mean.half_width.map_or_else(|| "-".into(), |width| format!("± {width:.4}"));
            table.add_row([name, seeds, format!("{:.4}", mean.mean), width]);
            table.items.push(number);
        }
        table
    }

    /// What sets each group apart from the others, in as many keys as it takes; where plans do not tell, its runs.
    pub(super) fn labels(&self) -> Vec<String> {
        let plans = self.all.iter().map(|group| &self.runs[group.runs[0]].plan);
        let key = |run: &usize| self.runs[*run].key.as_str();
        let of_runs = |group: &Group| group.runs.iter().map(key).collect::<Vec<_>>().join(", ");
        let Some(names) = labels_of(plans, |key| key != "seed", usize::MAX) else {
            return self.all.iter().map(of_runs).collect();
        };
        if is_same_data(self.runs) {
            return names;
        }
        names.iter().zip(&self.all).map(|(name, group)| format!("{name}, {}", self.first(group).data_name())).collect()
    }

    fn first(&self, group: &Group) -> &'a ComparedRun {
        &self.runs[group.runs[0]]
    }

    /// The accuracy of each seed, with mean and interval: of each data by itself.
    fn spreads(&self) -> Vec<Block> {
        let mut spreads: Vec<(Option<&String>, Spread)> = Vec::new();
        let all: Vec<((usize, &Group), String)> = (1..).zip(&self.all).zip(self.labels()).collect();
        let shown = few(&all, SPREAD);
        let most = DOTS / shown.len();
        let of_all = left_out(shown.len(), all.len(), "groups");
        let values = |group: &Group| few(&group.accuracies, most);
        let of_each = left_out(
            shown.iter().map(|((_, group), _)| values(group).len()).sum(),
            shown.iter().map(|((_, group), _)| group.accuracies.len()).sum(),
            "seeds of these groups",
        );
        for ((number, group), name) in shown {
            let values = values(group);
            let row = chart::Group {
                name,
                items: vec![number; values.len()],
                values,
                mean: Some(group.mean.mean),
                half_width: group.mean.half_width,
                ..chart::Group::default()
            };
            let data = self.first(group).fingerprint();
            match spreads.iter_mut().find(|(of, _)| *of == data) {
                Some((_, spread)) => spread.groups.push(row),
                None => {
                    let axis = Axis::new("accuracy of the best epoch");
                    spreads.push((data, Spread { axis, groups: vec![row], ..Spread::default() }));
                }
            }
        }
        let told = |(_, spread): (_, Spread)| {
            let alt = format!("Accuracy of each seed of {} groups, with mean and 95 % interval", spread.groups.len());
            Block::Spread(Spread { alt, ..spread })
        };
        spreads.into_iter().map(told).chain([of_all, of_each].into_iter().flatten().map(Block::Text)).collect()
    }
}

/// Where there is nothing to test.
const ONE_GROUP: &str = "Whether a difference between two plans is more than noise can be said where each has been \
    trained with at least two seeds.";

fn point(run: &ComparedRun) -> (Vec<(&'static str, Value)>, Option<&String>) {
    let mut entries = run.plan.entries();
    // Without a fingerprint only the plan says what the data was.
    entries.retain(|(key, _)| is_of_the_point(key) || run.data.is_none() && key.starts_with("data."));
    (entries, run.fingerprint())
}

/// Whether the runs of a group are alike in this key: all that decides a result, but for the seed.
fn is_of_the_point(key: &str) -> bool {
    key != "seed" && decides_result(key)
}

/// The keys that decide a result and in which two plans differ, where it is more than one: none of them is known to be why.
fn differing(a: &Plan, b: &Plan) -> String {
    let keys = super::differences([a, b].into_iter()).into_iter().map(|(key, _)| key);
    let keys: Vec<&str> = keys.filter(|key| is_of_the_point(key)).collect();
    match &keys[..] {
        [] | [_] => String::new(),
        several => format!(" They differ in {}: which of these it comes from is not known.", several.join(", ")),
    }
}

/// Whether two groups differ by more than noise, in words; the level is shared by all tests made (Bonferroni).
fn verdict(Test { groups: [a, b], welch }: &Test, groups: &[Group], names: &[String], tests: usize) -> String {
    let difference = groups[*a].mean.mean - groups[*b].mean.mean;
    let less = format!("{} less {}: {difference:+.4}", names[*a], names[*b]);
    let Some(test) = welch else {
        return format!("{less}. No test can judge it: neither accuracy changes with the seed.");
    };
    let level = LEVEL / tests as f64;
    let is = if test.p < level { "more than noise" } else { "not more than noise" };
    let shared = if tests > 1 { format!(", {LEVEL} over {tests} comparisons") } else { String::new() };
    format!(
        "{less}, {is}. Between plans that are equally good, a difference as large comes up in {} of such comparisons \
         (Welch's t-test, p = {}, judged at {}{shared}).",
        percent(test.p),
        small(test.p),
        (1e4 * level).round() / 1e4,
    )
}

fn percent(p: f64) -> String {
    match p {
        0.01.. => format!("{:.0} %", 100.0 * p),
        0.0001.. => format!("{:.2} %", 100.0 * p),
        _ => "less than 0.01 %".into(),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use metrics::Metrics;
    use plan::{BuiltIn, Config, Setting};
    use run::{best::Best, record::DataRecord};

    pub fn run(settings: &[&str], accuracy: f64) -> ComparedRun {
        let settings: Vec<Setting> = settings.iter().map(|text| Setting::parse(text).unwrap()).collect();
        let plan = Plan::resolve(&Config::BuiltIn(BuiltIn::Base), &settings).unwrap();
        let metrics = Metrics { loss: 0.1, accuracy, ..Metrics::default() };
        let best = Best { epoch: 1, step: 1, value: 0.1, metrics };
        ComparedRun {
            path: "x".into(),
            name: "x".into(),
            key: String::new(),
            label: "x".into(),
            trial: None,
            plan,
            data: None,
            epochs: vec![],
            seconds: 0.0,
            best,
            confusion: None,
        }
    }

    pub fn data() -> DataRecord {
        DataRecord {
            source: "idx".into(),
            name: None,
            notes: vec![],
            fingerprint: "f".into(),
            classes: vec![],
            train: 1,
            valid: 1,
            test: None,
            skipped: vec![],
        }
    }

    fn runs(groups: &[(&str, &[f64])]) -> Vec<ComparedRun> {
        let seeds = |(setting, accuracies): &(&str, &[f64])| -> Vec<ComparedRun> {
            let seeded = (0..).zip(accuracies.iter());
            seeded.map(|(seed, accuracy)| run(&[setting, &format!("seed={seed}")], *accuracy)).collect()
        };
        groups.iter().flat_map(seeds).collect()
    }

    fn text(runs: &[ComparedRun]) -> Vec<String> {
        let blocks = Groups::of(runs).section(false).unwrap().blocks.into_iter();
        blocks.filter_map(|block| if let Block::Text(text) = block { Some(text) } else { None }).collect()
    }

    #[test]
    fn runs_that_differ_in_seed_name_and_root_are_one_group_and_a_seed_counts_once() {
        let runs = vec![
            run(&["seed=1", "name=a"], 0.9),
            run(&["seed=2", "runs=b"], 0.8),
            run(&["model.hidden=9"], 0.7),
            run(&["seed=2", "training.log_steps=true"], 0.1),
        ];
        let groups = Groups::of(&runs).all;
        assert_eq!(groups.iter().map(|group| &group.runs[..]).collect::<Vec<_>>(), [&[0, 1, 3][..], &[2]]);
        assert_eq!(groups[0].accuracies, [0.9, 0.8]);
    }

    #[test]
    fn what_decides_no_result_makes_no_group_and_another_length_does() {
        let on_data = |setting: &str| ComparedRun { data: Some(data()), ..run(&[setting], 0.9) };
        for same in ["threads=1", "device=1", "checkpoint.keep_last=9", "data.workers=0", "data.cache=x"] {
            let runs = vec![on_data("seed=0"), on_data(same)];
            assert_eq!(Groups::of(&runs).all.len(), 1, "{same}");
        }
        for other in ["training.epochs=9", "backend=flex", "training.batch_size=9"] {
            let runs = vec![on_data("seed=0"), on_data(other)];
            assert_eq!(Groups::of(&runs).all.len(), 2, "{other}");
        }
    }

    #[test]
    fn other_data_is_another_group() {
        let other = ComparedRun { data: Some(data()), ..run(&["seed=1"], 0.9) };
        assert_eq!(Groups::of(&[run(&[], 0.9), other]).all.len(), 2);
        let mut seeded = runs(&[("seed=0", &[0.9, 0.8]), ("model.hidden=9", &[0.7, 0.6])]);
        assert_eq!(Groups::of(&seeded).tests().len(), 1);
        seeded[2..].iter_mut().for_each(|run| run.data = Some(data()));
        let groups = Groups::of(&seeded);
        assert_eq!(groups.tests(), [], "accuracies of other images are no test of a plan");
        assert_eq!((groups.spreads().len(), &groups.labels()[1][..]), (2, "hidden=9, idx"));
    }

    #[test]
    fn a_group_is_named_by_all_keys_that_it_takes_or_by_its_runs() {
        let changed =
            ["seed=0", "model.hidden=9", "training.epochs=9", "training.batch_size=9", "optimizer.momentum=0.5"];
        let labels = Groups::of(&changed.map(|setting| run(&[setting], 0.9))).labels();
        assert_eq!(labels.iter().map(|label| label.matches('=').count()).collect::<Vec<_>>(), [4; 5], "{labels:?}");
        assert!(labels[1].contains("hidden=9") && !labels[0].contains("hidden=9"), "{labels:?}");
        let of_data = |key: &str, fingerprint: &str, seed: &str| ComparedRun {
            data: Some(DataRecord { fingerprint: fingerprint.into(), ..data() }),
            key: key.into(),
            ..run(&[seed], 0.9)
        };
        let runs = [of_data("A", "f", "seed=0"), of_data("B", "g", "seed=0"), of_data("C", "f", "seed=1")];
        assert_eq!(Groups::of(&runs).labels(), ["A, C", "B"]);
    }

    #[test]
    fn without_a_second_seed_there_is_nothing_to_say() {
        assert_eq!(Groups::of(&runs(&[("seed=0", &[0.9]), ("model.hidden=9", &[0.8])])).section(false), None);
    }

    /// The p-values are those of `scipy.stats.ttest_ind(.., equal_var=False)`.
    #[test]
    fn a_large_difference_is_more_than_noise_and_a_small_one_is_not() {
        let linear: (&str, &[f64]) = ("model.hidden=1", &[0.9823, 0.9828, 0.9823, 0.9833, 0.9818]);
        let net: (&str, &[f64]) = ("model.hidden=2", &[0.9975, 0.9990, 0.9981]);
        let expected = "hidden=1 less hidden=2: -0.0157, more than noise. Between plans that are equally good, a difference \
            as large comes up in less than 0.01 % of such comparisons (Welch's t-test, p = 2.7e-5, judged at 0.05).";
        assert_eq!(text(&runs(&[linear, net])), [expected]);
        let near: (&str, &[f64]) = ("model.hidden=3", &[0.9826, 0.9831, 0.9822]);
        let texts = text(&runs(&[linear, near, net]));
        let led_by_noise = |groups: &[(&str, &[f64])]| Groups::best_first(&runs(groups)).is_first_by_noise();
        assert_eq!([&[linear, net][..], &[linear, near]].map(led_by_noise), [false, true]);
        assert!(texts[0].starts_with("hidden=1 less hidden=3: -0.0001, not more than noise."), "{texts:?}");
        assert!(texts.len() == 3 && texts[2].contains("judged at 0.0167, 0.05 over 3 comparisons"), "{texts:?}");
    }

    #[test]
    fn accuracies_that_no_seed_changes_are_told_and_not_tested() {
        let texts = text(&runs(&[("model.hidden=1", &[0.5, 0.5]), ("model.hidden=2", &[0.75, 0.75])]));
        assert!(texts[0].starts_with("hidden=1 less hidden=2: -0.2500. No test can judge it"), "{texts:?}");
    }
}
