//! Going deeper: convolutions, residual blocks, and images that are changed a little.

use burn::data::dataloader::DataLoader as _;
use chapter::source;
use chart::{Block, Picture, Table};
use data::{Augmentation, ImageDataset, ImageLoader, Order};
use model::{AutodiffBackend, Network, ResNet};
use plan::{AugmentationPlan, BuiltIn, PlanError};
use report::curves;
use run::EpochRecord;

use super::{
    Tour, Train,
    learner::plan,
    parts::{code, picture},
};

/// How often one digit is shown changed.
const CHANGED: usize = 6;

/// The head of what was measured.
pub(super) const MEASURED: &str = "measured before";

/// What it comes to, by five seeds, beside the book's resnet18.
pub(super) fn measured() -> Table {
    let mut table = Table::new([MEASURED, "accuracy", "the book"], 1);
    table.add_row(["train resnet, 3 epochs, five seeds (the book: resnet18, 1 epoch)", "0.9990 to 0.9995", "0.997056"]);
    table
}

pub(super) fn blocks<B: AutodiffBackend, E: From<PlanError>>(
    tour: &Tour<'_, B>,
    train: Train<'_, E>,
) -> Result<Vec<Block>, E> {
    let plain = train(plan(tour.plan, BuiltIn::ResNet)?)?;
    let augmented = train(plan(tour.plan, BuiltIn::ResNetAugmented)?)?;
    Ok(vec![
        Block::text(
            "The simple net forgets that pixels have neighbours. A convolution slides small kernels over the image, and finds the \
             same stroke wherever it is. This net has a convolution as its stem and three residual blocks, each of which adds \
             what it finds to what it got. It is trained by AdamW, with a learning rate that rises and falls once. The book trains a \
             resnet18 for one epoch and prints an accuracy of 0.997056.",
        ),
        Block::Table(table(tour, &plain, &augmented)?),
        Block::text("The training on changed images, by epoch:"),
        Block::Beside(curves(&augmented, None).into_iter().map(Block::Lines).collect()),
        code(&source::RESNET, &["ResNet", "Residual", "forward"]),
        Block::text(
            "The second training sees each digit anew in every epoch: turned, moved and resized a little, by a random stream of \
             its own. So it cannot learn the images by heart. The same digit in some epochs:",
        ),
        Block::Pictures { alt: "The same 3, changed a little".into(), pictures: changed(tour)?, columns: 3 },
        code(&source::AUGMENTATION, &["Augmentation"]),
    ])
}

fn table<B: AutodiffBackend>(
    tour: &Tour<'_, B>,
    plain: &[EpochRecord],
    augmented: &[EpochRecord],
) -> Result<Table, PlanError> {
    let plan = plan(tour.plan, BuiltIn::ResNet)?;
    let network = ResNet::<B>::new(
        tour.data.shape(),
        plan.model.channels,
        &plan.model.blocks,
        tour.data.task().outputs(),
        plan.seed,
        tour.device,
    );
    let parameters = Network::ResNet(network).num_trained().to_string();
    let mut rows = Table::new(["training", "parameters", "epochs", "accuracy", "seconds", "images/s"], 1);
    for (name, epochs) in [("as they are", plain), ("changed a little", augmented)] {
        let accuracy = epochs.last().map_or(f64::NAN, |epoch| epoch.valid.accuracy);
        let seconds: f64 = epochs.iter().map(|epoch| epoch.seconds).sum();
        let speed = epochs.iter().map(|epoch| epoch.images_per_second).sum::<f64>() / epochs.len().max(1) as f64;
        let counts =
            [epochs.len().to_string(), format!("{accuracy:.4}"), format!("{seconds:.1}"), format!("{speed:.0}")];
        rows.add_row([name.to_owned(), parameters.clone()].into_iter().chain(counts));
    }
    Ok(rows)
}

fn changed<B: AutodiffBackend>(tour: &Tour<'_, B>) -> Result<Vec<Picture>, PlanError> {
    let plan = plan(tour.plan, BuiltIn::ResNetAugmented)?;
    let AugmentationPlan { degrees, translate, scale, .. } = plan.augmentation;
    let digits = ImageDataset::new(tour.data.train.clone());
    let loader = ImageLoader::<B::InnerBackend>::new(digits, 1, Order::Sequential, 0, tour.device.clone())
        .augmented(Augmentation { degrees, translate, scale, ..Augmentation::default() }, plan.seed);
    let in_epoch = |epoch: usize| {
        loader.set_epoch(epoch);
        let first = loader.iter().next().expect("the data has images").images;
        picture(first, tour.data.shape().sides(), &format!("epoch {}", epoch + 1))
    };
    Ok((0..CHANGED).map(in_epoch).collect())
}
