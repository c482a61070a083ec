//! Why accuracy is no loss.

use burn::data::dataloader::DataLoader as _;
use chapter::{
    accuracy::{Accuracy, always_three, over_batches},
    curve::linspace,
    metric_and_loss::{Nudged, Trial, nudge},
    sgd::{init_linear, linear, train_epoch},
    source,
};
use chart::{Axis, Block};
use data::{ImageBatch, Order};
use model::AutodiffBackend;

use super::{
    Tour,
    parts::{chart, code, line, loader},
};

/// So many that the flanks of accuracy's steps are upright in a picture.
const NUDGES: usize = 301;

pub(super) fn blocks<B: AutodiffBackend>(tour: &Tour<'_, B>) -> Vec<Block> {
    let Nudged { accuracy, loss } = nudged(tour);
    let Accuracy { by_sample, mean_of_batches } =
        over_batches(always_three, &loader::<B>(&tour.data.valid, Order::Sequential, tour.device));
    let axes = |name| [Axis::new("added to the weight"), Axis::new(name)];
    vec![
        Block::text(
            "Accuracy is what we want, and yet nothing can be trained by it. Take a linear model after an epoch, 256 images, and \
             nudge a single weight, the one of the pixel in the middle. Accuracy stays as it is until some image falls to the \
             other side, then it jumps. Nearly everywhere its gradient is 0, which tells the weight nothing. The loss moves \
             with every nudge.",
        ),
        Block::Beside(vec![
            Block::Lines(chart(
                "Accuracy changes in steps, with flat parts between them",
                axes("accuracy"),
                vec![line("accuracy", &accuracy)],
            )),
            Block::Lines(chart("The loss changes smoothly", axes("mnist_loss"), vec![line("loss", &loss)])),
        ]),
        code(&source::METRIC_AND_LOSS, &["nudge", "nudged"]),
        code(&source::LOSS, &["mnist_loss", "mnist_losses"]),
        Block::text(format!(
            "A metric is for people, and has to be computed rightly too. A predictor that says 3 to everything is right on \
             {by_sample:.6} of the validation images. The mean over batches of 256 says {mean_of_batches:.4}: in it the images of \
             a short last batch count more than others. The chapter's own loop takes such a mean; its Learner, and all \
             of this project, weigh by image.",
        )),
        code(&source::ACCURACY, &["is_right", "over_batches"]),
    ]
}

fn nudged<B: AutodiffBackend>(tour: &Tour<'_, B>) -> Nudged {
    let &Tour { plan, data, device, .. } = tour;
    let [height, width] = data.shape().sides();
    let mut parameters = init_linear::<B>(height * width, plan.seed, device);
    let batches = loader(&data.train, Order::Shuffled { seed: plan.seed }, device);
    train_epoch(linear, &mut parameters, &batches, 1.0);
    let ImageBatch { images, targets, .. } = batches.iter().next().expect("the data has images");
    let [weights, bias] = [parameters[0].clone(), parameters[1].clone()];
    let trial = Trial { weights, bias, images, targets };
    nudge(&trial, height / 2 * width + width / 2, &linspace(-3.0..=3.0, NUDGES))
}
