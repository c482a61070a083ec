//! The short way for the PNGs that MNIST archives hold: 8-bit grey, not interlaced, one size.
//!
//! The `png` crate sets up tens of kilobytes of state for every file, which costs more than decoding 28 x 28 pixels.
//! This decoder keeps its state. It takes a file only where everything about it is plain and whole; on anything else it
//! says "not mine", and [`decode_png`](super::decode_png) takes the file or names what is wrong with it.

use flate2::{Decompress, FlushDecompress, Status};

const SIGNATURE: &[u8; 8] = b"\x89PNG\r\n\x1a\n";

/// Reusable state of the short way.
pub(crate) struct Plain {
    inflate: Decompress,
    /// Filter byte and pixels of each row.
    rows: Vec<u8>,
}

impl Plain {
    pub fn new() -> Self {
        Self { inflate: Decompress::new(true), rows: Vec::new() }
    }

    /// Decodes a plain PNG of `width` columns into `pixels`; `None`: not plain, or not whole.
    pub fn decode(&mut self, bytes: &[u8], width: usize, pixels: &mut [u8]) -> Option<()> {
        let height = pixels.len() / width;
        self.rows.resize(height * (width + 1), 0);
        self.inflate.reset(true);
        let mut chunks = Chunks { rest: bytes.strip_prefix(SIGNATURE)? };
        let (kind, header) = chunks.next()?;
        if kind != *b"IHDR" || header != plain_header(width, height) {
            return None;
        }
        let mut ended = false;
        loop {
            match chunks.next()? {
                (kind, data) if kind == *b"IDAT" && !ended => ended = self.inflate_chunk(data)?,
                (kind, _) if kind == *b"IEND" => break,
                // Lower case: ancillary. Transparency and animation change what is seen.
                (kind, _) if kind[0].is_ascii_lowercase() && kind != *b"tRNS" && kind != *b"acTL" => (),
                _ => return None,
            }
        }
        let whole = ended && self.inflate.total_out() == self.rows.len() as u64;
        whole.then(|| unfilter(&self.rows, width, pixels))?
    }

    /// Whether the compressed stream ended with this chunk.
    fn inflate_chunk(&mut self, data: &[u8]) -> Option<bool> {
        let (read, written) = (self.inflate.total_in(), self.inflate.total_out() as usize);
        let status = self.inflate.decompress(data, &mut self.rows[written..], FlushDecompress::None).ok()?;
        let ended = status == Status::StreamEnd;
        (ended || self.inflate.total_in() - read == data.len() as u64).then_some(ended)
    }
}

fn plain_header(width: usize, height: usize) -> [u8; 13] {
    let mut header = [0; 13];
    header[..4].copy_from_slice(&(width as u32).to_be_bytes());
    header[4..8].copy_from_slice(&(height as u32).to_be_bytes());
    header[8] = 8;
    header
}

/// Type and data of each chunk whose checksum holds.
struct Chunks<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Chunks<'a> {
    type Item = ([u8; 4], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (length, rest) = self.rest.split_first_chunk::<4>()?;
        let length = u32::from_be_bytes(*length) as usize;
        let (checked, rest) = rest.split_at_checked(length.checked_add(4)?)?;
        let (checksum, rest) = rest.split_first_chunk::<4>()?;
        self.rest = rest;
        let (kind, data) = checked.split_first_chunk::<4>()?;
        (crc32fast::hash(checked) == u32::from_be_bytes(*checksum)).then_some((*kind, data))
    }
}

/// Undoes the row filters (PNG specification, 9.2) with one byte per pixel.
fn unfilter(rows: &[u8], width: usize, pixels: &mut [u8]) -> Option<()> {
    for (y, row) in rows.chunks_exact(width + 1).enumerate() {
        let (above, here) = pixels.split_at_mut(y * width);
        let above = above.len().checked_sub(width).map(|start| &above[start..]);
        let here = &mut here[..width];
        here.copy_from_slice(&row[1..]);
        unfilter_row(row[0], here, above)?;
    }
    Some(())
}

fn unfilter_row(filter: u8, row: &mut [u8], above: Option<&[u8]>) -> Option<()> {
    let up = |x: usize| above.map_or(0, |above| above[x]);
    let (mut left, mut up_left) = (0u8, 0u8);
    match filter {
        0 => (),
        1 => row.iter_mut().for_each(|byte| {
            left = byte.wrapping_add(left);
            *byte = left;
        }),
        2 => row.iter_mut().enumerate().for_each(|(x, byte)| *byte = byte.wrapping_add(up(x))),
        3 => row.iter_mut().enumerate().for_each(|(x, byte)| {
            left = byte.wrapping_add(((u16::from(left) + u16::from(up(x))) / 2) as u8);
            *byte = left;
        }),
        4 => row.iter_mut().enumerate().for_each(|(x, byte)| {
            left = byte.wrapping_add(paeth(left, up(x), up_left));
            up_left = up(x);
            *byte = left;
        }),
        _ => return None,
    }
    Some(())
}

/// The one of the three neighbours that is nearest to `left + up - up_left`.
fn paeth(left: u8, up: u8, up_left: u8) -> u8 {
    let [a, b, c] = [left, up, up_left].map(i16::from);
    let (to_left, to_up, to_up_left) = ((b - c).abs(), (a - c).abs(), (a + b - 2 * c).abs());
    match (to_left <= to_up && to_left <= to_up_left, to_up <= to_up_left) {
        (true, _) => left,
        (false, true) => up,
        (false, false) => up_left,
    }
}

#[cfg(test)]
mod tests {
    use png::{BitDepth, ColorType, Filter};

    use super::*;
    use crate::png::{decode_png, tests::encode};

    fn with_filter(filter: Filter, pixels: &[u8], width: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, width as u32, (pixels.len() / width) as u32);
        encoder.set_color(ColorType::Grayscale);
        encoder.set_filter(filter);
        encoder.write_header().unwrap().write_image_data(pixels).unwrap();
        bytes
    }

    #[test]
    fn every_filter_gives_back_the_pixels_that_went_in() {
        let pixels: Vec<u8> = (0..7 * 9u32).map(|i| (i * i * 37 + i * 11) as u8).collect();
        let mut plain = Plain::new();
        for filter in [Filter::NoFilter, Filter::Sub, Filter::Up, Filter::Avg, Filter::Paeth, Filter::Adaptive] {
            let bytes = with_filter(filter, &pixels, 7);
            let mut decoded = vec![0; 63];
            plain.decode(&bytes, 7, &mut decoded).unwrap();
            assert_eq!(decoded, pixels, "{filter:?}");
            assert_eq!(decode_png(&bytes, 16).unwrap().pixels, pixels, "{filter:?}");
        }
    }

    #[test]
    fn what_is_not_plain_or_not_whole_is_left_to_the_full_decoder() {
        let mut plain = Plain::new();
        let mut out = [0; 6];
        let good = encode(3, 2, ColorType::Grayscale, BitDepth::Eight, &[1, 2, 3, 4, 5, 6]);
        assert!(plain.decode(&good, 3, &mut out).is_some());
        assert!(plain.decode(&good, 2, &mut out).is_none(), "another size");
        let sixteen = encode(3, 2, ColorType::Grayscale, BitDepth::Sixteen, &[0; 12]);
        assert!(plain.decode(&sixteen, 3, &mut out).is_none(), "16 bits");
        for at in 0..good.len() {
            assert!(plain.decode(&good[..at], 3, &mut out).is_none(), "cut at {at}");
            let mut bytes = good.clone();
            bytes[at] ^= 1;
            assert!(plain.decode(&bytes, 3, &mut out).is_none(), "flipped at {at}");
        }
        assert!(plain.decode(&good, 3, &mut out).is_some(), "and it works on");
        assert_eq!(out, [1, 2, 3, 4, 5, 6]);
    }
}
