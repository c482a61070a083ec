//! The identity of a data set: SHA-256 over its pixels and labels in order.

use sha2::{Digest, Sha256};

use crate::Images;

/// [`fingerprint`] of MNIST_SAMPLE with the classes `["3", "7"]`.
pub const MNIST_SAMPLE_FINGERPRINT: &str = "aeadf8ac900fabb3ecb344e35e3621ad32223105607367bdb15299f626f8f695";

/// [`fingerprint`] of all of MNIST, ten classes, as IDX files and arrays give it: 60,000 images to train, 10,000 to validate.
pub const MNIST_FINGERPRINT: &str = "0aa79be54b2cb3f867cecfdb6ddb565e132e3bb45438d11841df17e8f471811a";

/// Bytes after which what has been read of a file may leave the memory.
pub(crate) const RELEASE: usize = 256 << 20;

/// The same data with the classes the other way round.
const MNIST_SAMPLE_SWAPPED: &str = "a03575255b0bfc618a027857ad19ca90323fbf3edd37b4f3f8826beb8a65cacc";

/// SHA-256 over the pixels and then the labels of each split, as 64 hexadecimal digits: training, validation, and test where there
/// is one. A label is its target, 1 or 0, a byte, where there are two classes, as when there were no more; else two bytes,
/// little-endian.
pub fn fingerprint<'a>(splits: impl IntoIterator<Item = &'a Images>) -> String {
    let mut hash = Sha256::new();
    for images in splits {
        let mut seen = 0;
        for image in images.iter() {
            hash.update(image);
            seen += image.len();
            // Of a data set that is larger than memory no more is held than it takes.
            if seen >= RELEASE {
                images.release();
                seen = 0;
            }
        }
        match images.task().is_binary() {
            true => images.labels().iter().for_each(|label| hash.update([u8::from(*label == 0)])),
            false => images.labels().iter().for_each(|label| hash.update(label.to_le_bytes())),
        }
    }
    hex(&hash.finalize())
}

/// What MNIST_SAMPLE must hash to with these classes; none where it has no such classes.
pub(crate) fn of_mnist_sample(classes: Option<&[String]>) -> Option<&'static str> {
    match classes.map(|classes| classes.iter().map(String::as_str).collect::<Vec<_>>()).as_deref() {
        None | Some(["3", "7"]) => Some(MNIST_SAMPLE_FINGERPRINT),
        Some(["7", "3"]) => Some(MNIST_SAMPLE_SWAPPED),
        _ => None,
    }
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use task::{Shape, Task};

    use super::*;
    use crate::testing::digits;

    #[test]
    fn is_the_published_sha256_of_the_bytes_in_order() {
        // One image of one pixel in each split: the hashed bytes are pixel, label, pixel, label.
        let (train, valid) = (digits([1, 1], b"a", &[0]), digits([1, 1], b"b", &[1]));
        assert_eq!(fingerprint([&train, &valid]), hex(&Sha256::digest(b"a\x01b\x00")));
        let task = Arc::new(Task::new(["a", "b", "c"]).unwrap());
        let of = |pixel: u8, label| Images::new(&task, Shape::grey([1, 1]), vec![pixel].into(), vec![label]);
        assert_eq!(fingerprint([&of(b'a', 2), &of(b'b', 0)]), hex(&Sha256::digest(b"a\x02\x00b\x00\x00")));
    }
}
