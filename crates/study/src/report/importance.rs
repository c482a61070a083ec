//! How much each key matters.

use chart::{Bar, Bars, Block, Section};
use report::grouped;
use search::{Importance, Observation, importance};

use super::StudyView;
use crate::{Status, status::State};

/// The importance of the keys, and of which trials.
pub(super) struct Importances {
    /// The keys, the highest first.
    keys: Vec<Importance>,
    /// How many trials are compared.
    trials: usize,
    /// After how many epochs; none where all of them are finished.
    epochs: Option<usize>,
    /// How many trials there are that are not.
    left_out: usize,
}

/// None where nothing can be said; one key has nothing to be held against.
pub(super) fn section(view: &StudyView<'_>, found: &Importances) -> Option<Section> {
    if view.study.space.parameters().len() < 2 {
        return None;
    }
    let known: Vec<&Importance> = found.keys.iter().filter(|it| it.share.is_some()).collect();
    let first = known.first()?;
    let shares: Vec<String> =
        known.iter().map(|it| format!("{} {}", it.key, percent(it.share.unwrap_or_default()))).collect();
    let chart = Bars {
        alt: format!("Importance: {}", shares.join(", ")),
        bars: known.iter().map(|it| bar(it)).collect(),
        whole: 1.0,
        ..Bars::default()
    };
    let metric = view.study.metric;
    let method = format!(
        "How much of the variance of {metric} over what is searched hangs on each key: what it does alone, and together with other \
         keys, so that the bars may sum to more than all (functional analysis of variance by a random forest, Hutter et al. 2014; \
         the tenth of the trials at either end counts as its nearest). In so few trials a key that does nothing would come to {}.",
        percent(first.chance)
    );
    let nothing = (first.share == Some(0.0)).then(|| "The trials do not differ: no key has done anything.".to_owned());
    let notes = nothing.into_iter().chain(found.unsaid()).chain([method, found.compared()]).map(Block::Text);
    Some(Section::new("Importance of the keys", [Block::Bars(chart)].into_iter().chain(notes)))
}

/// Of the trials that can be compared: the finished ones where they are two thirds, else all that have come to as many
/// epochs as two thirds have, by the best of these.
pub(super) fn importances(view: &StudyView<'_>) -> Importances {
    let reached = |status: &Status| if status.state == State::Finished { usize::MAX } else { status.epochs() };
    let mut all: Vec<usize> = view.valued.iter().map(|(status, _)| reached(status)).collect();
    all.sort_unstable();
    let epochs = all.get(all.len() / 3).copied().unwrap_or(usize::MAX);
    let compared: Vec<_> = view.valued.iter().filter(|(status, _)| reached(status) >= epochs).collect();
    let observe = |(status, value): &&(&Status, f64)| Observation {
        point: status.trial.point(),
        value: if epochs == usize::MAX { Some(*value) } else { best_of_first(view, epochs, status) },
    };
    let keys = importance(&view.study.space, &compared.iter().map(observe).collect::<Vec<_>>());
    let (trials, left_out) = (compared.len(), view.trials.len() - compared.len());
    Importances { keys, trials, epochs: Some(epochs).filter(|epochs| *epochs != usize::MAX), left_out }
}

fn best_of_first(view: &StudyView<'_>, epochs: usize, status: &Status) -> Option<f64> {
    let goal = view.study.goal;
    let values = view.study.metric.by_epoch(&status.run).into_iter().take(epochs);
    values.min_by(|a, b| goal.loss(*a).total_cmp(&goal.loss(*b)))
}

impl Importances {
    /// The keys of which something can be said, those that matter most first.
    pub(super) fn order(&self) -> Vec<&str> {
        self.keys.iter().filter(|it| it.share.is_some()).map(|it| it.key.as_str()).collect()
    }

    /// The key that matters most, and how much; none where none does more than chance.
    pub(super) fn first(&self) -> Option<(&str, String)> {
        let first = self.keys.first().filter(|it| self.keys.len() > 1 && it.is_more_than_chance())?;
        let after = match self.epochs {
            Some(1) => ", after an epoch".into(),
            Some(epochs) => format!(", after {epochs} epochs"),
            None => String::new(),
        };
        Some((&first.key, format!("{} of the variance{after}", percent(first.share?))))
    }

    /// Whether a key has come to no more than chance.
    pub(super) fn is_idle(&self, key: &str) -> bool {
        self.keys.iter().any(|it| it.key == key && it.share.is_some() && !it.is_more_than_chance())
    }

    /// For which keys there are too few trials; none where all have enough.
    fn unsaid(&self) -> Option<String> {
        let unsaid = self.keys.iter().filter(|it| it.share.is_none());
        let unsaid: Vec<String> = unsaid.map(|it| format!("{} ({})", it.key, it.trials)).collect();
        (!unsaid.is_empty()).then(|| format!("Too few trials, or values, to say for: {}.", unsaid.join(", ")))
    }

    fn compared(&self) -> String {
        let trials = match self.epochs {
            Some(1) => format!("Compared are {} trials by their first epoch", grouped(self.trials)),
            Some(epochs) => {
                format!("Compared are {} trials by their best in the first {epochs} epochs", grouped(self.trials))
            }
            None => format!("Compared are {} finished trials", grouped(self.trials)),
        };
        match self.left_out {
            0 => format!("{trials}."),
            left_out => format!("{trials}; {left_out} others are left out."),
        }
    }

    /// The same in a line: which keys put the trials in their order, and of which nothing can be said; none where that is all.
    pub(super) fn line(&self) -> Option<String> {
        let (known, unknown): (Vec<&Importance>, Vec<&Importance>) =
            self.keys.iter().partition(|it| it.share.is_some());
        let said = |it: &&Importance| format!("{} {}", it.key, percent(it.share.unwrap_or_default()));
        let shares: Vec<String> = known.iter().map(said).collect();
        let chance = known.first().map_or_else(String::new, |it| format!("; by chance {}", percent(it.chance)));
        let keys: Vec<&str> = unknown.iter().map(|it| it.key.as_str()).collect();
        let unknown =
            if keys.is_empty() { String::new() } else { format!("; too few trials to say for {}", keys.join(", ")) };
        let said = format!("importance, alone and together with other keys: {}{chance}{unknown}", shares.join(", "));
        let line = match self.epochs {
            Some(1) => format!("{said} ({} trials, by their first epoch)", self.trials),
            Some(epochs) => format!("{said} ({} trials, by their best in the first {epochs} epochs)", self.trials),
            None => format!("{said} ({} finished trials)", self.trials),
        };
        (!shares.is_empty()).then_some(line)
    }
}

fn bar(it: &Importance) -> Bar {
    let share = it.share.unwrap_or_default();
    let of =
        if it.is_more_than_chance() { format!("{} alone", percent(it.alone)) } else { "no more than chance".into() };
    Bar {
        name: it.key.clone(),
        amount: share,
        label: format!("{} ({of}; {} trials)", percent(share), grouped(it.trials)),
    }
}

fn percent(share: f64) -> String {
    format!("{:.0} %", 100.0 * share)
}
