//! `TFRecord`, the frame around each event: length, checksum of the length, bytes, checksum of the bytes.

use crc::{CRC_32_ISCSI, Crc, Table};

/// CRC-32C, which iSCSI has too.
const CASTAGNOLI: Crc<u32, Table<16>> = Crc::<u32, Table<16>>::new(&CRC_32_ISCSI);

/// Length and its checksum before the bytes, checksum after them.
const BEFORE: usize = 8 + 4;
const AFTER: usize = 4;

/// The bytes in their frame.
pub(crate) fn framed(bytes: &[u8]) -> Vec<u8> {
    let length = (bytes.len() as u64).to_le_bytes();
    let sums = [masked_sum(&length), masked_sum(bytes)].map(u32::to_le_bytes);
    [&length[..], &sums[0], bytes, &sums[1]].concat()
}

/// CRC-32C, turned and shifted by a constant: a checksum of bytes that hold a checksum is a poor one otherwise.
fn masked_sum(bytes: &[u8]) -> u32 {
    CASTAGNOLI.checksum(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

/// What follows the first `records` of a file; `None` where it does not have as many whole ones.
pub fn after(file: &[u8], records: usize) -> Option<&[u8]> {
    (0..records).try_fold(file, |rest, _| {
        let length = u64::from_le_bytes(*rest.first_chunk()?);
        let end = usize::try_from(length).ok()?.checked_add(BEFORE + AFTER)?;
        rest.get(end..)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_is_castagnolis_turned_by_15_bits_and_shifted() {
        // 0xe3069283 is what the catalogues of checksums have for these nine digits. The rest by hand: its lowest 15 bits
        // go to the top, 0x25060000 | 0x0001c60d = 0x2507c60d, and 0x2507c60d + 0xa282ead8 = 0xc78ab0e5.
        assert_eq!(CASTAGNOLI.checksum(b"123456789"), 0xe306_9283);
        assert_eq!(masked_sum(b"123456789"), 0xc78a_b0e5);
        assert_eq!(masked_sum(b""), 0xa282_ead8);
    }

    #[test]
    fn a_frame_has_the_length_before_and_a_sum_of_either() {
        let frame = framed(b"123456789");
        assert_eq!(frame[..8], 9u64.to_le_bytes());
        assert_eq!(frame[12..], *b"123456789\xe5\xb0\x8a\xc7");
        // The length 24, whose sum TensorBoard's own reader gives.
        assert_eq!(framed(&[0; 24])[8..12], 0x224b_7fa3_u32.to_le_bytes());
    }

    #[test]
    fn records_are_counted_and_a_cut_one_does_not_count() {
        let file = [framed(b"first"), framed(b"second"), b"rest".to_vec()].concat();
        assert_eq!(after(&file, 0), Some(&file[..]));
        assert_eq!(after(&file, 2), Some(&b"rest"[..]));
        assert_eq!(after(&file, 3), None);
        assert_eq!(after(&file[..30], 2), None);
        assert_eq!(after(&[0xff; 40], 1), None);
    }
}
