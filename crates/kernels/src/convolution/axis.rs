//! Where kernels and pixels meet, along one axis of an image.

use std::ops::Range;

/// How a kernel slides along one axis of an image.
#[derive(Clone, Copy, Debug)]
pub struct Axis {
    pub pixels: usize,
    pub kernel: usize,
    pub positions: usize,
    pub stride: usize,
    pub padding: usize,
}

/// What is read along an axis, and what is written.
#[derive(Clone, Debug)]
pub struct Walk {
    /// Places of what is read.
    pub sources: usize,
    /// Places of the result.
    pub results: usize,
    pub classes: Vec<Class>,
}

/// Places of the result that meet, but for borders, the same values of a kernel.
#[derive(Clone, Debug)]
pub struct Class {
    /// In the order of the places that are read, which follow each other.
    pub kernel: Vec<usize>,
    pub runs: Vec<Run>,
}

/// Places of the result that meet the same values of a kernel.
#[derive(Clone, Debug)]
pub struct Run {
    /// Which of the values of the [`Class`].
    pub values: Range<usize>,
    /// The first place that is read, and that of the result.
    pub places: Vec<[usize; 2]>,
}

impl Axis {
    /// The pixel under a value of the kernel at a position; none over the border.
    pub fn pixel(&self, position: usize, value: usize) -> Option<usize> {
        (position * self.stride + value).checked_sub(self.padding).filter(|pixel| *pixel < self.pixels)
    }

    /// Each position reads the pixels under the kernel.
    pub fn forward(&self) -> Walk {
        let first = |position| ((position * self.stride) as isize - self.padding as isize, position);
        let class = Class::new((0..self.kernel).collect(), (0..self.positions).map(first), self.pixels);
        Walk { sources: self.pixels, results: self.positions, classes: vec![class] }
    }

    /// Each pixel reads the positions that saw it: value k of the kernel saw pixel p from position (p + padding - k) /
    /// stride, where that is a whole number, so that pixels a stride apart meet the same values.
    pub fn backward(&self) -> Walk {
        let class = |first| {
            let kernel: Vec<usize> = (first..self.kernel).step_by(self.stride).rev().collect();
            let pixels = (0..self.pixels).filter(|pixel| (pixel + self.padding) % self.stride == first);
            let last = |pixel| ((pixel + self.padding) / self.stride) as isize;
            let before = kernel.len() as isize - 1;
            Class::new(kernel, pixels.map(|pixel| (last(pixel) - before, pixel)), self.positions)
        };
        let classes = (0..self.stride.min(self.kernel)).map(class).collect();
        Walk { sources: self.positions, results: self.pixels, classes }
    }
}

impl Class {
    /// Of the first place that each would read, were there no borders, and its own; there are so many places to read.
    fn new(kernel: Vec<usize>, places: impl Iterator<Item = (isize, usize)>, sources: usize) -> Self {
        let mut runs: Vec<Run> = vec![];
        for (first, result) in places {
            let end = (sources as isize - first).clamp(0, kernel.len() as isize) as usize;
            let values = (-first).clamp(0, end as isize) as usize..end;
            let place = [(first + values.start as isize) as usize, result];
            match runs.iter_mut().find(|run| run.values == values) {
                Some(run) => run.places.push(place),
                None if values.is_empty() => {}
                None => runs.push(Run { values, places: vec![place] }),
            }
        }
        Self { kernel, runs }
    }
}
