//! Burn's terminal interface (feature `tui`): our metrics in the form it wants.

use std::sync::Arc;

use burn::train::{
    metric::{
        Adaptor, Metric, MetricAttributes, MetricMetadata, MetricName, Numeric, NumericAttributes, NumericEntry,
        SerializedEntry,
    },
    renderer::tui::TuiMetricsRendererWrapper,
};
use metrics::{MetricSums, Metrics};
use model::AutodiffBackend;

use crate::{classifier::HostOutput, fit::learner::Training};

/// Shows the training in Burn's terminal interface; its stop key works like Ctrl-C.
pub fn show<B: AutodiffBackend>(training: Training<B>) -> Training<B> {
    let renderer = TuiMetricsRendererWrapper::new(training.interrupter(), None);
    training.renderer(renderer).metrics((Exact::new("Loss", false, loss), Exact::new("Accuracy", true, accuracy)))
}

fn loss(metrics: &Metrics) -> f64 {
    metrics.loss
}

fn accuracy(metrics: &Metrics) -> f64 {
    metrics.accuracy
}

/// A metric over the epoch so far, weighed by sample, as Burn's own are not.
#[derive(Clone)]
struct Exact {
    name: MetricName,
    higher_is_better: bool,
    of: fn(&Metrics) -> f64,
    epoch: MetricSums,
    batch: MetricSums,
}

impl Exact {
    fn new(name: &str, higher_is_better: bool, of: fn(&Metrics) -> f64) -> Self {
        let name = Arc::new(name.to_owned());
        Self { name, higher_is_better, of, epoch: MetricSums::default(), batch: MetricSums::default() }
    }

    fn aggregated(&self, tally: &MetricSums) -> NumericEntry {
        let count = tally.counts.total() as usize;
        NumericEntry::Aggregated { aggregated_value: (self.of)(&tally.metrics()), count }
    }
}

impl Metric for Exact {
    type Input = HostOutput;

    fn name(&self) -> MetricName {
        self.name.clone()
    }

    fn attributes(&self) -> MetricAttributes {
        NumericAttributes { unit: None, higher_is_better: self.higher_is_better }.into()
    }

    fn update(&mut self, scored: &HostOutput, _: &MetricMetadata) -> SerializedEntry {
        let (predictions, none) = (scored.predictions(), MetricSums::new(scored.outputs().max(2)));
        if self.epoch.counts.total() == 0 {
            self.epoch = none.clone();
        }
        self.batch = none;
        for sums in [&mut self.batch, &mut self.epoch] {
            sums.add(scored.loss, &predictions, &scored.labels);
        }
        let formatted = format!("epoch {:.4} - batch {:.4}", self.running_value().current(), self.value().current());
        SerializedEntry::new(formatted, self.value().serialize())
    }

    fn clear(&mut self) {
        self.epoch = MetricSums::default();
    }
}

impl Numeric for Exact {
    fn value(&self) -> NumericEntry {
        self.aggregated(&self.batch)
    }

    fn running_value(&self) -> NumericEntry {
        self.aggregated(&self.epoch)
    }
}

impl Adaptor<HostOutput> for HostOutput {
    fn adapt(&self) -> HostOutput {
        self.clone()
    }
}
