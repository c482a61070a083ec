//! A function as points that can be plotted: the chapter's `plot_function`, without the drawing.

use std::ops::RangeInclusive;

use burn::tensor::{Tensor, TensorData, backend::Backend};

use crate::host;

/// Points (x, y) from left to right.
pub type Curve = Vec<(f32, f32)>;

/// `count` values from one end of a range to the other, both included, at equal distances.
pub fn linspace(range: RangeInclusive<f32>, count: usize) -> Vec<f32> {
    let (start, end) = range.into_inner();
    let gap = (end - start) / count.saturating_sub(1).max(1) as f32;
    (0..count).map(|i| start + gap * i as f32).collect()
}

/// Any function of numbers at `count` points.
pub fn plot_function(f: impl Fn(f32) -> f32, range: RangeInclusive<f32>, count: usize) -> Curve {
    linspace(range, count).into_iter().map(|x| (x, f(x))).collect()
}

/// Any function of tensors, such as Burn's `relu` and `sigmoid`, at `count` points in one go on the device.
pub fn plot_tensor_function<B: Backend>(
    f: impl Fn(Tensor<B, 1>) -> Tensor<B, 1>,
    range: RangeInclusive<f32>,
    count: usize,
    device: &B::Device,
) -> Curve {
    let x = linspace(range, count);
    let y = f(Tensor::from_data(TensorData::new(x.clone(), [count]), device));
    x.into_iter().zip(host::values(y)).collect()
}

#[cfg(test)]
mod tests {
    use burn::tensor::activation::{relu, sigmoid};
    use burn_flex::Flex;

    use super::*;

    #[test]
    fn a_closure_is_taken_at_equal_distances_with_both_ends() {
        let offset = 1.0;
        assert_eq!(
            plot_function(|x| x * x + offset, -2.0..=2.0, 5),
            [(-2.0, 5.0), (-1.0, 2.0), (0.0, 1.0), (1.0, 2.0), (2.0, 5.0)]
        );
    }

    #[test]
    fn one_point_is_the_start_and_none_is_none() {
        assert_eq!(linspace(3.0..=4.0, 1), [3.0]);
        assert!(linspace(3.0..=4.0, 0).is_empty());
    }

    #[test]
    fn relu_is_0_below_0_and_the_number_itself_above() {
        let curve = plot_tensor_function::<Flex>(relu, -2.0..=2.0, 5, &Default::default());
        assert_eq!(curve, [(-2.0, 0.0), (-1.0, 0.0), (0.0, 0.0), (1.0, 1.0), (2.0, 2.0)]);
    }

    #[test]
    fn sigmoid_rises_from_0_to_1_through_a_half() {
        let curve = plot_tensor_function::<Flex>(sigmoid, -10.0..=10.0, 21, &Default::default());
        assert!(curve.windows(2).all(|pair| pair[0].1 < pair[1].1), "{curve:?}");
        assert!(curve[0].1 < 1e-4 && curve[10] == (0.0, 0.5) && curve[20].1 > 1.0 - 1e-4, "{curve:?}");
    }
}
