//! Matrix products on slices.

use gemm::{Parallelism, gemm};

/// A matrix in a slice, row by row.
#[derive(Clone, Copy)]
pub struct Matrix<'a> {
    values: &'a [f32],
    rows: usize,
    columns: usize,
    /// Elements from one row to the next, and from one column to the next.
    steps: [isize; 2],
}

impl<'a> Matrix<'a> {
    /// `values` as rows of `columns` values.
    pub fn new(values: &'a [f32], rows: usize, columns: usize) -> Self {
        assert_eq!(values.len(), rows * columns, "a matrix is all of its slice");
        Self { values, rows, columns, steps: [columns as isize, 1] }
    }

    /// Rows as columns; nothing moves.
    pub fn transposed(self) -> Self {
        let [down, right] = self.steps;
        Self { rows: self.columns, columns: self.rows, steps: [right, down], ..self }
    }
}

/// Writes a · b to `result`, row by row, or adds it to what is there.
pub fn product(a: Matrix<'_>, b: Matrix<'_>, result: &mut [f32], add: bool) {
    assert_eq!((a.columns, result.len()), (b.rows, a.rows * b.columns), "the shapes of a product");
    // SAFETY: by `Matrix::new` and the line above, rows, columns and steps stay within the three slices.
    unsafe {
        gemm(
            a.rows,
            b.columns,
            a.columns,
            result.as_mut_ptr(),
            1,
            b.columns as isize,
            add,
            a.values.as_ptr(),
            a.steps[1],
            a.steps[0],
            b.values.as_ptr(),
            b.steps[1],
            b.steps[0],
            1.0,
            1.0,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_with_a_transposed_matrix_and_added_again() {
        let (a, b) = ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [1.0, 0.0, 2.0, 0.0, 1.0, -1.0]);
        let mut result = [0.0; 4];
        product(Matrix::new(&a, 2, 3), Matrix::new(&b, 2, 3).transposed(), &mut result, false);
        assert_eq!(result, [7.0, -1.0, 16.0, -1.0]);
        product(Matrix::new(&a, 2, 3), Matrix::new(&b, 2, 3).transposed(), &mut result, true);
        assert_eq!(result, [14.0, -2.0, 32.0, -2.0]);
    }
}
