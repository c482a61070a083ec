//! Config TOML: the known keys with odd values, and the shipped configs with changes.

use std::{
    fs,
    path::{Path, PathBuf},
};

use plan::{Config, Plan};
use proptest::{collection::vec, prelude::*};

use super::Parser;
use crate::strategies::{edited, edits, toml_value};

pub struct Configs {
    file: PathBuf,
    again: PathBuf,
}

const SHIPPED: [&str; 5] = [
    include_str!("../../../configs/base.toml"),
    include_str!("../../../configs/linear.toml"),
    include_str!("../../../configs/two-layer.toml"),
    include_str!("../../../configs/resnet.toml"),
    include_str!("../../../configs/resnet-augmented.toml"),
];

pub const WORDS: &[&[u8]] = &[
    b"=",
    b"[",
    b"]",
    b"[[",
    b"{",
    b"}",
    b"\"",
    b"'''",
    b"\"\"\"",
    b"#",
    b"\n",
    b"\r",
    b"\\u",
    b".",
    b"extends",
    b"data",
    b"model",
    b"0x",
    b"1e999",
    b"nan",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\xf0\x9f\x98\x80",
];

impl Configs {
    pub fn new(folder: &Path) -> Self {
        fs::write(folder.join("base.toml"), SHIPPED[0]).unwrap();
        fs::write(folder.join("resnet.toml"), SHIPPED[3]).unwrap();
        Self { file: folder.join("x.toml"), again: folder.join("again.toml") }
    }
}

impl Parser for Configs {
    fn inputs(&self) -> BoxedStrategy<Vec<u8>> {
        let shipped = (prop::sample::select(SHIPPED.to_vec()), edits(WORDS, 5));
        let shipped = shipped.prop_map(|(text, edits)| edited(text.into(), &edits));
        let text = (prop::sample::select(EXTENDS.to_vec()), lines(6), prop::option::weighted(0.2, edits(WORDS, 2)));
        let text = text.prop_map(|(extends, lines, edits)| {
            let text = format!("{extends}\n{lines}").into_bytes();
            edits.map_or(text.clone(), |edits| edited(text, &edits))
        });
        let deep = (prop::sample::select(vec!["[", "{a=", "a.", "(", "[["]), 0usize..5000)
            .prop_map(|(part, times)| format!("a = {}", part.repeat(times)).into_bytes());
        prop_oneof![8 => shipped, 8 => text, 1 => deep].boxed()
    }

    fn read(&mut self, bytes: &[u8]) -> bool {
        fs::write(&self.file, bytes).unwrap();
        let Ok(plan) = Plan::resolve(&Config::File(self.file.clone()), &[]).map_err(|error| error.to_string()) else {
            return false;
        };
        fs::write(&self.again, plan.to_toml()).unwrap();
        assert_eq!(
            Plan::resolve(&Config::File(self.again.clone()), &[]).unwrap(),
            plan,
            "a plan is read as it was written"
        );
        true
    }
}

const EXTENDS: [&str; 7] = [
    "",
    "extends = \"base.toml\"",
    "extends = \"resnet.toml\"",
    "extends = \"x.toml\"",
    "extends = \"linear\"",
    "extends = 3",
    "extends = \"\"",
];

/// Known keys, some in the place of others, with values of all kinds.
pub fn lines(most: usize) -> impl Strategy<Value = String> {
    let keys: Vec<String> = keys();
    let key = prop_oneof![12 => prop::sample::select(keys), 1 => Just("model.hiden".to_owned()), 1 => Just("data".to_owned())];
    let line = (key, toml_value()).prop_map(|(key, value)| format!("{key} = {value}\n"));
    vec(line, 0..most).prop_map(|lines| lines.concat())
}

/// The keys of `base.toml`.
pub fn keys() -> Vec<String> {
    let base: toml::Table = SHIPPED[0].parse().unwrap();
    let below = |(key, value): (&String, &toml::Value)| match value {
        toml::Value::Table(table) => table.keys().map(|inner| format!("{key}.{inner}")).collect(),
        _ => vec![key.clone()],
    };
    base.iter().flat_map(below).collect()
}
