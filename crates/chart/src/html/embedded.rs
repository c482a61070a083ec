//! Images as addresses that are all of them.

use std::io::Cursor;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use image::{DynamicImage, GrayImage, ImageResult, RgbImage, codecs::jpeg::JpegEncoder, imageops::FilterType};
use png::ColorType;

use crate::{picture::Pixels, svg::png_address};

/// Pixels a side up to which each of them is there, and a page shows it as a square.
const WHOLE: usize = 32;

/// So many pixels a side are little room.
pub(super) const LITTLE: usize = 31;

/// Bytes that a JPEG has to save where there is little room: it blurs edges.
const SAVED: usize = 1_500;

/// The quality of a JPEG, 1 to 100.
const QUALITY: u8 = 75;

/// Whether an image is so small that a page shows each of its pixels as a square; also two of them beside each other.
pub(super) fn is_small(pixels: &Pixels) -> bool {
    pixels.height() <= WHOLE && pixels.width() <= 2 * WHOLE + 1
}

/// A small image as it is, as a PNG; of a larger one what can be seen of it: a JPEG of at most so many pixels a side. Where there is
/// little room, a small one is a JPEG too where that saves much, with all its pixels as long as there is room for them.
pub(super) fn address(pixels: &Pixels, side: usize) -> String {
    if !is_small(pixels) {
        return jpeg_address(pixels, side);
    }
    let whole = png_address(pixels);
    let reduced = (side <= LITTLE).then(|| jpeg_address(pixels, side));
    reduced.filter(|reduced| reduced.len() + SAVED < whole.len()).unwrap_or(whole)
}

fn jpeg_address(pixels: &Pixels, side: usize) -> String {
    let longest = pixels.height().max(pixels.width());
    let side = if is_small(pixels) && side == LITTLE { longest } else { side };
    let bytes = jpeg(pixels, side as u32).expect("memory takes what is written to it");
    format!("data:image/jpeg;base64,{}", STANDARD.encode(bytes))
}

fn jpeg(pixels: &Pixels, side: u32) -> ImageResult<Vec<u8>> {
    let [width, height] = [pixels.width(), pixels.height()].map(|side| side as u32);
    let (kind, samples) = pixels.samples();
    let samples = samples.into_owned();
    let image: Option<DynamicImage> = match kind {
        ColorType::Rgb => RgbImage::from_raw(width, height, samples).map(Into::into),
        _ => GrayImage::from_raw(width, height, samples).map(Into::into),
    };
    let image = image.expect("the samples fill the image");
    let shown = if width.max(height) > side { image.resize(side, side, FilterType::Triangle) } else { image };
    let mut bytes = Cursor::new(Vec::new());
    shown.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, QUALITY))?;
    Ok(bytes.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(address: &str) -> DynamicImage {
        let (_, data) = address.split_once("base64,").unwrap();
        image::load_from_memory(&STANDARD.decode(data).unwrap()).unwrap()
    }

    #[test]
    fn a_small_image_keeps_each_pixel_and_a_large_one_its_form_and_colours() {
        let small = Pixels::new(32, 20, (0..=255).chain(0..=255).chain(0..128).collect());
        let whole = address(&small, 112);
        assert!(whole.starts_with("data:image/png") && decoded(&whole).to_luma8().into_raw() == small.values());
        let plane = |value| [value; 300 * 200];
        let planes = [plane(200), plane(40), plane(90)].concat();
        let reduced = address(&Pixels::of_planes(200, 300, &planes), 112);
        assert!(reduced.starts_with("data:image/jpeg") && reduced.len() < 3_000, "{}", reduced.len());
        let image = decoded(&reduced).to_rgb8();
        assert_eq!(image.dimensions(), (112, 75));
        let near = |(a, b): (u8, u8)| a.abs_diff(b) < 6;
        assert!(image.pixels().all(|pixel| pixel.0.into_iter().zip([200, 40, 90]).all(near)));
    }

    #[test]
    fn a_few_pixels_are_no_jpeg_even_where_there_is_little_room() {
        let kernel = Pixels::new(3, 3, (0..9).collect());
        assert_eq!(address(&kernel, LITTLE), png_address(&kernel));
    }

    #[test]
    fn an_image_is_no_larger_than_it_was() {
        let sides = |height, width, side| {
            let noise = |at: usize| {
                let mixed = (at as u32 + 1).wrapping_mul(0x9e37_79b1);
                ((mixed ^ (mixed >> 15)).wrapping_mul(0x85eb_ca77) >> 13) as u8
            };
            let planes: Vec<u8> = (0..3 * height * width).map(noise).collect();
            let image = decoded(&address(&Pixels::of_planes(height, width, &planes), side));
            (image.height(), image.width())
        };
        assert_eq!([sides(40, 50, 112), sides(32, 32, 24), sides(1, 500, 56)], [(40, 50), (24, 24), (1, 56)]);
    }
}
