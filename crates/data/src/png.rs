//! PNG files as 8-bit grey images.
//!
//! Colour becomes grey by the luma weights of ITU-R BT.601 (0.299, 0.587, 0.114), 16 bits become 8. What is transparent
//! becomes black, the ground of MNIST, or white where the drawing is dark and would vanish.

mod plain;

use std::io::Cursor;

use png::{ColorType, Decoder, Limits, Transformations};

pub(crate) use self::plain::Plain;
use crate::{Error, contain};

/// One decoded image, row by row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GreyImage {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// `height * width` values, 0 (black) to 255 (white).
    pub pixels: Vec<u8>,
}

/// Decodes a PNG of any colour type and depth whose sides are at most `max_side` pixels.
///
/// # Errors
/// [`Error::Png`] for bytes that are no PNG, are broken or truncated, or whose header claims more than `max_side`; the
/// header is checked before anything of that size is allocated.
pub fn decode_png(bytes: &[u8], max_side: usize) -> Result<GreyImage, Error> {
    let (height, width) = header_size(bytes)?;
    if height > max_side || width > max_side {
        return refuse(format!("its header claims {height} x {width} pixels, the limit is {max_side} x {max_side}"));
    }
    // What the decoder does not expect of a file may be a panic.
    let decoded = contain::contained(|| decode(bytes, [height, width], max_side));
    decoded.unwrap_or_else(|message| refuse(format!("the decoder failed at it: {message}")))
}

fn decode(bytes: &[u8], [height, width]: [usize; 2], max_side: usize) -> Result<GreyImage, Error> {
    let mut decoder =
        Decoder::new_with_limits(Cursor::new(bytes), Limits { bytes: 8 * max_side * max_side + (1 << 20) });
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    decoder.set_ignore_text_chunk(true);
    let mut reader = decoder.read_info().map_err(broken)?;
    let mut samples = vec![0; reader.output_buffer_size().unwrap_or(0)];
    let info = reader.next_frame(&mut samples).map_err(broken)?;
    reader.finish().map_err(broken)?;
    samples.truncate(info.buffer_size());
    Ok(GreyImage { height, width, pixels: to_grey(samples, info.color_type) })
}

/// Rows and columns that the header claims, without decoding anything.
pub(crate) fn header_size(bytes: &[u8]) -> Result<(usize, usize), Error> {
    const START: &[u8; 16] = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR";
    if !bytes.starts_with(START) {
        return refuse(match format_of(bytes) {
            Some(format) => format!("it is {format}"),
            None => "it does not start with a PNG header".into(),
        });
    }
    let side = |at: usize| bytes.get(at..at + 4).and_then(|b| b.try_into().ok()).map(u32::from_be_bytes);
    match (side(20), side(16)) {
        (Some(height), Some(width)) if height > 0 && width > 0 => Ok((height as usize, width as usize)),
        _ => refuse("its header is cut off or claims no pixels".into()),
    }
}

fn to_grey(samples: Vec<u8>, colour: ColorType) -> Vec<u8> {
    match colour {
        ColorType::Grayscale | ColorType::Indexed => samples,
        ColorType::GrayscaleAlpha => over_ground(samples.chunks_exact(2).map(|s| (s[0], s[1]))),
        ColorType::Rgb => samples.chunks_exact(3).map(luma).collect(),
        ColorType::Rgba => over_ground(samples.chunks_exact(4).map(|s| (luma(s), s[3]))),
    }
}

/// BT.601 in 16-bit fixed point, the same integers as in PIL.
fn luma(rgb: &[u8]) -> u8 {
    let weighted = 19595 * u32::from(rgb[0]) + 38470 * u32::from(rgb[1]) + 7471 * u32::from(rgb[2]);
    ((weighted + 0x8000) >> 16) as u8
}

/// Pairs of grey and alpha over black, or over white where what is opaque is dark in the mean.
fn over_ground(pixels: impl Iterator<Item = (u8, u8)> + Clone) -> Vec<u8> {
    let sums = pixels.clone().map(|(grey, alpha)| (u64::from(grey) * u64::from(alpha), u64::from(alpha)));
    let (ink, opaque) = sums.fold((0, 0), |sum, pixel| (sum.0 + pixel.0, sum.1 + pixel.1));
    let ground = if ink < 128 * opaque { 255 } else { 0 };
    let blend = |(grey, alpha)| u32::from(grey) * u32::from(alpha) + ground * (255 - u32::from(alpha));
    pixels.map(|pixel| ((blend(pixel) + 127) / 255) as u8).collect()
}

/// What files of other formats begin with, as they are called in a sentence.
const FORMATS: [(&[u8], &str); 9] = [
    (b"\xff\xd8\xff", "a JPEG"),
    (b"GIF8", "a GIF"),
    (b"BM", "a BMP"),
    (b"II*\0", "a TIFF"),
    (b"MM\0*", "a TIFF"),
    (b"RIFF", "a WebP or another RIFF file"),
    (b"%PDF", "a PDF"),
    (b"\x1f\x8b", "gzipped"),
    (b"PK\x03\x04", "a ZIP archive"),
];

fn format_of(bytes: &[u8]) -> Option<&'static str> {
    FORMATS.iter().find(|(start, _)| bytes.starts_with(start)).map(|(_, format)| *format)
}

fn broken(error: png::DecodingError) -> Error {
    Error::Png { reason: in_words(&error.to_string()) }
}

/// The decoder's message as words: it writes chunks, and the causes of a bad stream, as Rust values.
fn in_words(message: &str) -> String {
    if message.starts_with("Corrupt deflate stream") {
        return "corrupt deflate stream".into();
    }
    let mut parts = message.split("ChunkType { type: ");
    let mut words = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (value, after) = part.split_once('}').unwrap_or((part, ""));
        words += value.split(',').next().unwrap_or_default();
        words += after;
    }
    words.trim_end_matches('.').replace(char::is_control, " ")
}

fn refuse<T>(reason: String) -> Result<T, Error> {
    Err(Error::Png { reason })
}

#[cfg(test)]
pub(crate) mod tests {
    use png::BitDepth;

    use super::*;

    /// A PNG of the given samples.
    pub(crate) fn encode(width: usize, height: usize, colour: ColorType, depth: BitDepth, samples: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, width as u32, height as u32);
        encoder.set_color(colour);
        encoder.set_depth(depth);
        if colour == ColorType::Indexed {
            encoder.set_palette(vec![0, 0, 0, 255, 255, 255, 255, 0, 0]);
        }
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(samples).unwrap();
        writer.finish().unwrap();
        bytes
    }

    /// An 8-bit grey PNG.
    pub(crate) fn grey(width: usize, height: usize, pixels: &[u8]) -> Vec<u8> {
        encode(width, height, ColorType::Grayscale, BitDepth::Eight, pixels)
    }

    fn decoded(colour: ColorType, depth: BitDepth, samples: &[u8]) -> Vec<u8> {
        decode_png(&encode(2, 1, colour, depth, samples), 16).unwrap().pixels
    }

    #[test]
    fn every_colour_type_and_depth_becomes_eight_bit_grey() {
        use {BitDepth::*, ColorType::*};
        assert_eq!(decoded(Grayscale, Eight, &[7, 200]), [7, 200]);
        assert_eq!(decoded(Grayscale, Sixteen, &[0xff, 0xff, 0x80, 0x12]), [255, 128]);
        assert_eq!(decoded(Grayscale, One, &[0b1000_0000]), [255, 0]);
        assert_eq!(decoded(Grayscale, Four, &[0xf1]), [255, 17]);
        assert_eq!(decoded(GrayscaleAlpha, Eight, &[200, 255, 200, 0]), [200, 0]);
        assert_eq!(decoded(Rgb, Eight, &[255, 0, 0, 255, 255, 255]), [76, 255]);
        assert_eq!(decoded(Rgb, Sixteen, &[0, 0, 255, 255, 0, 0, 9, 9, 9, 9, 9, 9]), [150, 9]);
        assert_eq!(decoded(Rgba, Eight, &[255, 255, 255, 128, 0, 255, 255, 255]), [128, 179]);
        assert_eq!(decoded(Indexed, Two, &[0b0110_0000]), [255, 76]);
    }

    #[test]
    fn messages_are_words() {
        let debug = "CRC error: expected 0x1 have 0x2 while decoding \
                     ChunkType { type: PLTE, critical: true, private: false, reserved: false, safecopy: false } chunk.";
        assert_eq!(in_words(debug), "CRC error: expected 0x1 have 0x2 while decoding PLTE chunk");
        assert_eq!(in_words("Corrupt deflate stream. BadWindow { a: 1 }"), "corrupt deflate stream");
    }

    #[test]
    fn a_file_of_another_format_is_called_what_it_is() {
        let message = |bytes: &[u8]| decode_png(bytes, 16).unwrap_err().to_string();
        assert_eq!(message(b"\xff\xd8\xff\xe0\0\x10JFIF"), "not a usable PNG: it is a JPEG");
        assert_eq!(message(b"GIF89a"), "not a usable PNG: it is a GIF");
    }

    /// A palette of four bytes, over which png 0.18.1 panics.
    pub(crate) const ODD_PALETTE: &[u8] = b"\x89PNG\r\n\x1a\n\
        \0\0\0\x0dIHDR\0\0\0\x01\0\0\0\x01\x08\x03\0\0\0\x28\xcb\x34\xbb\
        \0\0\0\x04PLTE\x01\x02\x03\x04\x23\xdb\x8a\xab\
        \0\0\0\x0aIDATx\x9cc`\0\0\0\x02\0\x01H\xaf\xa4q\
        \0\0\0\0IEND\xaeB`\x82";

    #[test]
    fn a_panic_of_the_decoder_is_an_error() {
        let message = decode_png(ODD_PALETTE, 16).unwrap_err().to_string();
        assert!(message.starts_with("not a usable PNG: the decoder failed at it: "), "{message}");
    }

    #[test]
    fn a_dark_drawing_on_a_transparent_ground_does_not_vanish() {
        assert_eq!(decoded(ColorType::GrayscaleAlpha, BitDepth::Eight, &[0, 255, 0, 0]), [0, 255]);
        assert_eq!(decoded(ColorType::Rgba, BitDepth::Eight, &[40, 40, 40, 255, 255, 255, 255, 0]), [40, 255]);
    }

    #[test]
    fn a_huge_size_in_the_header_is_refused_before_it_is_allocated() {
        let mut bytes = grey(2, 1, &[1, 2]);
        bytes[16..24].copy_from_slice(&[0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff]);
        let message = decode_png(&bytes, 4096).unwrap_err().to_string();
        assert!(message.contains("2147483647 x 2147483647 pixels, the limit is 4096"), "{message}");
    }

    #[test]
    fn truncated_or_altered_bytes_are_refused_wherever_it_happens() {
        let good = grey(5, 4, &(0..20).collect::<Vec<u8>>());
        assert!(decode_png(&good, 16).is_ok());
        for cut in 0..good.len() - 12 {
            assert!(decode_png(&good[..cut], 16).is_err(), "cut at {cut}");
        }
        // Ends before the last chunk: all bytes are covered by a checksum or by the structure.
        for at in 0..good.len() - 12 {
            let mut bytes = good.clone();
            bytes[at] ^= 0x20;
            assert!(decode_png(&bytes, 1 << 14).is_err(), "flipped at {at}");
        }
    }
}
