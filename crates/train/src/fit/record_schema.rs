//! What a record of Burn consists of, without its values.
//!
//! Burn reads a record's tensors as they say they are: a dtype, a shape or a number of bytes that does not go with the others
//! panics in it, or worse. So what stands in a checkpoint is held against a record that was just made, before Burn reads it; only
//! the precision of its floats may be another.

use std::{
    collections::{BTreeMap, HashSet},
    fmt,
};

use burn::module::ParamId;
use serde::{
    Deserialize, Deserializer,
    de::{Error as _, MapAccess, SeqAccess, Visitor},
};

/// The form of a record, or of a part of it.
#[derive(Clone, Debug, PartialEq)]
pub enum RecordSchema {
    /// Parts by name: a module, a tensor.
    Map(BTreeMap<String, RecordSchema>),
    /// Parts in order.
    List(Vec<RecordSchema>),
    /// A name: a dtype, a parameter's id.
    Text(String),
    /// As many bytes: a tensor's values.
    Bytes(usize),
    /// A side of a shape, or a count.
    Number(u64),
    /// Nothing, or what is as long whatever its value.
    Scalar,
}

impl RecordSchema {
    /// Whether `found` is a record of this form; its parameters may have other ids, each one its own.
    ///
    /// # Errors
    /// Where and how it differs.
    pub fn check(&self, found: &Self) -> Result<(), String> {
        self.compare(found, "", &mut HashSet::new())
    }

    fn compare(&self, found: &Self, place: &str, ids: &mut HashSet<ParamId>) -> Result<(), String> {
        match (self, found) {
            (Self::Map(expected), Self::Map(parts)) if expected.contains_key("dtype") => {
                let is_readable = expected == parts || is_converted(expected, parts);
                if is_readable {
                    Ok(())
                } else {
                    Err(format!("`{place}` is {}, not {}", found.tensor(), self.tensor()))
                }
            }
            (Self::Map(expected), Self::Map(parts)) => {
                if let Some(part) = parts.keys().find(|part| !expected.contains_key(*part)) {
                    return Err(format!("`{place}` has an unknown part `{}`", part.escape_debug()));
                }
                expected.iter().try_for_each(|(name, expected)| {
                    let part = parts.get(name).ok_or_else(|| format!("`{place}` has no part `{name}`"))?;
                    expected.compare(part, &below(place, name), ids)
                })
            }
            (Self::List(expected), Self::List(parts)) if expected.len() == parts.len() => {
                let mut pairs = expected.iter().zip(parts).zip(0..);
                pairs.try_for_each(|((expected, part), at): (_, usize)| {
                    expected.compare(part, &below(place, &at.to_string()), ids)
                })
            }
            (Self::Text(expected), Self::Text(id)) if place.ends_with(".id") => {
                // Burn panics where it is too long.
                let id = (id.len() == expected.len()).then(|| ParamId::try_deserialize(id)).flatten();
                let is_new = id.is_some_and(|id| ids.insert(id));
                if is_new { Ok(()) } else { Err(format!("`{place}` is no id, or there twice")) }
            }
            (Self::Text(_), Self::Text(_)) | (Self::Number(_), Self::Number(_)) | (Self::Scalar, Self::Scalar) => {
                Ok(())
            }
            _ => Err(format!("`{place}` is {}, not {}", found.kind(), self.kind())),
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Map(_) => "parts by name",
            Self::List(_) => "a list",
            Self::Text(_) => "text",
            Self::Bytes(_) => "bytes",
            Self::Number(_) => "a number",
            Self::Scalar => "a single value",
        }
    }

    fn tensor(&self) -> String {
        let Self::Map(parts) = self else { return self.kind().into() };
        match (parts.get("dtype"), parts.get("shape"), parts.get("bytes")) {
            (Some(Self::Text(dtype)), Some(Self::List(shape)), Some(Self::Bytes(bytes))) if shape.len() <= 8 => {
                let sides: Vec<String> = shape.iter().map(Self::side).collect();
                format!("{} of [{}] in {bytes} bytes", dtype.escape_debug(), sides.join(", "))
            }
            _ => "no tensor as this program writes it".into(),
        }
    }

    fn side(&self) -> String {
        if let Self::Number(side) = self { side.to_string() } else { "?".into() }
    }
}

/// Whether Burn converts these parts of a tensor to those expected: floats of other precision, as many.
fn is_converted(expected: &BTreeMap<String, RecordSchema>, parts: &BTreeMap<String, RecordSchema>) -> bool {
    let size = |parts: &BTreeMap<String, RecordSchema>| match (parts.get("dtype"), parts.get("bytes")) {
        (Some(RecordSchema::Text(dtype)), Some(RecordSchema::Bytes(bytes))) => {
            let (_, size) = FLOATS.into_iter().find(|(float, _)| float == dtype)?;
            bytes.is_multiple_of(size).then_some(bytes / size)
        }
        _ => None,
    };
    let is_as_long = size(expected).is_some() && size(expected) == size(parts);
    is_as_long && expected.keys().eq(parts.keys()) && expected.get("shape") == parts.get("shape")
}

/// Floats that a record may have, and their bytes.
const FLOATS: [(&str, usize); 4] = [("F64", 8), ("F32", 4), ("F16", 2), ("BF16", 2)];

fn below(place: &str, name: &str) -> String {
    if place.is_empty() { name.into() } else { format!("{place}.{name}") }
}

impl<'de> Deserialize<'de> for RecordSchema {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SchemaVisitor)
    }
}

struct SchemaVisitor;

impl<'de> Visitor<'de> for SchemaVisitor {
    type Value = RecordSchema;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a part of a record")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RecordSchema, A::Error> {
        let mut parts = BTreeMap::new();
        while let Some((name, part)) = map.next_entry::<String, RecordSchema>()? {
            if parts.insert(name, part).is_some() {
                return Err(A::Error::custom("a part is there twice"));
            }
        }
        Ok(RecordSchema::Map(parts))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<RecordSchema, A::Error> {
        let mut parts = Vec::new();
        while let Some(part) = list.next_element()? {
            parts.push(part);
        }
        Ok(RecordSchema::List(parts))
    }

    fn visit_str<E>(self, text: &str) -> Result<RecordSchema, E> {
        Ok(RecordSchema::Text(text.into()))
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<RecordSchema, E> {
        Ok(RecordSchema::Bytes(bytes.len()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<RecordSchema, E> {
        Ok(RecordSchema::Number(number))
    }

    fn visit_i64<E>(self, number: i64) -> Result<RecordSchema, E> {
        Ok(u64::try_from(number).map_or(RecordSchema::Scalar, RecordSchema::Number))
    }

    fn visit_f64<E>(self, _: f64) -> Result<RecordSchema, E> {
        Ok(RecordSchema::Scalar)
    }

    fn visit_bool<E>(self, _: bool) -> Result<RecordSchema, E> {
        Ok(RecordSchema::Scalar)
    }

    fn visit_unit<E>(self) -> Result<RecordSchema, E> {
        Ok(RecordSchema::Scalar)
    }
}
