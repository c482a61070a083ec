//! A classifier on a split: one pass without gradients.

use std::{path::Path, sync::Arc};

use burn::{
    data::dataloader::DataLoader,
    tensor::{Tensor, TensorData},
    train::InferenceStep,
};
use chart::Pixels;
use data::{DataSet, ImageDataset, ImageLoader, Images, Order, Split};
use metrics::{ClassCounts, Evaluation, ScoredSample, Scores, TOP_LOSSES};
use model::{AutodiffBackend, Backend};
use plan::Plan;
use run::{RunRecord, event_log::Picture, folder};
use task::Task;

use crate::{
    Error,
    backend::{BackendJob, choice::Chosen, dispatch},
    classifier::{Classifier, HostOutput, StepOutput},
    export,
};

/// Batches whose outputs wait on the device until they are read together: a read stops an accelerator's queue.
pub const SYNC_EVERY: usize = 8;

/// Pairs of classes that TensorBoard is told of as confused, and classes of which it shows images.
const CONFUSED: usize = 10;
const CLASSES: usize = 20;
/// Probabilities from which on a class is said, as many as TensorBoard itself takes.
const THRESHOLDS: usize = 127;

/// Batches of a split in its own order, as it is.
pub fn evaluation_loader<B: Backend>(plan: &Plan, digits: &Arc<Images>, device: &B::Device) -> ImageLoader<B> {
    let dataset = ImageDataset::new(digits.clone());
    ImageLoader::new(dataset, plan.training.batch_size, Order::Sequential, plan.data.workers, device.clone())
}

/// Scores all batches of the loader.
pub fn evaluate<B: Backend>(classifier: &Classifier<B>, loader: &ImageLoader<B>) -> Evaluation {
    of_outputs(loader.task(), &outputs(classifier, loader, |_| {}))
}

/// What the outputs of all batches come to.
pub fn of_outputs(task: &Task, outputs: &[HostOutput]) -> Evaluation {
    let mut evaluation = Evaluation::new(task);
    outputs.iter().for_each(|batch| evaluation.add(batch.loss, &batch.logits, &batch.labels));
    evaluation
}

/// The outputs of all batches of the loader; `tell` hears of each.
pub fn outputs<B: Backend>(
    classifier: &Classifier<B>,
    loader: &ImageLoader<B>,
    mut tell: impl FnMut(&StepOutput<B>),
) -> Vec<HostOutput> {
    let mut all = Vec::with_capacity(loader.num_batches());
    let mut add = |outputs| all.extend(StepOutput::read(outputs));
    let mut outputs = Vec::with_capacity(SYNC_EVERY);
    for batch in loader.iter() {
        let output = InferenceStep::step(classifier, batch);
        tell(&output);
        outputs.push(output);
        if outputs.len() == SYNC_EVERY {
            add(std::mem::take(&mut outputs));
        }
    }
    add(outputs);
    all
}

/// The loss of each sample by the classifier's own loss.
pub fn losses<B: Backend>(evaluation: &Evaluation, classifier: &Classifier<B>, device: &B::Device) -> Vec<f32> {
    let shape = [evaluation.labels.len(), evaluation.task.outputs()];
    let tensor = |values: Vec<f32>| Tensor::from_data(TensorData::new(values, shape), device);
    let targets = evaluation.task.targets(&evaluation.labels);
    let losses = classifier.losses(tensor(evaluation.logits.clone()), tensor(targets));
    losses.into_data().convert::<f32>().iter().collect()
}

/// All that is to be said of a model on these images, in one pass.
pub fn scores<B: Backend>(plan: &Plan, classifier: &Classifier<B>, images: &Arc<Images>, device: &B::Device) -> Scores {
    let evaluation = evaluate(classifier, &evaluation_loader(plan, images, device));
    let losses = losses(&evaluation, classifier, device);
    let weights = classifier.network().pixel_weights();
    let rows = |weights: Tensor<B, 2>| {
        let ([outputs, pixels], data) = (weights.dims(), weights.into_data().convert::<f32>());
        let values: Vec<f32> = data.iter().collect();
        (0..outputs).map(|output| values[output * pixels..][..pixels].to_vec()).collect()
    };
    let weights = weights.map_or_else(Vec::new, |weights| rows(weights.transpose()));
    Scores { evaluation, losses, weights }
}

/// The scores of a run's model on the validation split, on the device chosen; `cache` as in [`dispatch`].
///
/// # Errors
/// Where the run has no model, a file of it cannot be read, `data` is not what it was trained on, or the device is not there.
pub fn of_run(chosen: &Chosen, cache: &Path, run: &Path, data: &DataSet) -> Result<Scores, Error> {
    dispatch(chosen.kind, chosen.index, cache, OfRun { run, data })?
}

struct OfRun<'a> {
    run: &'a Path,
    data: &'a DataSet,
}

impl BackendJob for OfRun<'_> {
    const WORK: &'static str = "evaluating";

    type Output = Result<Scores, Error>;

    fn run<B: AutodiffBackend>(self, device: B::Device) -> Self::Output {
        let (plan, record) = (folder::read_plan(self.run)?, RunRecord::read(self.run)?);
        let (then, now) = (&record.data.fingerprint, &self.data.fingerprint);
        if then != now {
            return Err(run::Error::OtherData { path: self.run.into(), then: then.clone(), now: now.clone() }.into());
        }
        let classifier = export::of_run::<B::InnerBackend>(self.run, &plan, &record, &device)?;
        Ok(scores(&plan, &classifier, &self.data.valid, &device))
    }
}

/// How often each class is found by threshold, with its name, as TensorBoard draws precision and recall of: of two classes the first, of
/// more not all.
pub fn by_threshold(Scores { evaluation, .. }: &Scores) -> Vec<(String, Vec<ClassCounts>)> {
    let task = &evaluation.task;
    let labels = task.labels().take(if task.is_binary() { 1 } else { CLASSES });
    labels.map(|label| (task.class(label).to_owned(), evaluation.by_threshold(label, THRESHOLDS))).collect()
}

/// Validation images that tell something of a model, for TensorBoard: the highest losses, what is confused most, and of each class
/// what is surest, in the middle and most wrong.
pub fn pictures(data: &DataSet, Scores { evaluation, losses, .. }: &Scores) -> Vec<Picture> {
    let picture = |group: String, sample: &ScoredSample| {
        let [prediction, target] = [sample.predicted, sample.label].map(|label| data.class(label));
        let name = data.image_name(Split::Valid, sample.index);
        let shape = data.shape();
        let pixels = Pixels::of_planes(shape.height, shape.width, data.valid.image(sample.index));
        let text = format!("{prediction}, is {target}, loss {:.4}, {name}", sample.loss);
        Picture { tag: group, text, shape, png: pixels.to_png() }
    };
    let top = evaluation.by_loss(losses).into_iter().take(TOP_LOSSES.get());
    let top = top.enumerate().map(|(rank, sample)| picture(format!("valid_top_losses/{}", rank + 1), &sample));
    let pairs = evaluation.confused_pairs(losses).into_iter().take(CONFUSED).enumerate();
    let confused =
        pairs.filter_map(|(rank, pair)| Some(picture(format!("valid_confused/{}", rank + 1), pair.samples.first()?)));
    let classes = evaluation.of_each_class(losses).into_iter().take(CLASSES).enumerate().flat_map(|(label, few)| {
        let class = data.class(label as u16);
        few.into_iter().enumerate().map(move |(place, sample)| (format!("valid_classes/{class} {}", place + 1), sample))
    });
    let classes = classes.map(|(group, sample)| picture(group, &sample));
    top.chain(confused).chain(classes).collect()
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use std::sync::Arc;

    use burn_flex::Flex;
    use data::{Request, Source};
    use plan::{Config, Setting};

    use super::*;

    #[test]
    fn the_mean_loss_of_the_samples_is_that_of_the_batches() {
        let source = Source::Synthetic { seed: 1, train: 2, valid: 100 };
        let digits = data::load(&Request { source, ..Request::default() }, &mut |_| {}).unwrap().valid;
        let device = Default::default();
        for loss in ["auto", "mnist-loss", "cross-entropy", "mean-squared-error"] {
            let settings = ["training.batch_size=64".to_owned(), format!("training.loss={loss}")];
            let settings = settings.map(|setting| Setting::parse(&setting).unwrap());
            let plan = Plan::resolve(&Config::default(), &settings).unwrap();
            let classifier = Classifier::<Flex>::new(&plan, digits.task(), digits.shape(), &device);
            let loader = evaluation_loader(&plan, &Arc::clone(&digits), &device);
            let evaluation = evaluate(&classifier, &loader);
            let losses = losses(&evaluation, &classifier, &device);
            let mean = losses.iter().map(|loss| f64::from(*loss)).sum::<f64>() / losses.len() as f64;
            let of_batches = evaluation.metrics().loss;
            assert!(losses.len() == 100 && (mean - of_batches).abs() < 1e-6, "{loss}: {mean} is not {of_batches}");
        }
    }
}
