//! Dropout, whose mask is drawn on the host.

use burn::tensor::{Tensor, TensorData, backend::Backend};
use rand::{SeedableRng, rngs::ChaCha8Rng};

use crate::init::unit;

/// What features are multiplied by in training: 0 with this probability, else 1 / (1 - probability), so that their mean stays as it is
/// (Srivastava et al. 2014). What an image gets is drawn by its own number alone: neither its batch nor the backend decides it.
///
/// # Shapes
/// - result: `[draws, features]`
pub(crate) fn mask<B: Backend>(draws: &[u64], features: usize, probability: f64, device: &B::Device) -> Tensor<B, 2> {
    let kept = (1.0 / (1.0 - probability)) as f32;
    let mut values = Vec::with_capacity(draws.len() * features);
    for draw in draws {
        let mut stream = ChaCha8Rng::seed_from_u64(*draw);
        values.extend((0..features).map(|_| if f64::from(unit(&mut stream)) < probability { 0.0 } else { kept }));
    }
    Tensor::from_data(TensorData::new(values, [draws.len(), features]), device)
}

#[cfg(test)]
mod tests {
    use burn_flex::Flex;

    fn mask(draws: &[u64], probability: f64) -> Vec<f32> {
        super::mask::<Flex>(draws, 1000, probability, &Default::default()).into_data().to_vec().unwrap()
    }

    #[test]
    fn as_many_are_left_out_as_it_says_and_the_mean_stays() {
        let values = mask(&[1, 2, 3], 0.25);
        let left_out = values.iter().filter(|value| **value == 0.0).count();
        assert!((690..810).contains(&left_out), "{left_out}");
        assert!(values.iter().all(|value| *value == 0.0 || *value == 4.0 / 3.0));
    }

    #[test]
    fn an_image_gets_the_same_in_any_batch() {
        assert_eq!(mask(&[1, 2], 0.5)[1000..], mask(&[2], 0.5)[..]);
        assert_ne!(mask(&[1], 0.5), mask(&[2], 0.5));
    }
}
