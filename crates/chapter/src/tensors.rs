//! Tensors: shape, rank, type; rows, columns and parts of them; images stacked into one; products that broadcast.

use std::sync::Arc;

use burn::tensor::{BasicOps, Bool, Distribution, Int, Tensor, backend::Backend};
use data::{ImageBatch, Images};

/// What can be said of a tensor without looking at its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// How many values there are along each axis.
    pub shape: Vec<usize>,
    /// How many axes there are.
    pub rank: usize,
    /// What each value is, as Burn names it: `f32`, `i32` ..
    pub dtype: &'static str,
}

/// Shape, rank and type of any tensor.
pub fn facts<B, const D: usize, K>(tensor: &Tensor<B, D, K>) -> Facts
where
    B: Backend,
    K: BasicOps<B>,
{
    Facts { shape: tensor.dims().to_vec(), rank: tensor.rank(), dtype: tensor.dtype().name() }
}

/// Two rows of three whole numbers.
pub fn table<B: Backend>(device: &B::Device) -> Tensor<B, 2, Int> {
    Tensor::from_ints([[1, 2, 3], [4, 5, 6]], device)
}

/// One row of a table: of its two axes one is left.
pub fn row<B: Backend>(table: Tensor<B, 2, Int>, index: usize) -> Tensor<B, 1, Int> {
    table.narrow(0, index, 1).squeeze_dim(0)
}

pub fn column<B: Backend>(table: Tensor<B, 2, Int>, index: usize) -> Tensor<B, 1, Int> {
    table.narrow(1, index, 1).squeeze_dim(1)
}

/// A part of row 1: its columns 1 and 2. The end of a range is not part of it.
pub fn part<B: Backend>(table: Tensor<B, 2, Int>) -> Tensor<B, 1, Int> {
    table.slice([1..2, 1..3]).squeeze_dim(0)
}

/// One more everywhere: the 1 is used for each value.
pub fn plus_one<B: Backend>(table: Tensor<B, 2, Int>) -> Tensor<B, 2, Int> {
    table + 1
}

/// The same six values, in the same order, as three rows of two.
pub fn reshaped<B: Backend>(table: Tensor<B, 2, Int>) -> Tensor<B, 2, Int> {
    table.reshape([3, 2])
}

/// The sum of each row, by a matrix product. The rows become two matrices, `[2, 1, 3]`; the one column of ones, `[1, 3, 1]`,
/// is used for both of them as if it were there twice. This is broadcasting.
pub fn row_sums<B: Backend>(table: Tensor<B, 2, Int>) -> Tensor<B, 3> {
    let ones = Tensor::ones([1, 3, 1], &table.device());
    table.float().reshape([2, 1, 3]).matmul(ones)
}

/// Every value times 1.5. Whole numbers have no halves, so they become floats first, and in Burn we say so.
pub fn times_one_and_a_half<B: Backend>(table: Tensor<B, 2, Int>) -> Tensor<B, 2> {
    table.float() * 1.5
}

/// The labels of the chapter's two classes.
pub const THREES: u16 = 0;
pub const SEVENS: u16 = 1;

/// All images of one label in one tensor, pixels from 0 to 1: `[images, height, width]`.
pub fn stack<B: Backend>(digits: &Arc<Images>, label: u16, device: &B::Device) -> Tensor<B, 3> {
    let of_the_label = (0..digits.len()).filter(|index| digits.labels()[*index] == label);
    let images = ImageBatch::of(digits, of_the_label, device).images;
    images.reshape([digits.count(label), digits.shape().height, digits.shape().width])
}

/// The same values as rows, one image a row: `[images, height, width]` to `[images, height * width]`.
pub fn as_rows<B: Backend>(images: Tensor<B, 3>) -> Tensor<B, 2> {
    images.flatten(1, 2)
}

/// Each image times one and the same random image, as matrices. The second tensor holds one image, `[1, width, width]`:
/// it is used for each of the first as if it were there as often. This is broadcasting.
pub fn times_a_random_image<B: Backend>(images: Tensor<B, 3>) -> Tensor<B, 3> {
    let [_, _, width] = images.dims();
    let one = Tensor::random([1, width, width], Distribution::Default, &images.device());
    images.matmul(one)
}

/// Picks value by value: from `then` where `mask` is true, else from `or_else`. PyTorch's `where`.
pub fn choose<B: Backend>(mask: Tensor<B, 1, Bool>, then: Tensor<B, 1>, or_else: Tensor<B, 1>) -> Tensor<B, 1> {
    or_else.mask_where(mask, then)
}

#[cfg(test)]
mod tests {
    use burn_flex::Flex;
    use burn_ndarray::NdArray;
    use task::{Shape, Task};

    use super::*;
    use crate::{host, testing};

    fn ints<B: Backend, const D: usize>(tensor: Tensor<B, D, Int>) -> Vec<i64> {
        tensor.into_data().iter::<i64>().collect()
    }

    fn snippets_give_the_books_results<B: Backend>() {
        let table = table::<B>(&Default::default());
        assert_eq!(facts(&table).shape, [2, 3]);
        assert_eq!(ints(row(table.clone(), 1)), [4, 5, 6]);
        assert_eq!(ints(column(table.clone(), 1)), [2, 5]);
        assert_eq!(ints(part(table.clone())), [5, 6]);
        assert_eq!(ints(plus_one(table.clone())), [2, 3, 4, 5, 6, 7]);
        let three_rows = reshaped(table.clone());
        assert_eq!((facts(&three_rows).shape, ints(three_rows)), (vec![3, 2], vec![1, 2, 3, 4, 5, 6]));
        let sums = row_sums(table.clone());
        assert_eq!((facts(&sums).shape, host::values(sums)), (vec![2, 1, 1], vec![6.0, 15.0]));
        let product = times_one_and_a_half(table);
        assert_eq!(facts(&product), Facts { shape: vec![2, 3], rank: 2, dtype: "f32" });
        assert_eq!(host::values(product), [1.5, 3.0, 4.5, 6.0, 7.5, 9.0]);
    }

    #[test]
    fn the_snippets_give_the_results_of_the_book() {
        snippets_give_the_books_results::<Flex>();
        snippets_give_the_books_results::<NdArray>();
    }

    #[test]
    fn choose_takes_from_the_first_where_the_mask_is_true() {
        let tensor = |values: [f32; 3]| Tensor::<Flex, 1>::from_floats(values, &Default::default());
        let chosen =
            choose(tensor([1.0, 0.0, 1.0]).equal_elem(1.0), tensor([10.0, 20.0, 30.0]), tensor([1.0, 2.0, 3.0]));
        assert_eq!(host::values(chosen), [10.0, 2.0, 30.0]);
    }

    #[test]
    fn a_stack_holds_the_images_of_one_label_in_their_order() {
        let task = Arc::new(Task::new(["3", "7"]).unwrap());
        let digits = Images::new(&task, Shape::grey([1, 2]), vec![0, 51, 255, 0, 102, 204].into(), vec![0, 1, 0]);
        let threes = stack::<Flex>(&Arc::new(digits), THREES, &Default::default());
        assert_eq!(facts(&threes).shape, [2, 1, 2]);
        assert_eq!(host::values(as_rows(threes)), [0.0, 0.2, 0.4, 0.8]);
    }

    #[test]
    fn the_stacked_threes_have_the_shapes_of_the_book() {
        let Some(data) = testing::real_data() else { return };
        let threes = stack::<Flex>(&data.train, THREES, &Default::default());
        assert_eq!(facts(&threes), Facts { shape: vec![6131, 28, 28], rank: 3, dtype: "f32" });
        assert_eq!(facts(&times_a_random_image(threes.clone())).shape, [6131, 28, 28]);
        assert_eq!(facts(&as_rows(threes)).shape, [6131, 784]);
    }
}
