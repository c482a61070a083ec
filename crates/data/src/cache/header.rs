//! The first 128 bytes of a packed data set.

use crate::{cache::Packed, cache::parts, source::Splits};

/// Bytes before the first pixel.
pub(crate) const HEADER_BYTES: usize = 128;

const MAGIC: &[u8; 8] = b"\x89DIGITS\n";
/// Changes with the layout, and with anything that makes the same source decode to other bytes.
const VERSION: u32 = 3;

/// What the header says, little-endian throughout:
///
/// | bytes | |
/// |---|---|
/// | 0..8 | magic |
/// | 8..12 | version |
/// | 12..16 | CRC-32 of this header with these four bytes zero |
/// | 16..48 | SHA-256 of source, identity and classes |
/// | 48..80 | fingerprint |
/// | 80..112 | training images, validation images, height, width, eight bytes each |
/// | 112..116 | CRC-32 of everything after the header |
/// | 116..128 | bytes of the training images', the validation images' and the classes' names, four bytes each |
#[derive(Debug)]
pub(crate) struct Header {
    pub fingerprint: [u8; 32],
    pub train: usize,
    pub valid: usize,
    pub height: usize,
    pub width: usize,
    pub names: [usize; 2],
    pub classes: usize,
    key: [u8; 32],
    body_crc: u32,
}

impl Header {
    /// The header of a data set.
    pub fn of(packed: &Packed, key: [u8; 32]) -> Self {
        let Splits { train, valid } = &packed.splits;
        let mut crc = crc32fast::Hasher::new();
        let parts = parts(&packed.splits);
        parts.iter().for_each(|part| crc.update(part));
        Self {
            fingerprint: from_hex(&packed.fingerprint),
            train: train.len(),
            valid: valid.len(),
            height: train.height(),
            width: train.width(),
            names: [train, valid].map(|digits| digits.names().len()),
            classes: parts[6].len(),
            key,
            body_crc: crc.finalize(),
        }
    }

    pub fn to_bytes(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[..8].copy_from_slice(MAGIC);
        bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
        bytes[16..48].copy_from_slice(&self.key);
        bytes[48..80].copy_from_slice(&self.fingerprint);
        for (index, count) in [self.train, self.valid, self.height, self.width].into_iter().enumerate() {
            bytes[80 + 8 * index..][..8].copy_from_slice(&(count as u64).to_le_bytes());
        }
        bytes[112..116].copy_from_slice(&self.body_crc.to_le_bytes());
        for (at, length) in [116, 120, 124].into_iter().zip(self.names.into_iter().chain([self.classes])) {
            // A million names, which is the limit, of 255 bytes, which file systems allow, are far below.
            bytes[at..at + 4].copy_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
        }
        let crc = crc32fast::hash(&bytes);
        bytes[12..16].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// Reads the header of a whole file and checks everything against it.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn check(file: &[u8], key: &[u8; 32]) -> Result<Self, String> {
        let header = Self::parse(file)?;
        if header.key != *key {
            return Err("it was made from another source".into());
        }
        if header.file_bytes() != Some(file.len()) {
            return Err(format!("it is {} bytes long, which is not what its header says", file.len()));
        }
        // Zero times a side of any height is zero bytes: the length of the file says nothing of it.
        if header.height == 0 || header.width == 0 {
            return Err("its images have no pixels".into());
        }
        match crc32fast::hash(&file[HEADER_BYTES..]) == header.body_crc {
            true => Ok(header),
            false => Err("its checksum does not hold".into()),
        }
    }

    fn parse(file: &[u8]) -> Result<Self, String> {
        let Some((head, _)) = file.split_first_chunk::<HEADER_BYTES>() else {
            return Err("it is cut off".into());
        };
        if head[..8] != *MAGIC {
            return Err("it is no packed data set".into());
        }
        if u32_at(head, 8) != VERSION {
            return Err(format!("it is of format {}, this program uses {VERSION}", u32_at(head, 8)));
        }
        let mut zeroed = *head;
        zeroed[12..16].fill(0);
        if crc32fast::hash(&zeroed) != u32_at(head, 12) {
            return Err("the checksum of its header does not hold".into());
        }
        let mut header = Self {
            fingerprint: [0; 32],
            key: [0; 32],
            train: 0,
            valid: 0,
            height: 0,
            width: 0,
            names: [116, 120].map(|at| u32_at(head, at) as usize),
            classes: u32_at(head, 124) as usize,
            body_crc: 0,
        };
        header.key.copy_from_slice(&head[16..48]);
        header.fingerprint.copy_from_slice(&head[48..80]);
        [header.train, header.valid, header.height, header.width] = [80, 88, 96, 104].map(|at| usize_at(head, at));
        header.body_crc = u32_at(head, 112);
        Ok(header)
    }

    fn file_bytes(&self) -> Option<usize> {
        let image = self.height.checked_mul(self.width)?.checked_add(2)?;
        let names = self.names[0].checked_add(self.names[1])?.checked_add(self.classes)?.checked_add(HEADER_BYTES)?;
        self.train.checked_add(self.valid)?.checked_mul(image)?.checked_add(names)
    }
}

fn u32_at(head: &[u8; HEADER_BYTES], at: usize) -> u32 {
    u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]])
}

fn usize_at(head: &[u8; HEADER_BYTES], at: usize) -> usize {
    let low = u64::from(u32_at(head, at)) | u64::from(u32_at(head, at + 4)) << 32;
    usize::try_from(low).unwrap_or(usize::MAX)
}

fn from_hex(text: &str) -> [u8; 32] {
    let digit = |index: usize| text.get(2 * index..2 * index + 2).and_then(|two| u8::from_str_radix(two, 16).ok());
    std::array::from_fn(|index| digit(index).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_version_is_named() {
        let header = Header {
            fingerprint: [1; 32],
            key: [2; 32],
            train: 0,
            valid: 0,
            height: 1,
            width: 1,
            names: [0; 2],
            classes: 0,
            body_crc: 0,
        };
        let mut bytes = header.to_bytes();
        assert!(Header::check(&bytes, &[2; 32]).is_ok());
        bytes[8] = 0;
        assert_eq!(Header::check(&bytes, &[2; 32]).unwrap_err(), "it is of format 0, this program uses 3");
    }

    #[test]
    fn images_without_pixels_are_refused_whatever_their_height() {
        for (height, width) in [(usize::MAX / 2 + 1, 0), (0, 28), (0, 0)] {
            let header = Header {
                fingerprint: [0; 32],
                key: [2; 32],
                train: 0,
                valid: 0,
                height,
                width,
                names: [0; 2],
                classes: 0,
                body_crc: 0,
            };
            assert_eq!(Header::check(&header.to_bytes(), &[2; 32]).unwrap_err(), "its images have no pixels");
        }
    }

    #[test]
    fn counts_that_overflow_are_no_panic() {
        let most = usize::MAX;
        let header = Header {
            fingerprint: [0; 32],
            key: [2; 32],
            train: most,
            valid: 1,
            height: most,
            width: 2,
            names: [0; 2],
            classes: 0,
            body_crc: 0,
        };
        assert!(Header::check(&header.to_bytes(), &[2; 32]).unwrap_err().contains("128 bytes long"));
    }
}
