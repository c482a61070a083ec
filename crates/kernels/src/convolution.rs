//! Convolution of images `[batch, height, width, channels]`.
//!
//! All that a kernel sees of a row of an image is one stretch of memory, and an image stays in a core's cache. No patch is
//! unfolded and no border is padded: at a border there are fewer products. Sums stay in registers until they are whole.

mod axis;
mod correlation;
mod kernel_gradient;

use axis::{Axis, Walk};
use correlation::Correlation;
use kernel_gradient::KernelGradient;

#[derive(Clone, Debug)]
pub struct Convolution {
    batch: usize,
    in_channels: usize,
    out_channels: usize,
    /// Down and across.
    axes: [Axis; 2],
}

impl Convolution {
    /// Of images `[batch, height, width, in channels]` and kernels `[out channels, in channels, height, width]`, with so many
    /// pixels from one position of a kernel to the next, and so many rows and columns of zeros around the image, fewer than
    /// a kernel has.
    pub fn new(images: [usize; 4], kernels: [usize; 4], stride: usize, padding: usize) -> Self {
        let [batch, height, width, in_channels] = images;
        let [out_channels, kernel_channels, rows, columns] = kernels;
        assert_eq!(in_channels, kernel_channels, "kernels have the channels of the images");
        let axis = |pixels: usize, kernel: usize| {
            let positions = (pixels + 2 * padding - kernel) / stride + 1;
            Axis { pixels, kernel, positions, stride, padding }
        };
        Self { batch, in_channels, out_channels, axes: [axis(height, rows), axis(width, columns)] }
    }

    /// `[batch, height, width, out channels]`.
    pub fn result_shape(&self) -> [usize; 4] {
        let [down, across] = self.axes;
        [self.batch, down.positions, across.positions, self.out_channels]
    }

    pub fn forward(&self, images: &[f32], kernels: &[f32]) -> Vec<f32> {
        let size = self.kernel_len();
        let value = |to: usize, from: usize, value: usize| kernels[(to * self.in_channels + from) * size + value];
        let walks = self.axes.map(|axis| axis.forward());
        self.correlation(walks, [self.in_channels, self.out_channels], value).of(images)
    }

    /// Each pixel gets the gradients of the positions that saw it, by the kernels' values that saw it.
    pub fn image_gradient(&self, kernels: &[f32], gradient: &[f32]) -> Vec<f32> {
        let size = self.kernel_len();
        let value = |to: usize, from: usize, value: usize| kernels[(from * self.in_channels + to) * size + value];
        let walks = self.axes.map(|axis| axis.backward());
        self.correlation(walks, [self.out_channels, self.in_channels], value).of(gradient)
    }

    /// For each value of a kernel the sum, over positions and images, of gradient times pixel.
    pub fn kernel_gradient(&self, images: &[f32], gradient: &[f32]) -> Vec<f32> {
        KernelGradient::new(self, images, gradient).sums()
    }

    /// From and to so many channels.
    fn correlation(
        &self,
        walks: [Walk; 2],
        channels: [usize; 2],
        value: impl Fn(usize, usize, usize) -> f32 + Sync,
    ) -> Correlation {
        let columns = self.axes[1].kernel;
        let value = |to, from, row, column| value(to, from, row * columns + column);
        Correlation::new(walks, channels, self.batch, value)
    }

    /// Values of a kernel in one channel.
    fn kernel_len(&self) -> usize {
        self.axes[0].kernel * self.axes[1].kernel
    }
}

#[cfg(test)]
mod tests {
    use rayon::ThreadPoolBuilder;

    use super::*;
    use crate::tests::{near, values};

    /// For each product of a convolution where pixel, value of a kernel and result lie.
    fn products(convolution: &Convolution) -> Vec<[usize; 3]> {
        let [down, across] = convolution.axes;
        let (ins, outs, batch) = (convolution.in_channels, convolution.out_channels, convolution.batch);
        let mut products = vec![];
        for (o, i) in (0..outs).flat_map(|o| (0..ins).map(move |i| (o, i))) {
            for (y, ky) in (0..down.positions).flat_map(|y| (0..down.kernel).map(move |k| (y, k))) {
                for (x, kx) in (0..across.positions).flat_map(|x| (0..across.kernel).map(move |k| (x, k))) {
                    let (Some(row), Some(column)) = (down.pixel(y, ky), across.pixel(x, kx)) else { continue };
                    let pixel = (row * across.pixels + column) * ins + i;
                    let kernel = ((o * ins + i) * down.kernel + ky) * across.kernel + kx;
                    let result = (y * across.positions + x) * outs + o;
                    let (image, of_image) =
                        (down.pixels * across.pixels * ins, down.positions * across.positions * outs);
                    products.extend((0..batch).map(|n| [n * image + pixel, kernel, n * of_image + result]));
                }
            }
        }
        products
    }

    fn all([images, kernels]: [[usize; 4]; 2], stride: usize, padding: usize) -> [Vec<f32>; 3] {
        let convolution = Convolution::new(images, kernels, stride, padding);
        let [x, k, g] = [images, kernels, convolution.result_shape()].map(|shape| values(shape.iter().product()));
        [convolution.forward(&x, &k), convolution.image_gradient(&k, &g), convolution.kernel_gradient(&x, &g)]
    }

    /// Compares the result and both gradients with sums of products one by one.
    fn is_right(shapes: [[usize; 4]; 2], stride: usize, padding: usize) {
        let convolution = Convolution::new(shapes[0], shapes[1], stride, padding);
        let [x, k, g] = [shapes[0], shapes[1], convolution.result_shape()].map(|shape| values(shape.iter().product()));
        let mut sums = [vec![0.0; g.len()], vec![0.0; x.len()], vec![0.0; k.len()]];
        for [pixel, kernel, result] in products(&convolution) {
            sums[0][result] += x[pixel] * k[kernel];
            sums[1][pixel] += g[result] * k[kernel];
            sums[2][kernel] += x[pixel] * g[result];
        }
        for (found, sums) in all(shapes, stride, padding).iter().zip(sums) {
            near(found, &sums, &format!("{shapes:?}, stride {stride}, padding {padding}"));
        }
    }

    #[test]
    fn a_kernel_of_ones_sums_the_neighbours() {
        let convolution = Convolution::new([1, 2, 3, 1], [1, 1, 3, 3], 1, 1);
        let sums = convolution.forward(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &[1.0; 9]);
        assert_eq!(sums, [12.0, 21.0, 16.0, 12.0, 21.0, 16.0]);
    }

    #[test]
    fn a_stride_of_two_takes_every_second_position() {
        let convolution = Convolution::new([1, 3, 3, 1], [1, 1, 1, 1], 2, 0);
        assert_eq!(convolution.result_shape(), [1, 2, 2, 1]);
        let image: Vec<f32> = (0..9).map(|v| v as f32).collect();
        assert_eq!(convolution.forward(&image, &[10.0]), [0.0, 20.0, 60.0, 80.0]);
    }

    #[test]
    fn the_image_gradient_counts_how_often_a_pixel_was_used() {
        let convolution = Convolution::new([1, 3, 3, 1], [1, 1, 3, 3], 1, 1);
        let gradient = convolution.image_gradient(&[1.0; 9], &[1.0; 9]);
        assert_eq!(gradient, [4.0, 6.0, 4.0, 6.0, 9.0, 6.0, 4.0, 6.0, 4.0]);
    }

    #[test]
    fn every_shape_gives_the_sums_of_its_products() {
        // Channels fewer than a vector, around one and two, and more; images fewer and more than a task takes.
        for (batch, ins, outs) in
            [(1, 1, 1), (5, 3, 9), (16, 4, 8), (37, 5, 3), (64, 1, 17), (3, 7, 16), (2, 33, 48), (2, 8, 33)]
        {
            for ([height, width], kernel, padding) in [
                ([5, 6], [1, 1], 0),
                ([5, 6], [3, 3], 1),
                ([3, 3], [3, 3], 0),
                ([1, 1], [3, 3], 1),
                ([7, 5], [5, 2], 1),
            ] {
                for stride in [1, 2, 3] {
                    is_right([[batch, height, width, ins], [outs, ins, kernel[0], kernel[1]]], stride, padding);
                }
            }
        }
    }

    #[test]
    fn an_image_of_more_than_a_tile_gives_the_sums_of_its_products() {
        for channels in [[1, 16], [3, 32], [12, 10]] {
            for stride in [1, 2] {
                is_right([[3, 17, 19, channels[0]], [channels[1], channels[0], 3, 3]], stride, 1);
            }
        }
    }

    #[test]
    fn the_bits_do_not_depend_on_the_threads() {
        let by = |threads| {
            let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| all([[40, 8, 8, 9], [35, 9, 3, 3]], 1, 1))
        };
        assert_eq!(by(1), by(3));
    }
}
