//! Which keys do something in a plan.

use super::{ModelKind, OptimizerKind, Plan, ScheduleKind, schedule::varies_momentum};

impl Plan {
    /// Whether a key does something beside its network, its optimizer and its schedule: another value of a key that does not trains the
    /// same parameters.
    #[must_use]
    pub fn uses(&self, key: &str) -> bool {
        let (model, optimizer) = (self.model.kind, self.optimizer.kind);
        let is_one_cycle = self.schedule.kind == ScheduleKind::OneCycle;
        match key {
            "model.hidden" => model == ModelKind::TwoLayer,
            "model.channels" => matches!(model, ModelKind::ResNet | ModelKind::SimpleCnn),
            "model.blocks" | "model.dropout" => model == ModelKind::ResNet,
            "optimizer.momentum" => optimizer == OptimizerKind::Sgd,
            // The schedule's momentums stand in its place.
            "optimizer.beta_1" => optimizer != OptimizerKind::Sgd && !is_one_cycle,
            "optimizer.beta_2" | "optimizer.epsilon" => optimizer != OptimizerKind::Sgd,
            "schedule.pct_start" | "schedule.div" | "schedule.div_final" => is_one_cycle,
            "schedule.momentums" => is_one_cycle && varies_momentum(self),
            _ => true,
        }
    }
}
