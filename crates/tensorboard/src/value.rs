//! What an event shows: a value under a tag.

use crate::{histogram::Histogram, wire::Message};

const DT_FLOAT: u64 = 1;
const DT_STRING: u64 = 7;

/// Rows of a precision-recall curve.
const PR_ROWS: usize = 6;

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

    /// The same value with a text to be read beside it.
    #[must_use]
    pub fn described(self, text: &str) -> Self {
        Self(self.0.message(9, Message::default().bytes(3, text)))
    }

    /// A text in Markdown.
    pub fn text(tag: &str, markdown: &str) -> Self {
        Self::of_text(tag, "text", markdown.as_bytes())
    }

    /// A precision-recall curve: for thresholds that rise evenly from 0 to 1 how many are above and right, above and wrong, below and right,
    /// below and wrong, then precision and recall.
    pub fn pr_curve(tag: &str, thresholds: &[[f32; PR_ROWS]]) -> Self {
        let rows = (0..PR_ROWS).flat_map(|row| thresholds.iter().map(move |threshold| threshold[row]));
        let content: Vec<u8> = rows.flat_map(f32::to_le_bytes).collect();
        let sizes = [PR_ROWS, thresholds.len()].map(|size| Message::default().integer(1, size as u64));
        let tensor = Message::default().integer(1, DT_FLOAT).message(2, Message::default().messages(2, sizes));
        let data = Message::default().integer(2, thresholds.len() as u64);
        Self::of_tensor(tag, "pr_curves", &data, tensor.bytes(4, content))
    }

    fn of_text(tag: &str, plugin: &str, text: &[u8]) -> Self {
        let tensor = Message::default().integer(1, DT_STRING).message(2, Message::default()).bytes(8, text);
        Self::of_tensor(tag, plugin, &Message::default(), tensor)
    }

    /// Data of a plugin; beside it stands a list of no numbers, since a value has to have one.
    pub(crate) fn of_plugin(tag: &str, plugin: &str, data: &Message) -> Self {
        let empty = Message::default().message(2, Message::default());
        Self::of_tensor(tag, plugin, data, Message::default().integer(1, DT_FLOAT).message(2, empty))
    }

    fn of_tensor(tag: &str, plugin: &str, data: &Message, tensor: Message) -> Self {
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
