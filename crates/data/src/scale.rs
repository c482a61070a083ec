//! An image of any size becomes one of a given size.

use crate::GreyImage;

impl GreyImage {
    /// Scales to fit `height` x `width` keeping the proportions, centred on black, as MNIST's digits are.
    pub fn fitted(&self, height: usize, width: usize) -> Self {
        if (self.height, self.width) == (height, width) {
            return self.clone();
        }
        let scale = (height as f64 / self.height as f64).min(width as f64 / self.width as f64);
        let inner = [self.height, self.width].map(|side| ((side as f64 * scale).round() as usize).max(1));
        let scaled = resize(self, inner);
        let (top, left) = ((height - inner[0]) / 2, (width - inner[1]) / 2);
        let mut pixels = vec![0; height * width];
        for (row, line) in scaled.chunks(inner[1]).enumerate() {
            pixels[(top + row) * width + left..][..inner[1]].copy_from_slice(line);
        }
        GreyImage { height, width, pixels }
    }

    /// Dark strokes on a light ground: its border is mostly light.
    pub fn is_dark_on_light(&self) -> bool {
        let (last_row, last_column) = (self.height - 1, self.width - 1);
        let place = |i: usize| (i / self.width, i % self.width);
        let is_border = |(row, column)| row == 0 || row == last_row || column == 0 || column == last_column;
        let border = self.pixels.iter().enumerate().filter(|(i, _)| is_border(place(*i))).map(|(_, pixel)| *pixel);
        let (sum, count) = border.fold((0, 0), |(sum, count), pixel| (sum + usize::from(pixel), count + 1));
        sum > 127 * count
    }
}

/// Each pixel is the mean of the area of the original that it covers; what it covers in part counts in part.
fn resize(image: &GreyImage, [height, width]: [usize; 2]) -> Vec<u8> {
    let (rows, columns) = (covered(image.height, height), covered(image.width, width));
    let area = (image.height * image.width) as f64 / (height * width) as f64;
    let value = |row: &[(usize, f64)], column: &[(usize, f64)]| -> f64 {
        let line = |y: usize| -> f64 {
            column.iter().map(|(x, part)| f64::from(image.pixels[y * image.width + x]) * part).sum()
        };
        row.iter().map(|(y, part)| line(*y) * part).sum()
    };
    let pixels = rows.iter().flat_map(|row| columns.iter().map(move |column| (row, column)));
    pixels.map(|(row, column)| (value(row, column) / area).round() as u8).collect()
}

/// For each of `to` equal parts of `from` pixels: which pixels it covers, and how much of each.
fn covered(from: usize, to: usize) -> Vec<Vec<(usize, f64)>> {
    let scale = from as f64 / to as f64;
    let part = |i: usize| {
        let (start, end) = (i as f64 * scale, (i + 1) as f64 * scale);
        let pixels = start.floor() as usize..(end.ceil() as usize).min(from);
        pixels.map(|p| (p, (end.min(p as f64 + 1.0) - start.max(p as f64)).max(0.0))).collect()
    };
    (0..to).map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(height: usize, width: usize, pixels: Vec<u8>) -> GreyImage {
        GreyImage { height, width, pixels }
    }

    #[test]
    fn an_image_of_the_right_size_stays_as_it_is() {
        let digit = image(2, 2, vec![1, 2, 3, 4]);
        assert_eq!(digit.fitted(2, 2), digit);
    }

    #[test]
    fn a_larger_image_is_averaged_down() {
        assert_eq!(image(56, 56, vec![200; 56 * 56]).fitted(28, 28), image(28, 28, vec![200; 784]));
    }

    #[test]
    fn pixels_covered_in_part_count_in_part() {
        assert_eq!(resize(&image(1, 3, vec![30, 60, 90]), [1, 2]), [40, 80]);
        assert_eq!(resize(&image(1, 2, vec![10, 20]), [1, 4]), [10, 10, 20, 20]);
    }

    #[test]
    fn a_wide_image_keeps_its_proportions_between_black_bars() {
        let fitted = image(2, 4, vec![255; 8]).fitted(4, 4);
        assert_eq!(fitted.pixels, [[0; 4], [255; 4], [255; 4], [0; 4]].concat());
    }

    #[test]
    fn a_light_border_means_dark_on_light() {
        assert!(image(3, 3, vec![255, 255, 255, 255, 0, 255, 255, 255, 255]).is_dark_on_light());
        assert!(!image(3, 3, vec![0, 0, 0, 0, 255, 0, 0, 0, 0]).is_dark_on_light());
    }
}
