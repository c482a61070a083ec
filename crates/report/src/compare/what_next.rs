//! What is to be typed to know more.

use chart::{Block, Section};
use run::folder;

use super::{ComparedRun, Comparison, DATA_SETS, Lengths};

impl Comparison {
    /// What is to be typed to know more.
    pub(super) fn what_next(&self) -> Section {
        let run = |run: &ComparedRun| files::quoted(&run.path);
        let config = |run: &ComparedRun| files::quoted(&folder::config_path(&run.path));
        let sets = self.data_sets();
        let sets = &sets[..sets.len().min(DATA_SETS)];
        let leaders = sets.iter().map(|set| set[0]);
        let evaluate: String = leaders.clone().map(|one| format!("train evaluate {} --charts\n", run(one))).collect();
        let names: Vec<String> = leaders.map(|run| self.called(run)).collect();
        let first = if sets.len() > 1 { ", the first of each data" } else { "" };
        let lengths: Vec<Lengths<'_>> = sets.iter().filter_map(|set| self.lengths(set)).collect();
        let longer: String = lengths.iter().map(Lengths::command).collect();
        let longer_caption = lengths.iter().map(|Lengths { shorter, longer }| {
            format!("train {} for {} epochs, as {} was", self.called(shorter), longer.done(), self.called(longer))
        });
        let evaluated = format!("evaluate {}{first}", names.join(" and "));
        // The first two whose accuracies are of the same images.
        let pair = sets.iter().find_map(|set| set.get(..2)).unwrap_or_default();
        // A trial's config has the name of its study, which the new run is no part of.
        let name = |one: &ComparedRun| Some(format!("{}-{}", one.plan.name, one.trial.as_ref()?.number));
        let again = pair.iter().map(|one| {
            let length = lengths.iter().find(|lengths| lengths.shorter.path == one.path);
            let length = length.map_or_else(String::new, Lengths::setting);
            let name = name(one)
                .map_or_else(String::new, |name| format!(" --set {}", files::for_shell(&format!("name={name}"))));
            format!("train {}{length} --set seed={}{name}\n", config(one), one.plan.seed + 1)
        });
        let beside: Vec<String> = pair
            .iter()
            .filter_map(|one| Some(format!(" {} {}/*", run(one), files::quoted(&one.plan.runs.join(name(one)?)))))
            .collect();
        let beside = if beside.is_empty() { String::new() } else { format!("train compare{}\n", beside.concat()) };
        let lines = longer + &evaluate + &again.collect::<String>() + &beside;
        let again = match pair {
            [one, other] => {
                let (one, other) = (self.called(one), self.called(other));
                Some(format!("train {one} and {other} again with another seed, which tells what the seed does"))
            }
            _ => None,
        };
        let caption = longer_caption.chain([evaluated]).chain(again).collect::<Vec<_>>().join("; ");
        let caption = caption[..1].to_uppercase() + &caption[1..];
        Section::new("What next", [Block::Code { caption, lines }])
    }
}
