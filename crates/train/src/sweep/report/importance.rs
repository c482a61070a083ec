//! How much each key matters.

use chart::{Bar, Bars, Block, Section};
use search::{Importance, Observation, importance};

use super::Seen;

impl Seen<'_> {
    /// None where there are too few trials to tell.
    pub(super) fn importance(&self) -> Option<Section> {
        let observe = |(status, value): &(&crate::sweep::Status, f64)| Observation {
            point: status.kept.point(),
            value: Some(*value),
        };
        let keys = importance(&self.valued.iter().map(observe).collect::<Vec<_>>());
        if keys.is_empty() {
            return None;
        }
        let shares: Vec<String> = keys.iter().map(|key| format!("{} {:.0} %", key.key, 100.0 * key.share)).collect();
        let chart = Bars { alt: format!("Importance: {}", shares.join(", ")), bars: keys.iter().map(bar).collect() };
        let metric = self.study.metric;
        let method = format!(
            "How much of the variance of {metric} each key explains alone: the correlation ratio of the trials grouped \
             by the key's value, corrected for chance (epsilon squared). What keys do only together is not seen, and a search that \
             favours good points shows less than there is."
        );
        let without = self.trials.iter().filter(|status| status.value.is_none_or(|value| !value.is_finite())).count();
        let left_out =
            (without > 0).then(|| format!("{without} trials without a value, such as failed ones, are left out."));
        let notes = [method].into_iter().chain(left_out).map(Block::Text);
        Some(Section::new("Importance of the keys", [Block::Bars(chart)].into_iter().chain(notes)))
    }
}

fn bar(Importance { key, share, trials }: &Importance) -> Bar {
    Bar { name: key.clone(), amount: *share, label: format!("{:.0} % ({trials} trials)", 100.0 * share) }
}
