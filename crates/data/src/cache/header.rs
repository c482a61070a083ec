//! The first bytes of a packed data set.

use task::Shape;

/// Bytes before the first pixel.
pub(crate) const HEADER_BYTES: usize = 192;

const MAGIC: &[u8; 8] = b"\x89DIGITS\n";
/// Changes with the layout, and with anything that makes the same source decode to other bytes.
const VERSION: u32 = 5;

/// What the header says, little-endian throughout:
///
/// | bytes | |
/// |---|---|
/// | 0..8 | magic |
/// | 8..12 | version |
/// | 12..16 | CRC-32 of this header with these four bytes zero |
/// | 16..48 | SHA-256 of source, identity and classes |
/// | 48..80 | fingerprint |
/// | 80..184 | the [`Lengths`], eight bytes each |
/// | 184..188 | CRC-32 of everything after the header |
/// | 188..192 | zero |
///
/// After it stand the pixels, slot after slot; of each split slots (four bytes each), labels (two bytes each) and names; the classes'
/// names; the files left out; of each original size rows, columns and images (four bytes each).
#[derive(Debug)]
pub(crate) struct Header {
    pub key: [u8; 32],
    pub fingerprint: [u8; 32],
    pub lengths: Lengths,
    pub body_crc: u32,
}

/// How much there is of everything.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Lengths {
    /// Images whose pixels are there.
    pub slots: usize,
    pub channels: usize,
    pub height: usize,
    pub width: usize,
    /// Images of the training, validation and test split.
    pub images: [usize; 3],
    /// Bytes of their names.
    pub names: [usize; 3],
    /// Bytes of the classes' names.
    pub classes: usize,
    /// Bytes of the files left out.
    pub skipped: usize,
    /// Original sizes.
    pub sizes: usize,
}

impl Lengths {
    pub fn shape(&self) -> Shape {
        Shape { channels: self.channels, height: self.height, width: self.width }
    }

    fn to_array(self) -> [usize; 13] {
        let Self { slots, channels, height, width, images, names, classes, skipped, sizes } = self;
        let ([a, b, c], [d, e, f]) = (images, names);
        [slots, channels, height, width, a, b, c, d, e, f, classes, skipped, sizes]
    }

    fn of_array([slots, channels, height, width, a, b, c, d, e, f, classes, skipped, sizes]: [usize; 13]) -> Self {
        Self { slots, channels, height, width, images: [a, b, c], names: [d, e, f], classes, skipped, sizes }
    }

    /// Bytes of the whole file; none where they are more than there can be.
    fn file(&self) -> Option<usize> {
        let image = self.channels.checked_mul(self.height)?.checked_mul(self.width)?;
        let pixels = self.slots.checked_mul(image)?;
        let of_images = self.images.iter().try_fold(0usize, |sum, count| sum.checked_add(count.checked_mul(6)?))?;
        let sizes = self.sizes.checked_mul(12)?;
        let rest = [pixels, of_images, self.classes, self.skipped, sizes, HEADER_BYTES];
        rest.into_iter().chain(self.names).try_fold(0usize, usize::checked_add)
    }
}

impl Header {
    pub fn to_bytes(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[..8].copy_from_slice(MAGIC);
        bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
        bytes[16..48].copy_from_slice(&self.key);
        bytes[48..80].copy_from_slice(&self.fingerprint);
        for (index, length) in self.lengths.to_array().into_iter().enumerate() {
            bytes[80 + 8 * index..][..8].copy_from_slice(&(length as u64).to_le_bytes());
        }
        bytes[184..188].copy_from_slice(&self.body_crc.to_le_bytes());
        let crc = crc32fast::hash(&bytes);
        bytes[12..16].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// Reads the header of a whole file and checks all against it but the checksum of what follows.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn check(file: &[u8], key: &[u8; 32]) -> Result<Self, String> {
        let header = Self::parse(file)?;
        if header.key != *key {
            return Err("it was made from another source".into());
        }
        if header.lengths.file() != Some(file.len()) {
            return Err(format!("it is {} bytes long, which is not what its header says", file.len()));
        }
        // Zero times a side of any height is zero bytes: the length of the file says nothing of it.
        if header.lengths.shape().is_empty() {
            return Err("its images have no pixels".into());
        }
        Ok(header)
    }

    fn parse(file: &[u8]) -> Result<Self, String> {
        // The version stands before all that another version may have otherwise.
        if !file.starts_with(MAGIC) {
            return Err(if file.len() < MAGIC.len() {
                "it is cut off".into()
            } else {
                "it is no packed data set".into()
            });
        }
        let Some(version) = file.get(8..12) else { return Err("it is cut off".into()) };
        if version != VERSION.to_le_bytes() {
            let version = u32::from_le_bytes([version[0], version[1], version[2], version[3]]);
            return Err(format!("it is of format {version}, this program uses {VERSION}"));
        }
        let Some((head, _)) = file.split_first_chunk::<HEADER_BYTES>() else {
            return Err("it is cut off".into());
        };
        let mut zeroed = *head;
        zeroed[12..16].fill(0);
        if crc32fast::hash(&zeroed) != u32_at(head, 12) {
            return Err("the checksum of its header does not hold".into());
        }
        let mut header = Self {
            key: [0; 32],
            fingerprint: [0; 32],
            lengths: Lengths::of_array(std::array::from_fn(|index| usize_at(head, 80 + 8 * index))),
            body_crc: u32_at(head, 184),
        };
        header.key.copy_from_slice(&head[16..48]);
        header.fingerprint.copy_from_slice(&head[48..80]);
        Ok(header)
    }
}

fn u32_at(head: &[u8; HEADER_BYTES], at: usize) -> u32 {
    u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]])
}

/// Larger than this machine can address becomes `usize::MAX`, which no file is as long as.
fn usize_at(head: &[u8; HEADER_BYTES], at: usize) -> usize {
    let low = u64::from(u32_at(head, at));
    let high = u64::from(u32_at(head, at + 4));
    usize::try_from(high << 32 | low).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(lengths: Lengths) -> String {
        let header = Header { key: [2; 32], fingerprint: [0; 32], lengths, body_crc: 0 };
        Header::check(&header.to_bytes(), &[2; 32]).unwrap_err()
    }

    #[test]
    fn another_version_is_told_before_anything_else() {
        let header = Header { key: [2; 32], fingerprint: [0; 32], lengths: Lengths::default(), body_crc: 0 };
        let mut bytes = header.to_bytes();
        bytes[8] = 3;
        assert_eq!(Header::check(&bytes[..128], &[2; 32]).unwrap_err(), "it is of format 3, this program uses 5");
    }

    #[test]
    fn images_without_pixels_are_refused_whatever_their_height() {
        for (height, width) in [(usize::MAX / 2 + 1, 0), (0, 28), (0, 0)] {
            let lengths = Lengths { channels: 1, height, width, ..Lengths::default() };
            assert_eq!(checked(lengths), "its images have no pixels");
        }
    }

    #[test]
    fn counts_that_overflow_are_no_panic() {
        let most = usize::MAX;
        let lengths =
            Lengths { slots: most, channels: 3, height: most, width: 2, images: [most; 3], ..Lengths::default() };
        assert!(checked(lengths).contains("192 bytes long"));
    }
}
