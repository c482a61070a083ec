//! All ten digits: what changes, and how far the chapter's ways lead.

use burn::{
    data::dataloader::DataLoader as _,
    module::AutodiffModule as _,
    tensor::{ElementConversion as _, Tensor, backend::Backend},
};
use chapter::{learner::print_to, similarity, source};
use chart::{Block, Picture, Table};
use data::{DataSet, ImageBatch, Order, Split};
use metrics::{Counts, Evaluation, Scores};
use model::{AutodiffBackend, Distance, LinearBaseline, Network, PixelSimilarity, loss};
use plan::{BuiltIn, PlanError};
use report::{Evaluated, fraction};

use super::{
    GET_MNIST, Tour,
    learner::{learner, plan},
    parts::{code, loader, picture},
};

/// Epochs of the linear model: they take seconds and lead most of the way.
const EPOCHS: usize = 5;

/// Accuracies on the 10,000 validation images after whole trainings, by three seeds, and the same in PyTorch.
const MEASURED: [[&str; 3]; 6] = [
    ["nearest of ten mean images, L1 and L2", "0.6685, 0.8203", "0.6685, 0.8203"],
    ["train mnist-linear, 20 epochs", "0.9236 to 0.9244", "0.9235"],
    ["train mnist-two-layer, 100 hidden units, 40 epochs", "0.9783 to 0.9792", "0.9787"],
    ["train mnist-simple-cnn, the net of the book's chapter 13, 5 epochs", "0.9920 to 0.9922", "0.9916 to 0.9924"],
    ["train mnist, the residual net, 3 epochs", "0.9937 to 0.9944", "0.9930"],
    ["train mnist-augmented, on changed images, 5 epochs", "0.9950 to 0.9961", "0.9961"],
];

pub(super) fn blocks<B: AutodiffBackend>(tour: &Tour<'_, B>) -> Result<Vec<Block>, PlanError> {
    let mut blocks = vec![
        Block::text(
            "The chapter ends with an exercise: all of it again, on the whole of MNIST. That is 60,000 images of the digits 0 to 9 \
             to learn from, and 10,000 to be judged by; the 3s and 7s to learn from are those of the chapter. One number can no \
             longer say which digit it is, so there is one for each. This is what changes:",
        ),
        Block::Table(changes()),
        code(&source::TASK, &["targets", "probabilities", "predictions"]),
        Block::text(
            "The softmax makes probabilities that add up to 1 of any ten numbers. It is the sigmoid for more than two: of two \
             logits it gives the sigmoid of their difference. The loss looks at the probability p of the right digit alone. \
             `mnist_loss` is 1 - p; with ten digits most of them begin with a p near 0.1, and where p is small its slope is small \
             too. Cross-entropy, -log p, is steep just there.",
        ),
        code(&source::LOSS, &["distance_to_one", "cross_entropy"]),
    ];
    match tour.mnist {
        Some(data) => blocks.extend(computed(tour, data)?),
        None => blocks.push(Block::text(format!(
            "What follows was measured before. With all of MNIST in the cache ({GET_MNIST}) this section also computes the ten mean \
             digits, what they are taken for, and a linear model that learns them."
        ))),
    }
    blocks.push(Block::text("How far whole trainings get, each by a command, and the same in PyTorch:"));
    blocks.push(Block::Table(measured()));
    Ok(blocks)
}

fn changes() -> Table {
    let mut rows = Table::new(["", "a 3 or a 7", "ten digits"], usize::MAX);
    for row in [
        ["baseline", "the nearer of two means", "the nearest of ten"],
        ["a model gives", "one logit", "ten logits"],
        ["target", "1 or 0", "a 1 in the place of the digit, nine 0s"],
        ["probability", "sigmoid", "softmax"],
        ["loss", "mnist_loss, 1 - p", "cross-entropy, -log p"],
        ["prediction", "3 where the logit is above 0", "the digit of the largest logit"],
        ["a guess is right", "half of the time", "a tenth of the time"],
    ] {
        rows.add_row(row);
    }
    rows
}

fn measured() -> Table {
    let mut rows = Table::new(["validation accuracy", "here", "PyTorch"], 1);
    MEASURED.into_iter().for_each(|row| rows.add_row(row));
    rows
}

/// What the data itself shows.
fn computed<B: AutodiffBackend>(tour: &Tour<'_, B>, data: &DataSet) -> Result<Vec<Block>, PlanError> {
    let means = similarity::fit::<B::InnerBackend>(data, tour.device);
    let by_distance = [Distance::L1, Distance::L2].map(|distance| {
        let logits = similarity::logits(&means, &data.valid, distance, tour.device);
        counts(data, &data.task().predict(&logits))
    });
    let (scores, printed) = linear(tour, data)?;
    let of_linear = &scores.evaluation.sums.counts;
    let [l1, l2, learned] =
        [&by_distance[0], &by_distance[1], of_linear].map(|counts| fraction(Some(counts.accuracy())));
    let mut blocks = vec![
        Block::text(format!(
            "The mean image of each digit. By the nearest of them, L1 is right on {l1} of the validation images and L2 on {l2}, \
             where with a 3 or a 7 both were above 0.95.",
        )),
        Block::Pictures {
            alt: format!("The mean images of {} digits", data.task().classes().len()),
            pictures: pictures(&means, data),
            columns: 5,
        },
        Block::text(format!(
            "And a model that learns: one linear layer, ten sums of weighted pixels, in the Learner from scratch. Its loss is another \
             one and the model has ten outputs, the loop is the same. After {EPOCHS} epochs it is right on {learned}.",
        )),
        Block::Code { caption: format!("what the callback printed of {EPOCHS} epochs"), lines: printed },
        Block::text("By digit, how many are recognised:"),
        Block::Table(by_digit(data, &by_distance, of_linear)),
    ];
    let plan = plan(tour.plan, BuiltIn::MnistLinear)?;
    let evaluated = Evaluated::new(&plan, data, Split::Valid, scores, BuiltIn::Mnist.name().into());
    blocks.push(Block::text("What the linear model takes them for:"));
    blocks.extend(evaluated.confusion().blocks);
    blocks.extend(evaluated.confused().into_iter().flat_map(|confused| confused.blocks));
    if let Some(weights) = evaluated.pixel_weights() {
        blocks.push(Block::text(
            "Its weights in the place of their pixels: positive ones speak for the digit, negative ones against it.",
        ));
        blocks.extend(weights.blocks);
    }
    Ok(blocks)
}

fn counts(data: &DataSet, predictions: &[u16]) -> Counts {
    Counts::of(data.task().classes().len(), predictions, data.valid.labels())
}

fn pictures<B: Backend>(means: &PixelSimilarity<B>, data: &DataSet) -> Vec<Picture> {
    let sides = data.shape().sides();
    let classes = data.task().classes().iter().enumerate();
    classes.map(|(label, class)| picture(means.mean(label), sides, &format!("mean {class}"))).collect()
}

/// Trains the linear model; returns its scores on the validation images, and what was printed.
fn linear<B: AutodiffBackend>(tour: &Tour<'_, B>, data: &DataSet) -> Result<(Scores, String), PlanError> {
    let plan = plan(tour.plan, BuiltIn::MnistLinear)?;
    let mut printed = String::new();
    let sizes = [data.shape().len(), data.task().outputs()];
    let model = Network::Linear(LinearBaseline::<B>::new(sizes, plan.seed, tour.device));
    let mut learner = learner(data, &plan, model, loss::cross_entropy, tour.device);
    learner.callbacks.push(print_to(&mut printed));
    learner.fit(EPOCHS);
    let model = learner.model.valid();
    drop(learner);
    Ok((scores(&model, data, tour.device), printed))
}

fn scores<B: model::Backend>(model: &Network<B>, data: &DataSet, device: &B::Device) -> Scores {
    let mut evaluation = Evaluation::new(data.task());
    for ImageBatch { images, targets, labels, .. } in loader::<B>(&data.valid, Order::Sequential, device).iter() {
        let logits = model.forward(images);
        let loss = loss::cross_entropy(logits.clone(), targets).mean().into_scalar().elem();
        evaluation.add(loss, &values(logits), &labels);
    }
    let weights = model.pixel_weights().map_or_else(Vec::new, |weights| values(weights.transpose()));
    let weights = weights.chunks_exact(data.shape().len()).map(<[f32]>::to_vec).collect();
    Scores { evaluation, losses: Vec::new(), weights }
}

fn values<B: Backend>(tensor: Tensor<B, 2>) -> Vec<f32> {
    tensor.into_data().convert::<f32>().iter::<f32>().collect()
}

fn by_digit(data: &DataSet, [l1, l2]: &[Counts; 2], linear: &Counts) -> Table {
    let mut rows = Table::new(["digit", "to learn from", "to be judged by", "L1", "L2", "linear model"], 1);
    let [l1, l2, linear] = [l1, l2, linear].map(Counts::by_class);
    for (label, class) in data.task().labels().zip(data.task().classes()) {
        let images = [&data.train, &data.valid].map(|images| images.count(label).to_string());
        let recalls = [&l1, &l2, &linear].map(|by_class| fraction(by_class[usize::from(label)].recall()));
        rows.add_row([class.clone()].into_iter().chain(images).chain(recalls));
    }
    rows
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use burn::backend::Autodiff;
    use burn_flex::Flex;
    use data::Images;
    use plan::{Config, Plan};
    use task::{Shape, Task};

    use super::*;

    /// Ten classes of 4 x 4 images: in each another pixel is bright.
    fn ten_classes() -> DataSet {
        let task = Arc::new(Task::new((0..10).map(|digit: u8| digit.to_string())).unwrap());
        let images = |of_class: usize| {
            let labels: Vec<u16> = (0..10).flat_map(|label| vec![label; of_class]).collect();
            let image = |label: &u16| (0..16).map(|pixel| if pixel == *label { 255 } else { 0 }).collect::<Vec<u8>>();
            let pixels: Vec<u8> = labels.iter().flat_map(image).collect();
            Arc::new(Images::new(&task, Shape::grey([4, 4]), pixels.into(), labels))
        };
        DataSet::in_memory("idx", images(30), images(4))
    }

    fn section(mnist: Option<&DataSet>) -> Vec<Block> {
        let (plan, data) = (Plan::resolve(&Config::default(), &[]).unwrap(), ten_classes());
        blocks(&Tour::<Autodiff<Flex>> { plan: &plan, data: &data, mnist, device: &Default::default() }).unwrap()
    }

    fn texts(blocks: &[Block]) -> String {
        blocks.iter().filter_map(|block| if let Block::Text(text) = block { Some(&text[..]) } else { None }).collect()
    }

    #[test]
    fn where_the_data_is_not_there_it_says_how_it_comes_and_what_is_known() {
        let blocks = section(None);
        assert!(texts(&blocks).contains("`train baseline mnist` fetches it (11.6 MB)"));
        let tables = blocks.iter().filter_map(|block| if let Block::Table(table) = block { Some(table) } else { None });
        assert_eq!(tables.map(|table| table.rows.len()).collect::<Vec<_>>(), [7, MEASURED.len()]);
    }

    #[test]
    fn where_it_is_there_means_and_model_are_computed_of_it() {
        let data = ten_classes();
        let blocks = section(Some(&data));
        assert!(!texts(&blocks).contains("not in the cache"));
        let said = "L1 is right on 1.0000 of the validation images and L2 on 1.0000";
        assert!(texts(&blocks).contains(said), "{}", texts(&blocks));
        let has = |is: fn(&Block) -> bool| blocks.iter().any(is);
        assert!(has(|block| matches!(block, Block::Pictures { pictures, .. } if pictures.len() == 10)));
        assert!(has(|block| matches!(block, Block::Code { lines, .. } if lines.lines().count() == EPOCHS)));
        assert!(has(|block| matches!(block, Block::Confusion { matrix, .. } if matrix.counts.len() == 10)));
        assert!(has(|block| matches!(block, Block::Beside(weights) if weights.len() == 10)));
        let row = |block: &Block| matches!(block, Block::Table(table) if table.rows[9][..5] == ["9", "30", "4", "1.0000", "1.0000"]);
        assert!(
            blocks.iter().any(|block| matches!(block, Block::Table(table) if table.rows.len() == 10) && row(block))
        );
    }
}
