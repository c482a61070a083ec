//! JPEG files, whose header is read once.

use image::{DynamicImage, GrayImage, RgbImage, metadata::Orientation};
use task::Shape;
use zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions};
use zune_jpeg::{JpegDecoder, errors::DecodeErrors};

use super::{DecodedImage, in_words, refuse, within};
use crate::Error;

/// What ends a JPEG.
const END: [u8; 2] = [0xff, 0xd9];

/// Decodes a JPEG. What is not quite as the standard says is taken, but not one without an end: half of its picture would be grey.
pub(super) fn decode(bytes: &[u8], max_side: usize) -> Result<DecodedImage, Error> {
    let (decoder, shape, orientation) = opened(bytes, max_side, true)?;
    let pixels = match decoded(decoder, shape) {
        Err(_) if bytes.windows(2).any(|two| two == END) => {
            let (decoder, shape, _) = opened(bytes, max_side, false)?;
            decoded(decoder, shape)
        }
        Err(DecodeErrors::ExhaustedData | DecodeErrors::IoErrors(_)) => return refuse("it is cut short".into()),
        decoded => decoded,
    };
    let pixels = pixels.map_err(broken)?;
    if orientation == Orientation::NoTransforms {
        return Ok(DecodedImage { shape, pixels });
    }
    let (width, height) = (shape.width as u32, shape.height as u32);
    let image = match shape.channels {
        1 => GrayImage::from_raw(width, height, pixels).map(DynamicImage::from),
        _ => RgbImage::from_raw(width, height, pixels).map(DynamicImage::from),
    };
    let mut image = image.expect("as many pixels as its shape says");
    image.apply_orientation(orientation);
    Ok(super::in_eight_bits(image))
}

/// The shape of a JPEG as it is shown.
pub(super) fn shape_of(bytes: &[u8], max_side: usize) -> Result<Shape, Error> {
    let (_, shape, orientation) = opened(bytes, max_side, false)?;
    Ok(super::turned(shape, orientation))
}

type Decoder<'a> = JpegDecoder<ZCursor<&'a [u8]>>;

/// A decoder that knows the header: shape before it is turned, and how it is to be.
fn opened(bytes: &[u8], max_side: usize, is_strict: bool) -> Result<(Decoder<'_>, Shape, Orientation), Error> {
    let options =
        DecoderOptions::default().set_strict_mode(is_strict).set_max_width(usize::MAX).set_max_height(usize::MAX);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(broken)?;
    let (width, height) = decoder.dimensions().expect("the header is read");
    within([height, width], max_side)?;
    let is_grey = decoder.input_colorspace() == Some(ColorSpace::Luma);
    decoder.set_options(options.jpeg_set_out_colorspace(if is_grey { ColorSpace::Luma } else { ColorSpace::RGB }));
    let orientation = decoder.exif().and_then(|exif| Orientation::from_exif_chunk(exif));
    let shape = Shape { channels: if is_grey { 1 } else { 3 }, height, width };
    Ok((decoder, shape, orientation.unwrap_or(Orientation::NoTransforms)))
}

fn decoded(mut decoder: Decoder<'_>, shape: Shape) -> Result<Vec<u8>, DecodeErrors> {
    let mut pixels = vec![0; shape.len()];
    decoder.decode_into(&mut pixels).map(|()| pixels)
}

fn broken(error: DecodeErrors) -> Error {
    let reason = match error {
        DecodeErrors::ExhaustedData | DecodeErrors::IoErrors(_) => "it is cut short".into(),
        DecodeErrors::Format(reason) => in_words(&reason),
        DecodeErrors::FormatStatic(reason) => in_words(reason),
        error => in_words(&error.to_string()),
    };
    Error::Image { reason }
}
