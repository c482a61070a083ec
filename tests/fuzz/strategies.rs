//! What the parsers' inputs are made of.

use proptest::{collection::vec, prelude::*, sample::Index};
use serde_json::Value;

/// Numbers that programs stumble over.
pub fn odd_u32() -> impl Strategy<Value = u32> {
    prop_oneof![
        4 => 0u32..20,
        1 => any::<u32>(),
        1 => prop::sample::select(vec![0, 1, 255, 256, 1023, 1024, 1025, 65_535, 65_536, 1 << 31, (1 << 31) - 1, u32::MAX]),
    ]
}

/// Few bytes of any kind.
pub fn few(most: usize) -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..=most)
}

/// One change of some bytes.
#[derive(Clone, Debug)]
pub struct Edit {
    kind: u8,
    at: Index,
    length: Index,
    bytes: Vec<u8>,
}

/// Changes of bytes, some of them to words that the parser knows.
pub fn edits(words: &'static [&'static [u8]], most: usize) -> impl Strategy<Value = Vec<Edit>> {
    let word = prop::sample::select(words.to_vec()).prop_map(<[u8]>::to_vec);
    let bytes = prop_oneof![word, few(4)];
    let edit = (0u8..7, any::<Index>(), any::<Index>(), bytes);
    vec(edit.prop_map(|(kind, at, length, bytes)| Edit { kind, at, length, bytes }), 0..=most)
}

/// The bytes with the changes made.
pub fn edited(mut bytes: Vec<u8>, edits: &[Edit]) -> Vec<u8> {
    for Edit { kind, at, length, bytes: new } in edits {
        let at = at.index(bytes.len() + 1);
        let length = length.index(16).min(bytes.len() - at);
        match kind {
            0 if at < bytes.len() => bytes[at] ^= 1 << (length % 8),
            1 => drop(bytes.splice(at..at, new.iter().copied())),
            2 => drop(bytes.splice(at..at + length, new.iter().copied())),
            3 => {
                let end = (at + new.len()).min(bytes.len());
                bytes.splice(at..end, new.iter().copied());
            }
            4 => {
                let copy = bytes[at..at + length].to_vec();
                bytes.splice(at..at, copy);
            }
            5 => bytes.truncate(at),
            // Every place of a word that stands there, in another one's place.
            _ => replace_word(&mut bytes, at, new),
        }
    }
    bytes
}

/// Writes `new` over the letters and digits at a place.
fn replace_word(bytes: &mut Vec<u8>, at: usize, new: &[u8]) {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.-+".contains(byte);
    let start = bytes[..at].iter().rposition(|byte| !is_word(byte)).map_or(0, |place| place + 1);
    let end = at + bytes[at..].iter().position(|byte| !is_word(byte)).unwrap_or(bytes.len() - at);
    bytes.splice(start..end, new.iter().copied());
}

/// JSON that stands where another value is expected.
const JSON: &[&str] = &[
    "0",
    "1",
    "-1",
    "2",
    "-0.0",
    "0.5",
    "1e308",
    "-1e308",
    "5e-324",
    "1e999",
    "1e19",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "4294967296",
    "1000000",
    "NaN",
    "null",
    "true",
    "\"\"",
    "\"x\"",
    "\"a\\nb\\u001b[31m\\u0000\"",
    "\"\\ud800\"",
    "\"failed\"",
    "\"finished\"",
    "\"running\"",
    "[]",
    "{}",
    "[1,2,3]",
    "[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]",
    "{\"loss\":1,\"accuracy\":2}",
];

/// The sample with some of its values replaced, or left out.
pub fn json(samples: Vec<Value>) -> BoxedStrategy<Vec<u8>> {
    let change =
        (any::<Index>(), prop_oneof![9 => prop::sample::select(JSON.to_vec()).prop_map(Some), 1 => Just(None)]);
    let sample = prop::sample::select(samples);
    (sample, vec(change, 0..4), edits(&[b"\"", b"{", b"}", b"\\", b"\xff", b"\n"], 1), 0u8..8)
        .prop_map(|(sample, changes, edits, rare)| {
            let text = changed(sample, &changes).into_bytes();
            // Most of them stay JSON.
            if rare == 0 { edited(text, &edits) } else { text }
        })
        .boxed()
}

fn changed(mut value: Value, changes: &[(Index, Option<&str>)]) -> String {
    for (number, (place, new)) in changes.iter().enumerate() {
        let mut pointers = Vec::new();
        collect(&value, String::new(), &mut pointers);
        let pointer = place.get(&pointers).clone();
        if new.is_none()
            && let Some((parent, key)) = pointer.rsplit_once('/')
        {
            if let Some(Value::Object(fields)) = value.pointer_mut(parent) {
                fields.remove(key);
            }
        } else if let Some(old) = value.pointer_mut(&pointer) {
            *old = Value::from(format!("@@{number}@@"));
        }
    }
    let mut text = value.to_string();
    for (number, (_, new)) in changes.iter().enumerate() {
        text = text.replace(&format!("\"@@{number}@@\""), new.unwrap_or("null"));
    }
    text
}

fn collect(value: &Value, pointer: String, pointers: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(key, value)| collect(value, format!("{pointer}/{key}"), pointers))
        }
        Value::Array(values) => {
            values.iter().enumerate().for_each(|(at, value)| collect(value, format!("{pointer}/{at}"), pointers));
        }
        _ => {}
    }
    pointers.push(pointer);
}

/// TOML values of every kind, at home in some key or in none.
pub fn toml_value() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "true",
        "\"\"",
        "\"linear\"",
        "\"two-layer\"",
        "\"resnet\"",
        "\"sgd\"",
        "\"adam\"",
        "\"adamw\"",
        "\"one-cycle\"",
        "\"cosine\"",
        "\"flex\"",
        "\"recall\"",
        "\"synthetic\"",
        "\"idx\"",
        "\"folder\"",
        "\"x\"",
        "\"../x\"",
        "\"a\\u0000b\"",
        "'''\nx'''",
        "[\"3\", \"7\"]",
        "[\"7\", \"3\"]",
        "[\"3\", \"3\"]",
        "[1, 2, 3]",
        "[0.5, 0.25, 0.125]",
        "[]",
        "[[[[[[[[[[1]]]]]]]]]]",
        "{}",
        "{ a = 1 }",
        "1979-05-27T07:32:00Z",
        "07:32:00",
        "0xff",
        "0b1",
        "1_000",
        "nan",
        "-inf",
        "\"\\U00110000\"",
        "\"open",
        "[1, ",
    ]);
    prop_oneof![
        2 => number(),
        2 => words.prop_map(str::to_owned),
        1 => (-3i64..40).prop_map(|number| number.to_string()),
    ]
}

pub fn number() -> impl Strategy<Value = String> {
    let odd = [
        "0",
        "-1",
        "1",
        "2",
        "65536",
        "1000000",
        "9223372036854775807",
        "-9223372036854775808",
        "9223372036854775808",
        "1e38",
        "1e39",
        "1e308",
        "1e309",
        "5e-324",
        "0.1",
        "0.5",
        "0.99999999",
        "-0.0",
        "1e-37",
    ];
    prop_oneof![
        prop::sample::select(odd.to_vec()).prop_map(str::to_owned),
        any::<f64>().prop_map(|number| format!("{number:?}").replace("NaN", "nan")),
        (-3i64..40).prop_map(|number| number.to_string()),
    ]
}
