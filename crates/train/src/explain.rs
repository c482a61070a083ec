//! What of an image decides a prediction.

use std::sync::{Mutex, PoisonError};

use burn::{
    module::Module as _,
    tensor::{Tensor, TensorData},
};
use model::{AutodiffBackend, Network};
use task::{Shape, Task};

/// Squares that an image is covered by, along its longer side.
const SQUARES: usize = 7;

/// What of an image speaks for a class, row by row; where there are colours, their sum. Of two classes with one logit between them the
/// score of the second is the logit turned round.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// The class's score.
    pub score: f32,
    /// Gradient of the class's score by each pixel (Simonyan et al. 2013, <https://arxiv.org/abs/1312.6034>).
    pub gradient: Vec<f32>,
    /// Gradient of the class's score by each pixel, times the pixel (Shrikumar et al. 2016, <https://arxiv.org/abs/1605.01713>): of a
    /// linear network what each pixel adds, which with the bias is the score.
    pub added: Vec<f32>,
    /// By how much the score falls where a square is covered, each pixel of it (Zeiler and Fergus 2013,
    /// <https://arxiv.org/abs/1311.2901>); with the mean of the image's border, so that a square on its ground changes little.
    pub covered: Vec<f32>,
}

/// Why the network sees in each of these images, `[pixels]` from 0 to 1, the class beside it.
pub fn explain<B: AutodiffBackend>(
    network: &Network<B>,
    task: &Task,
    shape: Shape,
    images: &[(Vec<f32>, u16)],
    device: &B::Device,
) -> Vec<Explanation> {
    // Nothing is trained here: a batch is normalised as in evaluation.
    let network = network.clone().no_grad();
    let explained =
        images.iter().map(|(image, label)| Explained { network: &network, task, shape, image, label: *label });
    explained.map(|image| image.explanation(device)).collect()
}

/// What a unit of the first layer looks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Unit {
    pub height: usize,
    pub width: usize,
    /// A plane for each channel of an image, one after the other.
    pub values: Vec<f32>,
    /// Its weight in each output, where it leads there.
    pub outputs: Vec<f32>,
}

/// Those of a network, as [`Network::first_layer`] has them.
pub fn first_layer<B: AutodiffBackend>(network: &Network<B>, shape: Shape) -> Vec<Unit> {
    let Some(units) = network.first_layer(shape) else { return Vec::new() };
    let [count, channels, height, width] = units.dims();
    let values: Vec<f32> = units.inner().into_data().convert::<f32>().iter().collect();
    let outputs: Vec<f32> = network
        .output_weights()
        .map_or_else(Vec::new, |weights| weights.inner().into_data().convert::<f32>().iter().collect());
    let each = outputs.len() / count.max(1);
    let unit = |(number, values): (usize, &[f32])| Unit {
        height,
        width,
        values: values.to_vec(),
        outputs: outputs[number * each..][..each].to_vec(),
    };
    values.chunks_exact(channels * height * width).enumerate().map(unit).collect()
}

struct Explained<'a, B: AutodiffBackend> {
    network: &'a Network<B>,
    task: &'a Task,
    shape: Shape,
    image: &'a [f32],
    label: u16,
}

/// Held while going forward and backward: burn-autodiff 0.21 loses gradients where several threads do it beside each other, as those that
/// answer for several models would.
static BACKWARD: Mutex<()> = Mutex::new(());

impl<B: AutodiffBackend> Explained<'_, B> {
    /// The gradient, and the gradient times the pixels.
    fn slopes(&self, device: &B::Device) -> [Vec<f32>; 2] {
        let _turn = BACKWARD.lock().unwrap_or_else(PoisonError::into_inner);
        let image = tensor::<B>(self.image.to_vec(), self.image.len(), device).require_grad();
        let gradients = self.scores(image.clone()).sum().backward();
        let gradient = image.grad(&gradients).expect("the score depends on the image");
        [gradient.clone(), gradient * image.inner()].map(|slopes| {
            let slopes: Vec<f32> = slopes.into_data().convert::<f32>().iter().collect();
            self.over_colours(&slopes)
        })
    }

    fn explanation(&self, device: &B::Device) -> Explanation {
        let (score, covered) = self.covered(device);
        let [gradient, added] = self.slopes(device);
        Explanation { score, gradient, added, covered }
    }

    /// The score, and what covering costs it.
    fn covered(&self, device: &B::Device) -> (f32, Vec<f32>) {
        let [height, width] = self.shape.sides();
        let side = height.max(width).div_ceil(SQUARES);
        let corners = (0..height).step_by(side).flat_map(|top| (0..width).step_by(side).map(move |left| [top, left]));
        let corners: Vec<[usize; 2]> = corners.collect();
        let within = |[top, left]: [usize; 2], row, column| {
            (top..top + side).contains(&row) && (left..left + side).contains(&column)
        };
        let grounds: Vec<f32> = self.image.chunks_exact(height * width).map(|plane| ground(plane, width)).collect();
        let cover = |corner: &[usize; 2]| {
            let value = |(at, value): (usize, &f32)| {
                let (plane, pixel) = (at / (height * width), at % (height * width));
                if within(*corner, pixel / width, pixel % width) { grounds[plane] } else { *value }
            };
            self.image.iter().enumerate().map(value).collect::<Vec<_>>()
        };
        let images = [self.image.to_vec()].into_iter().chain(corners.iter().map(cover)).flatten().collect();
        let scores = self.scores(tensor::<B>(images, self.image.len(), device)).inner();
        let scores: Vec<f32> = scores.into_data().convert::<f32>().iter().collect();
        let of_pixel = |pixel: usize| {
            let of = corners.iter().position(|corner| within(*corner, pixel / width, pixel % width));
            of.map_or(0.0, |square| scores[0] - scores[square + 1])
        };
        (scores[0], (0..height * width).map(of_pixel).collect())
    }

    /// The class's score for each of these images, `[images, 1]`.
    fn scores(&self, images: Tensor<B, 2>) -> Tensor<B, 2> {
        let logits = self.network.forward(images);
        match (self.task.is_binary(), self.label) {
            (true, 0) => logits,
            (true, _) => -logits,
            (false, label) => logits.narrow(1, usize::from(label), 1),
        }
    }

    fn over_colours(&self, values: &[f32]) -> Vec<f32> {
        let [height, width] = self.shape.sides();
        (0..height * width).map(|pixel| values.iter().skip(pixel).step_by(height * width).sum()).collect()
    }
}

/// The mean of what is at the border of a plane of this width.
fn ground(plane: &[f32], width: usize) -> f32 {
    let height = plane.len() / width;
    let is_border = |at: usize| {
        let (row, column) = (at / width, at % width);
        row == 0 || row + 1 == height || column == 0 || column + 1 == width
    };
    let border: Vec<f32> = plane.iter().enumerate().filter(|(at, _)| is_border(*at)).map(|(_, value)| *value).collect();
    border.iter().sum::<f32>() / border.len() as f32
}

fn tensor<B: AutodiffBackend>(values: Vec<f32>, pixels: usize, device: &B::Device) -> Tensor<B, 2> {
    let images = values.len() / pixels;
    Tensor::from_data(TensorData::new(values, [images, pixels]), device)
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use burn::backend::Autodiff;
    use burn_flex::Flex;
    use plan::{Config, Plan, Setting};

    use super::*;
    use crate::classifier::Classifier;

    type B = Autodiff<Flex>;

    fn network(kind: &str, task: &Task, shape: Shape) -> Network<B> {
        let settings = [format!("model.kind={kind}"), "model.channels=4".into(), "training.loss=auto".into()];
        let settings = settings.map(|text| Setting::parse(&text).expect("a setting"));
        let plan = Plan::resolve(&Config::default(), &settings).expect("a plan");
        Classifier::<B>::new(&plan, task, shape, &Default::default()).network().clone()
    }

    fn image(shape: Shape) -> Vec<f32> {
        (0..shape.len()).map(|i| (i * 37 % 101) as f32 / 101.0).collect()
    }

    fn score(network: &Network<B>, image: &[f32], label: usize) -> f32 {
        use burn::module::AutodiffModule as _;
        let images =
            Tensor::<Flex, 2>::from_data(TensorData::new(image.to_vec(), [1, image.len()]), &Default::default());
        let logits: Vec<f32> = network.valid().forward(images).into_data().to_vec().expect("numbers");
        if logits.len() == 1 && label == 1 { -logits[0] } else { logits[label] }
    }

    #[test]
    fn of_a_linear_network_what_the_pixels_add_is_the_score_but_for_the_bias() {
        let (task, shape) = (Task::new(["3", "7"]).unwrap(), Shape::grey([5, 6]));
        let (network, image) = (network("linear", &task, shape), image(shape));
        let bias = score(&network, &vec![0.0; shape.len()], 0);
        for (label, sign) in [(0, 1.0), (1, -1.0)] {
            let why = &explain(&network, &task, shape, &[(image.clone(), label)], &Default::default())[0];
            let sum: f32 = why.added.iter().sum();
            assert!((why.score - score(&network, &image, usize::from(label))).abs() < 1e-5, "{}", why.score);
            let expected = score(&network, &image, usize::from(label)) - sign * bias;
            assert!((sum - expected).abs() < 1e-5, "{sum} {expected}");
        }
    }

    #[test]
    fn of_any_network_it_is_the_slope_of_the_score_in_evaluation() {
        let task = Task::new(["a", "b", "c"]).unwrap();
        let shape = Shape { channels: 3, height: 9, width: 8 };
        for kind in ["two-layer", "resnet", "simple-cnn"] {
            let (network, image) = (network(kind, &task, shape), image(shape));
            let why = &explain(&network, &task, shape, &[(image.clone(), 2)], &Default::default())[0];
            let pixel = 4 * 8 + 3;
            let slope = |plane: usize| {
                let moved = |by: f32| {
                    let mut image = image.clone();
                    image[plane * 72 + pixel] += by;
                    score(&network, &image, 2)
                };
                (moved(1e-2) - moved(-1e-2)) / 2e-2
            };
            let slopes = [0, 1, 2].map(slope);
            let added: f32 = slopes.iter().enumerate().map(|(plane, slope)| slope * image[plane * 72 + pixel]).sum();
            assert!((why.added[pixel] - added).abs() < 2e-3, "{kind}: {} {added}", why.added[pixel]);
            let sum: f32 = slopes.iter().sum();
            assert!((why.gradient[pixel] - sum).abs() < 4e-3, "{kind}: {} {sum}", why.gradient[pixel]);
            assert_eq!((why.gradient.len(), why.added.len(), why.covered.len()), (72, 72, 72));
        }
    }

    #[test]
    fn a_square_that_is_covered_costs_what_it_added() {
        let (task, shape) = (Task::new(["3", "7"]).unwrap(), Shape::grey([14, 14]));
        let network = network("linear", &task, shape);
        // Black but for the middle: the ground is black, too.
        let image: Vec<f32> = (0..196)
            .map(|at| if (4..10).contains(&(at / 14)) && (4..10).contains(&(at % 14)) { 1.0 } else { 0.0 })
            .collect();
        let why = &explain(&network, &task, shape, &[(image, 0)], &Default::default())[0];
        let squares = [[4, 4], [8, 6]];
        for [top, left] in squares {
            let added: f32 = [0, 1, 14, 15].iter().map(|step| why.added[top * 14 + left + step]).sum();
            let covered = why.covered[top * 14 + left];
            assert!((covered - added).abs() < 1e-5, "{covered} {added}");
        }
        assert_eq!(why.covered[0], 0.0);
    }
}
