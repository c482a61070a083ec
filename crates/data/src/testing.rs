//! Small data sets for the tests of this crate.

use std::sync::Arc;

use task::{Shape, Task};

use crate::Images;

/// The classes 3 and 7.
pub(crate) fn threes_and_sevens() -> Arc<Task> {
    Arc::new(Task::new(["3", "7"]).unwrap())
}

/// Grey images of these sides, of 3s and 7s.
pub(crate) fn digits(sides: [usize; 2], pixels: &[u8], labels: &[u16]) -> Images {
    Images::new(&threes_and_sevens(), Shape::grey(sides), pixels.to_vec().into(), labels.to_vec())
}
