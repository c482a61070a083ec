//! Batches of a split as the plan says.

use std::sync::Arc;

use data::{Augmentation, DigitDataset, DigitLoader, Digits, Order};
use model::Backend;
use plan::{AugmentationPlan, Plan};

/// Batches of a split in the plan's order for each epoch, changed as the plan says.
pub fn training_loader<B: Backend>(plan: &Plan, digits: &Arc<Digits>, device: &B::Device) -> DigitLoader<B> {
    let AugmentationPlan { degrees, translate, scale } = plan.augmentation;
    let limits = Augmentation { degrees, translate, scale };
    loader(plan, digits, Order::Shuffled { seed: plan.seed }, device).augmented(limits, plan.seed)
}

/// Batches of a split in its own order, as it is.
pub fn evaluation_loader<B: Backend>(plan: &Plan, digits: &Arc<Digits>, device: &B::Device) -> DigitLoader<B> {
    loader(plan, digits, Order::Sequential, device)
}

fn loader<B: Backend>(plan: &Plan, digits: &Arc<Digits>, order: Order, device: &B::Device) -> DigitLoader<B> {
    let dataset = DigitDataset::new(digits.clone());
    DigitLoader::new(dataset, plan.training.batch_size, order, plan.data.workers, device.clone())
}
