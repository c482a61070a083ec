use data::{DataSet, ImageDataset, Order};

use super::*;
use crate::{
    host,
    testing::{Flex, NdArray, drawn_digits, near, real_data},
};

fn loaders(data: &DataSet) -> (ImageLoader<Flex>, ImageLoader<Flex>) {
    let loader = |digits: &std::sync::Arc<data::Images>, order| {
        ImageLoader::new(ImageDataset::new(digits.clone()), 256, order, 0, Default::default())
    };
    (loader(&data.train, Order::Shuffled { seed: 0 }), loader(&data.valid, Order::Sequential))
}

fn linear_training() -> Training<Flex> {
    Training { model: linear, learning_rate: 1.0, epochs: 20, good_enough: 2.0 }
}

#[test]
fn a_linear_model_is_784_weights_and_a_bias() {
    let sizes = |parameters: Parameters<Flex>| parameters.iter().map(|p| p.dims()).collect::<Vec<_>>();
    assert_eq!(sizes(init_linear(784, 0, &Default::default())), [[784, 1], [1, 1]]);
    assert_eq!(sizes(init_two_layer(784, 30, 0, &Default::default())), [[784, 30], [1, 30], [30, 1], [1, 1]]);
}

#[test]
fn the_same_seed_initialises_the_same_parameters() {
    let weights = |seed| host::values(init_params::<Flex>([3, 2], 1.0, (seed, "weights"), &Default::default()));
    assert_eq!(weights(1), weights(1));
    assert_ne!(weights(1), weights(2));
}

/// One batch of two images of two pixels, weights and bias 0: both logits are 0, both sigmoids a half.
fn one_step<B: AutodiffBackend>() {
    let device = Default::default();
    let tensor = |rows: [[f32; 2]; 2]| Tensor::<B, 2>::from_floats(rows, &device);
    let targets = Tensor::from_floats([[1.0], [0.0]], &device);
    let images = tensor([[1.0, 0.0], [0.5, 1.0]]);
    let batch = ImageBatch { images, targets, labels: vec![1, 0], weights: None, dropout: None };
    let mut parameters = vec![Tensor::zeros([2, 1], &device), Tensor::zeros([1, 1], &device)];
    let gradients = gradient(linear, &parameters, batch);
    // d loss / d logit = ∓ p (1 - p) / 2 = ∓ 0.125 for target 1 and 0.
    near(&host::values(gradients[0].clone()), &[-0.125 + 0.0625, 0.125], 1e-7);
    near(&host::values(gradients[1].clone()), &[0.0], 1e-7);
    step(&mut parameters, gradients, 2.0);
    near(&host::values(parameters[0].clone()), &[0.125, -0.25], 1e-7);
}

#[test]
fn gradient_and_step_agree_with_hand_computation() {
    one_step::<Flex>();
    one_step::<NdArray>();
}

#[test]
fn a_step_goes_down() {
    let data = drawn_digits();
    let device = Default::default();
    let batch = ImageBatch::<Flex>::of(&data.train, 0..data.train.len(), &device);
    for (model, mut parameters, rate) in [
        (linear as Model<Flex>, init_linear(784, 0, &device), 1.0),
        (two_layer as Model<Flex>, init_two_layer(784, 30, 0, &device), 0.1),
    ] {
        let loss =
            |parameters: &[_]| host::scalar(loss(model(batch.images.clone(), parameters), batch.targets.clone()));
        let before = loss(&parameters);
        let gradients = gradient(model, &parameters, batch.clone());
        step(&mut parameters, gradients, rate);
        assert!(loss(&parameters) < before);
    }
}

#[test]
fn it_stops_when_it_is_good_enough() {
    let data = drawn_digits();
    let (batches, valid) = loaders(&data);
    let training = Training { good_enough: 0.9, ..linear_training() };
    let trained = train(&training, init_linear(784, 0, &Default::default()), &batches, &valid);
    let (last, before) = trained.accuracies.split_last().unwrap();
    assert!(last.by_sample >= 0.9, "{:?}", trained.accuracies);
    assert!(before.iter().all(|accuracy| accuracy.by_sample < 0.9), "{:?}", trained.accuracies);
}

#[test]
fn the_linear_model_by_hand_reaches_0_96_in_20_epochs() {
    let Some(data) = real_data() else { return };
    let (batches, valid) = loaders(&data);
    let trained = train(&linear_training(), init_linear(784, 0, &Default::default()), &batches, &valid);
    let accuracies: Vec<f32> = trained.accuracies.iter().map(|accuracy| accuracy.by_sample).collect();
    println!("{accuracies:?}");
    assert!(accuracies[19] >= 0.96, "{accuracies:?}");
}

#[test]
fn the_two_layer_net_by_hand_reaches_0_98_in_40_epochs() {
    let Some(data) = real_data() else { return };
    let (batches, valid) = loaders(&data);
    let training = Training { model: two_layer, learning_rate: 0.1, epochs: 40, good_enough: 2.0 };
    let trained = train(&training, init_two_layer(784, 30, 0, &Default::default()), &batches, &valid);
    let accuracies: Vec<f32> = trained.accuracies.iter().map(|accuracy| accuracy.by_sample).collect();
    println!("{accuracies:?}");
    assert!(accuracies[39] >= 0.98, "{accuracies:?}");
}
