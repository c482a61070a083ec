//! Image files as 8-bit pixels, grey or in colour: PNG, JPEG, WebP, BMP, GIF (the first frame) and TIFF.
//!
//! 16 bits become 8, an EXIF orientation is heeded, and what is transparent becomes black, the ground of MNIST, or white where the
//! drawing is dark and would vanish.

mod jpeg;

use std::{error::Error as _, io::Cursor};

use image::{
    DynamicImage, ImageDecoder as _, ImageError, ImageFormat, ImageReader, Limits,
    metadata::Orientation::{self, Rotate90, Rotate90FlipH, Rotate270, Rotate270FlipH},
};
use task::Shape;

use crate::{Error, contain};

/// One decoded image: row by row, the channels of a pixel beside each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodedImage {
    pub shape: Shape,
    /// 0 (black) to 255 (white), or of each colour.
    pub pixels: Vec<u8>,
}

/// What a file holds, in the order of the formats' share.
const FORMATS: [ImageFormat; 6] =
    [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP, ImageFormat::Bmp, ImageFormat::Gif, ImageFormat::Tiff];

/// What the files that are taken may end with; what they are their first bytes say.
pub(crate) const EXTENSIONS: [&str; 10] = ["png", "jpg", "jpeg", "jpe", "jfif", "webp", "bmp", "gif", "tif", "tiff"];

/// Whether a file of this name is taken for an image.
pub fn is_image_name(name: &str) -> bool {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    extension.is_some_and(|extension| EXTENSIONS.contains(&extension.as_str()))
}

/// What images end with that are of formats which are not taken.
const OTHER_EXTENSIONS: [&str; 10] = ["heic", "heif", "avif", "jxl", "jp2", "dng", "cr2", "nef", "psd", "svg"];

/// The ending of an image's name, where its format is not taken.
pub(crate) fn other_format(name: &str) -> Option<&'static str> {
    let extension = name.rsplit_once('.')?.1.to_ascii_lowercase();
    OTHER_EXTENSIONS.into_iter().find(|other| *other == extension)
}

/// What a decoder may hold beside the pixels.
const WORKING_BYTES: u64 = 32 << 20;

/// Decodes an image whose sides are at most `max_side` pixels: in colour where its file is.
///
/// # Errors
/// [`Error::Image`] for bytes that are no image, are broken or truncated, or whose header claims more than `max_side`; the header is
/// checked before anything of that size is allocated.
pub fn decode_image(bytes: &[u8], max_side: usize) -> Result<DecodedImage, Error> {
    contained(|| {
        let format = format_of(bytes)?;
        if format == ImageFormat::Jpeg {
            return jpeg::decode(bytes, max_side);
        }
        let mut decoder = opened(bytes, format, max_side)?;
        let orientation = decoder.orientation().map_err(broken)?;
        let mut image = DynamicImage::from_decoder(decoder).map_err(broken)?;
        image.apply_orientation(orientation);
        Ok(in_eight_bits(image))
    })
}

/// The shape of the image, of which no pixel is decoded.
///
/// # Errors
/// As [`decode_image`], as far as the header tells.
pub(crate) fn shape_of(bytes: &[u8], max_side: usize) -> Result<Shape, Error> {
    contained(|| {
        let format = format_of(bytes)?;
        if format == ImageFormat::Jpeg {
            return jpeg::shape_of(bytes, max_side);
        }
        let mut decoder = opened(bytes, format, max_side)?;
        let (width, height) = decoder.dimensions();
        let channels = if decoder.color_type().has_color() { 3 } else { 1 };
        let shape = Shape { channels, height: height as usize, width: width as usize };
        Ok(turned(shape, decoder.orientation().map_err(broken)?))
    })
}

/// The shape after it is turned.
fn turned(shape: Shape, orientation: Orientation) -> Shape {
    match orientation {
        Rotate90 | Rotate270 | Rotate90FlipH | Rotate270FlipH => {
            Shape { height: shape.width, width: shape.height, ..shape }
        }
        _ => shape,
    }
}

/// What a decoder does not expect of a file may be a panic; its text says nothing of the file.
fn contained<T>(decode: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    let failed = |_| refuse("the decoder failed at it; if others show it, save it anew".into());
    contain::contained(decode).unwrap_or_else(failed)
}

fn opened(bytes: &[u8], format: ImageFormat, max_side: usize) -> Result<impl image::ImageDecoder + '_, Error> {
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.no_limits();
    let mut decoder = reader.into_decoder().map_err(broken)?;
    let (width, height) = decoder.dimensions();
    within([height as usize, width as usize], max_side)?;
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(decoder.total_bytes().saturating_add(WORKING_BYTES));
    decoder.set_limits(limits).map_err(broken)?;
    Ok(decoder)
}

fn within([height, width]: [usize; 2], max_side: usize) -> Result<(), Error> {
    if width == 0 || height == 0 {
        return refuse("its header claims no pixels".into());
    }
    if width.max(height) > max_side {
        return refuse(format!("its header claims {height} x {width} pixels, the limit is {max_side} x {max_side}"));
    }
    Ok(())
}

fn format_of(bytes: &[u8]) -> Result<ImageFormat, Error> {
    if bytes.is_empty() {
        return refuse("it is empty".into());
    }
    match image::guess_format(bytes) {
        Ok(format) if FORMATS.contains(&format) => Ok(format),
        _ => refuse(match OTHERS.iter().find(|(start, _)| bytes.starts_with(start)) {
            Some((_, other)) => format!("it is {other}"),
            None => "it starts as no image does: PNG, JPEG, WebP, BMP, GIF and TIFF are taken".into(),
        }),
    }
}

/// What files that are no images begin with, as they are called in a sentence.
const OTHERS: [(&[u8], &str); 6] = [
    (b"%PDF", "a PDF"),
    (b"\x1f\x8b", "gzipped"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"<svg", "an SVG"),
    (b"<?xml", "an XML file, as SVG is"),
    (b"<!DOCTYPE html", "a web page"),
];

/// One or three channels of eight bits.
fn in_eight_bits(image: DynamicImage) -> DecodedImage {
    let (width, height) = (image.width() as usize, image.height() as usize);
    let high = |values: &[u16]| values.iter().map(|value| (value >> 8) as u8).collect::<Vec<u8>>();
    let (samples, pixels) = match image {
        DynamicImage::ImageLuma8(image) => (1, image.into_raw()),
        DynamicImage::ImageLumaA8(image) => (2, image.into_raw()),
        DynamicImage::ImageRgb8(image) => (3, image.into_raw()),
        DynamicImage::ImageRgba8(image) => (4, image.into_raw()),
        DynamicImage::ImageLuma16(image) => (1, high(image.as_raw())),
        DynamicImage::ImageLumaA16(image) => (2, high(image.as_raw())),
        DynamicImage::ImageRgb16(image) => (3, high(image.as_raw())),
        DynamicImage::ImageRgba16(image) => (4, high(image.as_raw())),
        other if other.color().has_alpha() => (4, other.into_rgba8().into_raw()),
        other => (3, other.into_rgb8().into_raw()),
    };
    let pixels = match samples {
        2 => over_ground::<1, 2>(&pixels),
        4 => over_ground::<3, 4>(&pixels),
        _ => pixels,
    };
    DecodedImage { shape: Shape { channels: if samples < 3 { 1 } else { 3 }, height, width }, pixels }
}

/// Lays pixels of `COLOURS` values and one of opacity over black, or over white where what is opaque is dark in the mean.
fn over_ground<const COLOURS: usize, const SAMPLES: usize>(pixels: &[u8]) -> Vec<u8> {
    let (pixels, _) = pixels.as_chunks::<SAMPLES>();
    let (mut ink, mut opaque) = (0, 0);
    for pixel in pixels {
        let alpha = u64::from(pixel[COLOURS]);
        ink += u64::from(if COLOURS == 1 { pixel[0] } else { luma([pixel[0], pixel[1], pixel[2]]) }) * alpha;
        opaque += alpha;
    }
    let ground = if ink < 128 * opaque { 255 } else { 0 };
    let mut laid = Vec::with_capacity(pixels.len() * COLOURS);
    for pixel in pixels {
        let alpha = u32::from(pixel[COLOURS]);
        let blend = |value: &u8| ((u32::from(*value) * alpha + ground * (255 - alpha) + 127) / 255) as u8;
        laid.extend(pixel[..COLOURS].iter().map(blend));
    }
    laid
}

/// Grey of a colour by the weights of ITU-R BT.601 (0.299, 0.587, 0.114) in 16-bit fixed point, the same integers as in PIL.
pub(crate) fn luma([red, green, blue]: [u8; 3]) -> u8 {
    let weighted = 19595 * u32::from(red) + 38470 * u32::from(green) + 7471 * u32::from(blue);
    ((weighted + 0x8000) >> 16) as u8
}

fn broken(error: ImageError) -> Error {
    let reason = match error {
        ImageError::Decoding(error) => match error.source() {
            Some(cause) => in_words(&cause.to_string()),
            None => "it is broken".into(),
        },
        ImageError::IoError(cause) => in_words(&cause.to_string()),
        ImageError::Limits(_) => "its decoding would take more memory than an image of its size needs".into(),
        other => in_words(&other.to_string()),
    };
    Error::Image { reason }
}

/// A decoder's message as words on one line: the one of PNG writes chunks, and the causes of a bad stream, as Rust values.
fn in_words(message: &str) -> String {
    if message.starts_with("Corrupt deflate stream") {
        return "corrupt deflate stream".into();
    }
    if message.starts_with("Invalid color/depth combination") {
        return "its header claims a bit depth that its kind of colour does not have".into();
    }
    if message.contains("unexpected end of file") || message.contains("failed to fill whole buffer") {
        return "it is cut short".into();
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
    Err(Error::Image { reason })
}

#[cfg(test)]
pub(crate) mod tests {
    use image::{DynamicImage, GrayImage, RgbImage, codecs::gif::GifEncoder, codecs::jpeg::JpegEncoder};
    use png::{BitDepth, ColorType};

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

    /// A PNG whose header claims so many rows and columns.
    pub(crate) fn claiming(png: &[u8], side: u32) -> Vec<u8> {
        let mut bytes = png.to_vec();
        bytes[16..24].copy_from_slice(&[side.to_be_bytes(), side.to_be_bytes()].concat());
        let crc = crc32fast::hash(&bytes[12..29]);
        bytes[29..33].copy_from_slice(&crc.to_be_bytes());
        bytes
    }

    fn decoded(colour: ColorType, depth: BitDepth, samples: &[u8]) -> Vec<u8> {
        decode_image(&encode(2, 1, colour, depth, samples), 16).unwrap().pixels
    }

    #[test]
    fn every_colour_type_and_depth_of_a_png_becomes_eight_bits_grey_or_in_colour() {
        use {BitDepth::*, ColorType::*};
        assert_eq!(decoded(Grayscale, Eight, &[7, 200]), [7, 200]);
        assert_eq!(decoded(Grayscale, Sixteen, &[0xff, 0xff, 0x80, 0x12]), [255, 128]);
        assert_eq!(decoded(Grayscale, One, &[0b1000_0000]), [255, 0]);
        assert_eq!(decoded(Grayscale, Four, &[0xf1]), [255, 17]);
        assert_eq!(decoded(GrayscaleAlpha, Eight, &[200, 255, 200, 0]), [200, 0]);
        assert_eq!(decoded(Rgb, Eight, &[255, 0, 0, 9, 8, 7]), [255, 0, 0, 9, 8, 7]);
        assert_eq!(decoded(Rgb, Sixteen, &[0, 0, 255, 255, 0, 0, 9, 9, 9, 9, 9, 9]), [0, 255, 0, 9, 9, 9]);
        assert_eq!(decoded(Rgba, Eight, &[255, 255, 255, 128, 0, 255, 255, 255]), [128, 128, 128, 0, 255, 255]);
        assert_eq!(decoded(Indexed, Two, &[0b0110_0000]), [255, 255, 255, 255, 0, 0]);
        assert_eq!([luma([255, 0, 0]), luma([255; 3]), luma([0, 255, 0])], [76, 255, 150]);
    }

    fn written(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        image.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn every_format_is_known_by_its_bytes() {
        // Half of it red, half of it blue.
        let colour = RgbImage::from_fn(16, 8, |x, _| image::Rgb(if x < 8 { [250, 5, 5] } else { [5, 5, 250] }));
        let grey = GrayImage::from_fn(16, 8, |x, _| image::Luma([if x < 8 { 10 } else { 200 }]));
        for format in FORMATS {
            let image = decode_image(&written(&colour.clone().into(), format), 16).unwrap();
            assert_eq!(
                (image.shape, image.pixels.len()),
                (Shape { channels: 3, height: 8, width: 16 }, 3 * 128),
                "{format:?}"
            );
            let (left, right) = (&image.pixels[..3], &image.pixels[45..48]);
            assert!(left[0] > 240 && left[2] < 20 && right[0] < 20 && right[2] > 240, "{format:?}: {left:?} {right:?}");
            assert_eq!(shape_of(&written(&colour.clone().into(), format), 16).unwrap(), image.shape);
        }
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Tiff] {
            let image = decode_image(&written(&grey.clone().into(), format), 16).unwrap();
            assert_eq!(image.shape, Shape::grey([8, 16]), "{format:?}");
            assert!(image.pixels[0] < 20 && image.pixels[15] > 190, "{format:?}");
        }
    }

    #[test]
    fn of_an_animation_the_first_picture_is_taken() {
        let mut bytes = Vec::new();
        let mut encoder = GifEncoder::new(&mut bytes);
        for value in [255, 0] {
            let picture = image::RgbaImage::from_pixel(4, 4, image::Rgba([value, value, value, 255]));
            encoder.encode_frame(image::Frame::new(picture)).unwrap();
        }
        drop(encoder);
        assert!(decode_image(&bytes, 16).unwrap().pixels.iter().all(|value| *value == 255));
    }

    /// A JPEG that says to be turned.
    fn turned(orientation: u8) -> Vec<u8> {
        let mut image = GrayImage::from_pixel(16, 8, image::Luma([0]));
        (0..8).for_each(|y| (0..8).for_each(|x| image.put_pixel(x, y, image::Luma([255]))));
        let mut bytes = Vec::new();
        JpegEncoder::new_with_quality(&mut bytes, 100).encode_image(&image).unwrap();
        // Big-endian TIFF with one entry: orientation, a short.
        let tiff = [&b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0"[..], &[orientation, 0, 0, 0, 0, 0, 0]]
            .concat();
        let segment = [&[0xff, 0xe1][..], &(tiff.len() as u16 + 2).to_be_bytes(), &tiff].concat();
        [&bytes[..2], &segment, &bytes[2..]].concat()
    }

    #[test]
    fn an_orientation_is_heeded() {
        let white_at = |bytes: &[u8]| {
            let image = decode_image(bytes, 16).unwrap();
            assert_eq!(shape_of(bytes, 16).unwrap(), image.shape);
            let at = |row: usize, column: usize| image.pixels[row * image.shape.width + column] > 128;
            let [height, width] = image.shape.sides();
            ([height, width], [at(1, 1), at(1, width - 2), at(height - 2, 1), at(height - 2, width - 2)])
        };
        assert_eq!(white_at(&turned(1)), ([8, 16], [true, false, true, false]));
        assert_eq!(white_at(&turned(3)), ([8, 16], [false, true, false, true]));
        assert_eq!(white_at(&turned(6)), ([16, 8], [true, true, false, false]));
        assert_eq!(white_at(&turned(8)), ([16, 8], [false, false, true, true]));
    }

    #[test]
    fn broken_files_of_every_format_are_errors_of_one_line() {
        let colour: DynamicImage =
            RgbImage::from_fn(16, 8, |x, y| image::Rgb([x as u8, y as u8, (x * y) as u8])).into();
        for format in FORMATS {
            let good = written(&colour, format);
            for cut in [0, 3, 10, good.len() / 4, good.len() / 2] {
                let message = decode_image(&good[..cut], 16).unwrap_err().to_string();
                assert!(
                    message.starts_with("not a usable image: ") && !message.contains('\n'),
                    "{format:?}: {message}"
                );
            }
        }
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
    fn what_is_no_image_is_called_what_it_is() {
        let message = |bytes: &[u8]| decode_image(bytes, 16).unwrap_err().to_string();
        assert_eq!(message(b""), "not a usable image: it is empty");
        assert_eq!(message(b"%PDF-1.7"), "not a usable image: it is a PDF");
        assert!(message(b"hello").contains("it starts as no image does: PNG, JPEG"), "{}", message(b"hello"));
    }

    /// A palette of four bytes, over which png 0.18.1 panics.
    pub(crate) const ODD_PALETTE: &[u8] = b"\x89PNG\r\n\x1a\n\
        \0\0\0\x0dIHDR\0\0\0\x01\0\0\0\x01\x08\x03\0\0\0\x28\xcb\x34\xbb\
        \0\0\0\x04PLTE\x01\x02\x03\x04\x23\xdb\x8a\xab\
        \0\0\0\x0aIDATx\x9cc`\0\0\0\x02\0\x01H\xaf\xa4q\
        \0\0\0\0IEND\xaeB`\x82";

    #[test]
    fn a_panic_of_the_decoder_is_an_error() {
        let message = decode_image(ODD_PALETTE, 16).unwrap_err().to_string();
        assert_eq!(message, "not a usable image: the decoder failed at it; if others show it, save it anew");
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
            let image = decode_image(&by_hand(width as u8, height as u8, [4, 1], &rows, &[]), 16).unwrap();
            let expected: Vec<u8> = (0..height).flat_map(|y| (0..width).map(move |x| value(y, x))).collect();
            assert_eq!(image.pixels, expected, "{width} x {height}");
        }
    }

    #[test]
    fn an_animation_whose_first_picture_is_smaller_than_the_whole_is_no_panic() {
        let control = [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0];
        let before = [chunk(b"acTL", &[0, 0, 0, 1, 0, 0, 0, 0]), chunk(b"fcTL", &control)].concat();
        assert!(matches!(decode_image(&by_hand(2, 2, [0, 0], &[0, 7], &before), 16), Err(Error::Image { .. })));
    }

    #[test]
    fn a_small_file_cannot_ask_for_much() {
        // A profile that inflates to 64 MiB, which nobody asked for.
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut zlib, &vec![0; 64 << 20]).unwrap();
        let profile = chunk(b"iCCP", &[b"x\0\0", &zlib.finish().unwrap()[..]].concat());
        assert_eq!(decode_image(&by_hand(1, 1, [0, 0], &[0, 7], &profile), 16).unwrap().pixels, [7]);
    }

    #[test]
    fn a_dark_drawing_on_a_transparent_ground_does_not_vanish() {
        assert_eq!(decoded(ColorType::GrayscaleAlpha, BitDepth::Eight, &[0, 255, 0, 0]), [0, 255]);
        assert_eq!(
            decoded(ColorType::Rgba, BitDepth::Eight, &[40, 40, 40, 255, 255, 255, 255, 0]),
            [40, 40, 40, 255, 255, 255]
        );
    }

    #[test]
    fn a_huge_size_in_the_header_is_refused_before_it_is_allocated() {
        let bytes = claiming(&grey(2, 1, &[1, 2]), 0x7fff_ffff);
        let message = decode_image(&bytes, 4096).unwrap_err().to_string();
        assert!(message.contains("2147483647 x 2147483647 pixels, the limit is 4096"), "{message}");
    }

    #[test]
    fn truncated_or_altered_bytes_are_refused_wherever_it_happens() {
        let good = grey(5, 4, &(0..20).collect::<Vec<u8>>());
        assert!(decode_image(&good, 16).is_ok());
        for cut in 0..good.len() - 12 {
            assert!(decode_image(&good[..cut], 16).is_err(), "cut at {cut}");
        }
        // Ends before the last chunk: all bytes are covered by a checksum or by the structure.
        for at in 0..good.len() - 12 {
            let mut bytes = good.clone();
            bytes[at] ^= 0x20;
            assert!(decode_image(&bytes, 1 << 14).is_err(), "flipped at {at}");
        }
    }
    /// Two fields of 8 x 16 pixels as PIL writes them in cyan, magenta, yellow and black: (220, 30, 40) and (20, 60, 200).
    #[test]
    fn a_jpeg_of_printing_colours_becomes_red_green_and_blue() {
        let file = "ffd8ffee000e41646f626500640000000000ffdb0043000302020302020303030304030304050805050404050a070706080c0a0c0c0b0a\
         0b0b0d0e12100d0e110e0b0b1016101113141515150c0f171816141812141514ffc000140800100010044311004d11005911004b1100ff\
         c4001f0000010501010101010100000000000000000102030405060708090a0bffc400b5100002010303020403050504040000017d0102\
         0300041105122131410613516107227114328191a1082342b1c11552d1f02433627282090a161718191a25262728292a3435363738393a\
         434445464748494a535455565758595a636465666768696a737475767778797a838485868788898a92939495969798999aa2a3a4a5a6a7\
         a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9faffda000e04\
         43004d0059004b00003f00fbd6bf3eabe14afd53afe7aabd42bf6ae8afe856bcbebf1528afe7aabd42bf6ae8afffd9";
        let byte = |at: usize| u8::from_str_radix(&file[at..at + 2], 16).unwrap();
        let bytes: Vec<u8> = (0..file.len()).step_by(2).map(byte).collect();
        let image = decode_image(&bytes, 16).unwrap();
        assert_eq!(image.shape, Shape { channels: 3, height: 16, width: 16 });
        for (at, colour) in [(2 * 16 + 2, [220, 30, 40]), (13 * 16 + 13, [20, 60, 200])] {
            let found = [0, 1, 2].map(|channel| image.pixels[3 * at + channel]);
            assert!(found.iter().zip(colour).all(|(a, b)| a.abs_diff(b) <= 3), "{found:?} is not {colour:?}");
        }
    }
}
