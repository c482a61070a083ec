//! Pixels as an `<image>` with a PNG inside: smaller than a rectangle per pixel.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use png::{BitDepth, ColorType, Compression, Encoder};

use crate::picture::Pixels;

/// Where an image goes: x, y, width, height.
pub(super) type Place = [f64; 4];

/// Each pixel is a sharp square.
const PIXELATED: &str = " style=\"image-rendering:pixelated\"";

/// An `<image>` of pixels, each a sharp square.
pub(super) fn pixels(place: Place, pixels: &Pixels) -> String {
    let (kind, samples) = pixels.samples();
    element(place, pixels.height(), pixels.width(), kind, &samples, PIXELATED)
}

/// The same of values of red, green, blue and opacity.
pub(super) fn rgba(place: Place, height: usize, width: usize, values: &[u8]) -> String {
    element(place, height, width, ColorType::Rgba, values, PIXELATED)
}

/// The same as samples of what changes smoothly.
pub(super) fn smooth(place: Place, height: usize, width: usize, values: &[u8]) -> String {
    element(place, height, width, ColorType::Rgba, values, "")
}

/// The address of pixels that is all of them.
pub(crate) fn png_address(pixels: &Pixels) -> String {
    format!("data:image/png;base64,{}", STANDARD.encode(pixels.to_png()))
}

fn element(
    [x, y, w, h]: Place,
    height: usize,
    width: usize,
    colour: ColorType,
    values: &[u8],
    rendering: &str,
) -> String {
    let data = STANDARD.encode(encoded(height, width, colour, values));
    format!(
        "<image x=\"{x:.1}\" y=\"{y:.1}\" width=\"{w:.1}\" height=\"{h:.1}\" preserveAspectRatio=\"none\"{rendering} \
         href=\"data:image/png;base64,{data}\"/>\n"
    )
}

/// A PNG file.
pub(crate) fn encoded(height: usize, width: usize, colour: ColorType, values: &[u8]) -> Vec<u8> {
    const WHOLE: &str = "a vector takes every byte, and the values fill the image";
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, width as u32, height as u32);
    encoder.set_color(colour);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(Compression::High);
    encoder.write_header().expect(WHOLE).write_image_data(values).expect(WHOLE);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_png_inside_holds_the_pixels() {
        let element = super::pixels([0.0, 0.0, 2.0, 1.0], &Pixels::new(1, 2, vec![7, 200]));
        let data = element.split("base64,").nth(1).unwrap().split('"').next().unwrap();
        let bytes = STANDARD.decode(data).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
        let mut pixels = [0; 2];
        reader.next_frame(&mut pixels).unwrap();
        assert_eq!(pixels, [7, 200]);
    }
}
