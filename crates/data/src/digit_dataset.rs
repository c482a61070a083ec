//! Burn's `Dataset` over the digits of a split.

use std::sync::Arc;

use burn::data::dataset::Dataset;

use crate::Digits;

/// One image with its label: light, because it only points into its split.
#[derive(Clone, Debug)]
pub struct Digit {
    digits: Arc<Digits>,
    index: usize,
}

/// The digits of one split, in order.
#[derive(Clone, Debug)]
pub struct DigitDataset(Arc<Digits>);

impl DigitDataset {
    /// A data set over these digits.
    pub fn new(digits: Arc<Digits>) -> Self {
        Self(digits)
    }
}

impl Dataset<Digit> for DigitDataset {
    fn get(&self, index: usize) -> Option<Digit> {
        (index < self.0.len()).then(|| Digit { digits: self.0.clone(), index })
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

impl Digit {
    /// Where it stands in its split.
    pub fn index(&self) -> usize {
        self.index
    }

    /// Rows and columns.
    pub fn sides(&self) -> [usize; 2] {
        self.digits.sides()
    }

    /// Pixels 0 to 255, row by row.
    pub fn pixels(&self) -> &[u8] {
        self.digits.image(self.index)
    }

    /// 1 for the positive class, 0 for the negative one.
    pub fn label(&self) -> u8 {
        self.digits.labels()[self.index]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_points_to_its_pixels_and_label() {
        let digits = Digits::new(1, 2, vec![1, 2, 3, 4].into(), vec![1, 0].into());
        let dataset = DigitDataset::new(Arc::new(digits));
        let digit = dataset.get(1).unwrap();
        assert_eq!((digit.index(), digit.pixels(), digit.label()), (1, &[3, 4][..], 0));
    }

    #[test]
    fn there_is_nothing_beyond_the_end() {
        let digits = Digits::new(1, 1, vec![1].into(), vec![1].into());
        assert!(DigitDataset::new(Arc::new(digits)).get(1).is_none());
    }
}
