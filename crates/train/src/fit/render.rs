//! Which of Burn's renderers shows a run: none, as our observer does, or its terminal interface (feature `tui`).

use burn::train::{
    SupervisedTraining,
    metric::MetricDefinition,
    renderer::{
        EvaluationName, EvaluationProgress, MetricState, MetricsRenderer, MetricsRendererEvaluation,
        MetricsRendererTraining, ProgressType, TrainingProgress,
    },
};
use model::AutodiffBackend;

use crate::fit::strategy::Components;

/// Gives the training its renderer.
pub fn choose<B: AutodiffBackend>(
    training: SupervisedTraining<Components<B>>,
    tui: bool,
) -> SupervisedTraining<Components<B>> {
    match tui {
        #[cfg(feature = "tui")]
        true => super::tui::show(training),
        _ => training.renderer(Silent),
    }
}

/// Shows nothing.
struct Silent;

impl MetricsRendererTraining for Silent {
    fn update_train(&mut self, _: MetricState) {}
    fn update_valid(&mut self, _: MetricState) {}
    fn render_train(&mut self, _: TrainingProgress, _: Vec<ProgressType>) {}
    fn render_valid(&mut self, _: TrainingProgress, _: Vec<ProgressType>) {}
}

impl MetricsRendererEvaluation for Silent {
    fn update_test(&mut self, _: EvaluationName, _: MetricState) {}
    fn render_test(&mut self, _: EvaluationProgress, _: Vec<ProgressType>) {}
}

impl MetricsRenderer for Silent {
    fn manual_close(&mut self) {}
    fn register_metric(&mut self, _: MetricDefinition) {}
}
