//! What an event shows: a value under a tag.

use crate::{histogram::Histogram, wire::Message};

const DT_FLOAT: u64 = 1;

/// A value under its tag. TensorBoard puts tags that are alike up to their first `/` beside each other.
#[derive(Clone, Debug, PartialEq)]
pub struct Value(pub(crate) Message);

impl Value {
    /// A number: a point of a curve.
    pub fn scalar(tag: &str, value: f32) -> Self {
        Self(tagged(tag).float(2, value))
    }

    /// How numbers are spread.
    pub fn histogram(tag: &str, histogram: &Histogram) -> Self {
        Self(tagged(tag).message(5, histogram.message()))
    }

    /// A picture of `height` rows and `width` columns, of one channel or of three, as a PNG file.
    pub fn image(tag: &str, channels: usize, [height, width]: [usize; 2], png: &[u8]) -> Self {
        // `colorspace` counts the channels.
        let sizes = Message::default().integer(1, height as u64).integer(2, width as u64).integer(3, channels as u64);
        let image = sizes.bytes(4, png);
        Self(tagged(tag).message(4, image))
    }

    /// Data of a plugin; beside it stands a list of no numbers, since a value has to have one.
    pub(crate) fn of_plugin(tag: &str, plugin: &str, data: &Message) -> Self {
        let empty = Message::default().message(2, Message::default());
        let tensor = Message::default().integer(1, DT_FLOAT).message(2, empty);
        let plugin = Message::default().bytes(1, plugin).bytes(2, data.encoded());
        Self(tagged(tag).message(8, tensor).message(9, Message::default().message(1, plugin)))
    }
}

fn tagged(tag: &str) -> Message {
    Message::default().bytes(1, tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_has_its_size_and_its_file() {
        let value = Value::image("seven", 1, [28, 27], b"PNG");
        assert_eq!(value.0.encoded(), b"\x0a\x05seven\x22\x0b\x08\x1c\x10\x1b\x18\x01\x22\x03PNG");
    }
}
