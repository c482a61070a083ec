//! Image files of the other formats: whole ones with some bytes changed.

use std::{io::Cursor, sync::LazyLock};

use image::{DynamicImage, ImageFormat, RgbImage};
use proptest::{prelude::*, sample::select};

use super::{Parser, png::SIDE};
use crate::strategies::{edited, edits};

pub struct Image;

impl Parser for Image {
    fn inputs(&self) -> BoxedStrategy<Vec<u8>> {
        (select(GOOD.clone()), edits(WORDS, 4), 0u8..8)
            .prop_map(|(good, edits, rare)| if rare == 0 { good } else { edited(good, &edits) })
            .boxed()
    }

    fn read(&mut self, bytes: &[u8]) -> bool {
        let decoded = data::decode_image(bytes, SIDE);
        if let Ok(image) = &decoded {
            assert_eq!(image.pixels.len(), image.shape.len());
        }
        decoded.map_err(|error| error.to_string()).is_ok()
    }
}

/// Markers of JPEG, tags of TIFF, chunks of WebP, blocks of GIF, lengths.
const WORDS: &[&[u8]] = &[
    b"\xff\xc0",
    b"\xff\xc2",
    b"\xff\xc4",
    b"\xff\xda",
    b"\xff\xe1",
    b"\xff\xff",
    b"Exif\0\0",
    b"II*\0",
    b"MM\0*",
    b"VP8 ",
    b"VP8L",
    b"VP8X",
    b"ALPH",
    b"ANIM",
    b"\x21\xf9\x04",
    b"\x2c\0\0",
    b"\0\0\0\0",
    b"\x7f\xff\xff\xff",
];

/// A small picture in grey and in colour, in each format.
static GOOD: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let colour = RgbImage::from_fn(13, 9, |x, y| image::Rgb([20 * x as u8, 25 * y as u8, (x * y) as u8]));
    let pictures = [DynamicImage::from(colour.clone()), DynamicImage::from(colour).to_luma8().into()];
    let formats = [ImageFormat::Jpeg, ImageFormat::WebP, ImageFormat::Bmp, ImageFormat::Gif, ImageFormat::Tiff];
    let files = formats.iter().flat_map(|format| pictures.iter().map(move |picture| (picture, *format)));
    let file = |(picture, format): (&DynamicImage, ImageFormat)| {
        let mut bytes = Cursor::new(Vec::new());
        // Not every format has greys.
        picture.write_to(&mut bytes, format).ok().map(|()| bytes.into_inner())
    };
    files.filter_map(file).collect()
});
