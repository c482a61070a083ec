//! Events: moments of a run, each a record of a file.

use crate::{record::framed, value::Value, wire::Message};

/// The version of the format, as its only one is called.
const VERSION: &str = "brain.Event:2";
const START: u64 = 1;

/// How many records [`head`] is.
pub const HEAD_RECORDS: usize = 2;

/// What a file begins with, at this time in seconds since 1970. It tells a reader that has seen another file of the same
/// run to forget that one's events: they are in this file again, or never were to be.
pub fn head(time: f64) -> Vec<u8> {
    let version = Message::default().double(1, time).bytes(3, VERSION);
    let start = Message::default().double(1, time).message(7, Message::default().integer(1, START));
    [version, start].iter().flat_map(|event| framed(event.encoded())).collect()
}

/// Values at a step of the run, at this time in seconds since 1970.
pub fn event(time: f64, step: usize, values: impl IntoIterator<Item = Value>) -> Vec<u8> {
    let summary = Message::default().messages(1, values.into_iter().map(|value| value.0));
    framed(Message::default().double(1, time).integer(2, step as u64).message(5, summary).encoded())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::after;

    #[test]
    fn a_scalar_is_the_record_that_tensorboards_own_classes_write() {
        let written = event(2.5, 300, [Value::scalar("loss", 0.25)]);
        let expected = b"\x09\0\0\0\0\0\0\x04\x40\x10\xac\x02\x2a\x0d\x0a\x0b\x0a\x04loss\x15\0\0\x80\x3e";
        assert_eq!(written, framed(expected));
    }

    #[test]
    fn the_head_names_the_version_and_starts_over() {
        let head = head(0.0);
        assert_eq!(head[12..][..24], *b"\x09\0\0\0\0\0\0\0\0\x1a\x0dbrain.Event:2");
        let start = after(&head, 1).unwrap();
        assert_eq!(start[12..][..13], *b"\x09\0\0\0\0\0\0\0\0\x3a\x02\x08\x01");
        assert_eq!(after(&head, HEAD_RECORDS), Some(&[][..]));
    }
}
