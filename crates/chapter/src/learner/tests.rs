use std::sync::Arc;

use burn::{
    module::{Module as _, ModuleVisitor},
    tensor::Tensor,
};
use data::{DataSet, ImageDataset, Images, Order};
use model::{LinearBaseline, ResNet, TwoLayerNet, loss};

use super::*;
use crate::{
    accuracy::accuracy,
    sgd::{Parameters, Training},
    testing::{Flex, NdArray, drawn_digits, near},
};

fn loaders<B: AutodiffBackend>(data: &DataSet) -> DataLoaders<B> {
    DataLoaders { train: train(data), valid: loader(&data.valid, Order::Sequential) }
}

fn train<B: AutodiffBackend>(data: &DataSet) -> ImageLoader<B> {
    loader(&data.train, Order::Shuffled { seed: 0 })
}

fn loader<B: burn::tensor::backend::Backend>(images: &Arc<Images>, order: Order) -> ImageLoader<B> {
    ImageLoader::new(ImageDataset::new(images.clone()), 64, order, 0, Default::default())
}

fn learner<'a, B: AutodiffBackend>(data: &DataSet, model: Network<B>) -> Learner<'a, B> {
    Learner {
        loaders: loaders(data),
        model,
        optimizer: Sgd { learning_rate: 0.1 },
        loss: loss::distance_to_one,
        metrics: vec![("accuracy", accuracy)],
        callbacks: vec![],
        trained_epochs: 0,
    }
}

fn simple_net<B: AutodiffBackend>() -> Network<B> {
    Network::TwoLayer(TwoLayerNet::new([784, 30, 1], 0, &Default::default()))
}

/// The parameters as they are held by hand: a bias is a row.
fn rows<B: AutodiffBackend>(model: &Network<B>) -> Parameters<B> {
    let mut rows = Rows::<B>(Vec::new());
    model.visit(&mut rows);
    rows.0
}

struct Rows<B: AutodiffBackend>(Parameters<B>);

impl<B: AutodiffBackend> ModuleVisitor<B> for Rows<B> {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<B, D>>) {
        let columns = parameter.dims()[D - 1];
        self.0.push(Tensor::from_inner(parameter.val().inner().reshape([-1, columns as i32])));
    }
}

fn bits<B: AutodiffBackend>(parameters: Parameters<B>) -> Vec<u32> {
    parameters.into_iter().flat_map(host::values).map(f32::to_bits).collect()
}

fn it_ends_with_the_bits_of_sgd_by_hand<B: AutodiffBackend>() {
    let data = drawn_digits();
    let mut learner = learner::<B>(&data, simple_net());
    let start = rows(&learner.model);
    learner.fit(3);
    let training = Training { model: sgd::two_layer, learning_rate: 0.1, epochs: 3, good_enough: 2.0 };
    let valid = loader(&data.valid, Order::Sequential);
    let by_hand = sgd::train(&training, start.clone(), &train(&data), &valid);
    let ours = bits(rows(&learner.model));
    assert_eq!(ours.len(), 23_581);
    assert_ne!(ours, bits(start));
    assert!(ours == bits(by_hand.parameters));
    let last = f64::from(by_hand.accuracies[2].by_sample);
    assert!((learner.validate().1[0].1 - last).abs() < 1e-6, "{last}");
}

#[test]
fn it_ends_where_sgd_by_hand_does() {
    it_ends_with_the_bits_of_sgd_by_hand::<Flex>();
    it_ends_with_the_bits_of_sgd_by_hand::<NdArray>();
}

#[test]
fn callbacks_print_record_and_stop() {
    let data = drawn_digits();
    let (mut printed, mut epochs, mut heard) = (String::new(), Vec::<Epoch>::new(), 0);
    let mut learner = learner::<Flex>(&data, simple_net());
    learner.callbacks = vec![
        print_to(&mut printed),
        Box::new(|epoch| if epoch.number == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }),
        Box::new(|epoch| {
            epochs.push(epoch.clone());
            ControlFlow::Continue(())
        }),
        Box::new(|_| {
            heard += 1;
            ControlFlow::Continue(())
        }),
    ];
    learner.fit(5);
    drop(learner);
    assert_eq!((epochs.iter().map(|epoch| epoch.number).collect::<Vec<_>>(), heard), (vec![1, 2, 3], 3));
    assert!(epochs[2].train_loss < epochs[0].train_loss && epochs[2].valid_loss < epochs[0].valid_loss);
    let Epoch { train_loss, valid_loss, metrics, .. } = &epochs[0];
    let first =
        format!("epoch  1  train_loss {train_loss:.6}  valid_loss {valid_loss:.6}  accuracy {:.6}", metrics[0].1);
    assert_eq!((printed.lines().next(), printed.lines().count()), (Some(&first[..]), 3));
}

#[test]
fn two_epochs_and_one_are_three() {
    let data = drawn_digits();
    let [whole, parts] = [vec![3], vec![2, 1]].map(|fits| {
        let mut learner = learner::<Flex>(&data, simple_net());
        fits.into_iter().for_each(|epochs| learner.fit(epochs));
        bits(rows(&learner.model))
    });
    assert!(whole == parts);
}

#[test]
fn loss_and_metrics_count_each_sample_the_same() {
    // 200 images in batches of 64: the last one has 8.
    let data = drawn_digits();
    let learner = learner::<Flex>(&data, simple_net());
    let (valid_loss, metrics) = learner.validate();
    let all = ImageBatch::of(&data.valid, 0..data.valid.len(), &Default::default());
    let logits = learner.model.forward(all.images);
    let expected = [
        host::scalar(loss::distance_to_one(logits.clone(), all.targets.clone()).mean()),
        host::scalar(accuracy(logits, all.targets).mean()),
    ];
    near(&[valid_loss as f32, metrics[0].1 as f32], &expected, 1e-6);
}

#[test]
fn any_network_and_loss_will_do() {
    let data = drawn_digits();
    let device = Default::default();
    let linear = Network::Linear(LinearBaseline::new([784, 1], 0, &device));
    let resnet = Network::ResNet(ResNet::new(data.shape(), 2, &[1, 1], 1, 0, &device));
    for model in [linear, resnet] {
        let mut learner = Learner { loss: loss::cross_entropy, ..learner::<Flex>(&data, model) };
        let before = learner.validate().0;
        learner.fit(3);
        assert!(learner.validate().0 < before);
    }
}
