//! PNG files as 8-bit grey images.
//!
//! Colour becomes grey by the luma weights of ITU-R BT.601 (0.299, 0.587, 0.114), 16 bits become 8. What is transparent
//! becomes black, the ground of MNIST, or white where the drawing is dark and would vanish.

use std::io::Cursor;

use png::{ColorType, Decoder, Limits, Transformations};

use crate::{Error, contain};

/// One decoded image, row by row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GreyImage {
    pub height: usize,
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
    // What the decoder does not expect of a file may be a panic; its text says nothing of the file.
    let decoded = contain::contained(|| decode(bytes, [height, width]));
    decoded.unwrap_or_else(|_| refuse("the decoder failed at it; if others show it, save it anew as a PNG".into()))
}

/// What the decoder may hold beside the pixels: some rows, a window of 32 KiB, chunks that it keeps.
const WORKING_BYTES: usize = 32 << 20;

/// Row after row: a whole image in colour would be up to eight times as large as what is kept of it.
fn decode(bytes: &[u8], [height, width]: [usize; 2]) -> Result<GreyImage, Error> {
    let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), Limits { bytes: WORKING_BYTES });
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    let mut reader = decoder.read_info().map_err(broken)?;
    let passes: &[Pass] = if reader.info().interlaced { &ADAM7 } else { &[(0, 0, 1, 1)] };
    let colour = reader.output_color_type().0;
    let has_alpha = matches!(colour, ColorType::GrayscaleAlpha | ColorType::Rgba);
    let mut pixels = vec![0; height * width];
    let mut alphas = if has_alpha { pixels.clone() } else { Vec::new() };
    for (top, left, down, right) in passes.iter().filter(|pass| pass.1 < width) {
        for y in (*top..height).step_by(*down) {
            let row = reader.next_row().map_err(broken)?;
            let samples = row.as_ref().map_or(&[][..], |row| row.data()).chunks_exact(colour.samples());
            let places = (y * width + left..(y + 1) * width).step_by(*right);
            if samples.len() != places.len() {
                return refuse("it has fewer pixels than its header claims".into());
            }
            for (place, sample) in places.zip(samples) {
                pixels[place] = if sample.len() < 3 { sample[0] } else { luma(sample) };
                alphas.get_mut(place).into_iter().for_each(|alpha| *alpha = sample[sample.len() - 1]);
            }
        }
    }
    reader.finish().map_err(broken)?;
    if has_alpha {
        over_ground(&mut pixels, &alphas);
    }
    Ok(GreyImage { height, width, pixels })
}

/// The pixels that are sent together: first row, first column, and the steps to the next ones.
type Pass = (usize, usize, usize, usize);

/// Those of an interlaced image (PNG specification, 8.2).
const ADAM7: [Pass; 7] =
    [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)];

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

/// BT.601 in 16-bit fixed point, the same integers as in PIL.
fn luma(rgb: &[u8]) -> u8 {
    let weighted = 19595 * u32::from(rgb[0]) + 38470 * u32::from(rgb[1]) + 7471 * u32::from(rgb[2]);
    ((weighted + 0x8000) >> 16) as u8
}

/// Lays pixels over black, or over white where what is opaque is dark in the mean.
fn over_ground(pixels: &mut [u8], alphas: &[u8]) {
    let (mut ink, mut opaque) = (0, 0);
    for (grey, alpha) in pixels.iter().zip(alphas) {
        ink += u64::from(*grey) * u64::from(*alpha);
        opaque += u64::from(*alpha);
    }
    let ground = if ink < 128 * opaque { 255 } else { 0 };
    for (grey, alpha) in pixels.iter_mut().zip(alphas) {
        let blend = u32::from(*grey) * u32::from(*alpha) + ground * (255 - u32::from(*alpha));
        *grey = ((blend + 127) / 255) as u8;
    }
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
    if message.starts_with("Invalid color/depth combination") {
        return "its header claims a bit depth that its kind of colour does not have".into();
    }
    let mut parts = message.split("ChunkType { type: ");
    let mut words = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        // Bytes of a type that are no letters are escaped, in braces of their own.
        let (value, flags) = part.split_once(", critical: ").unwrap_or((part, ""));
        words += value;
        words += flags.split_once('}').map_or("", |(_, after)| after);
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
        let debug = "Unrecognized critical chunk: ChunkType { type: ID\\u{86}T, critical: true, private: false }.";
        assert_eq!(in_words(debug), "Unrecognized critical chunk: ID\\u{86}T");
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
        assert_eq!(message, "not a usable PNG: the decoder failed at it; if others show it, save it anew as a PNG");
    }

    /// A PNG of 8-bit samples, as wide and high as said, whose compressed stream holds these bytes.
    fn by_hand(width: u8, height: u8, [colour, interlace]: [u8; 2], rows: &[u8], before: &[u8]) -> Vec<u8> {
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        std::io::Write::write_all(&mut zlib, rows).unwrap();
        let header = [0, 0, 0, width, 0, 0, 0, height, 8, colour, 0, 0, interlace];
        let chunks = [chunk(b"IHDR", &header), before.to_vec(), chunk(b"IDAT", &zlib.finish().unwrap())];
        [&b"\x89PNG\r\n\x1a\n"[..], &chunks.concat(), &chunk(b"IEND", &[])].concat()
    }

    fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
        let checked = [&kind[..], data].concat();
        let length = (data.len() as u32).to_be_bytes();
        [&length[..], &checked, &crc32fast::hash(&checked).to_be_bytes()].concat()
    }

    #[test]
    fn an_interlaced_image_is_put_together() {
        // The specification's picture of an 8 x 8 block: in which pass which pixel is sent.
        let block = [
            [1, 6, 4, 6, 2, 6, 4, 6],
            [7; 8],
            [5, 6, 5, 6, 5, 6, 5, 6],
            [7; 8],
            [3, 6, 4, 6, 3, 6, 4, 6],
            [7; 8],
            [5, 6, 5, 6, 5, 6, 5, 6],
            [7; 8],
        ];
        for (width, height) in [(8, 8), (5, 3), (1, 1), (2, 7), (13, 9)] {
            let pass = |y: usize, x: usize| block[y % 8][x % 8];
            let value = |y: usize, x: usize| (20 * y + x) as u8;
            let mut rows = Vec::new();
            for number in 1..8 {
                for y in 0..height {
                    let row: Vec<u8> =
                        (0..width).filter(|x| pass(y, *x) == number).flat_map(|x| [value(y, x), 255]).collect();
                    if !row.is_empty() {
                        rows.push(0);
                        rows.extend(row);
                    }
                }
            }
            let image = decode_png(&by_hand(width as u8, height as u8, [4, 1], &rows, &[]), 16).unwrap();
            let expected: Vec<u8> = (0..height).flat_map(|y| (0..width).map(move |x| value(y, x))).collect();
            assert_eq!(image.pixels, expected, "{width} x {height}");
        }
    }

    #[test]
    fn an_animation_whose_first_picture_is_smaller_than_the_whole_is_no_panic() {
        let control = [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0];
        let before = [chunk(b"acTL", &[0, 0, 0, 1, 0, 0, 0, 0]), chunk(b"fcTL", &control)].concat();
        assert!(matches!(decode_png(&by_hand(2, 2, [0, 0], &[0, 7], &before), 16), Err(Error::Png { .. })));
    }

    #[test]
    fn a_small_file_cannot_ask_for_much() {
        // A profile that inflates to 64 MiB, which nobody asked for.
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut zlib, &vec![0; 64 << 20]).unwrap();
        let profile = chunk(b"iCCP", &[b"x\0\0", &zlib.finish().unwrap()[..]].concat());
        assert_eq!(decode_png(&by_hand(1, 1, [0, 0], &[0, 7], &profile), 16).unwrap().pixels, [7]);
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
