//! Study TOML: the known keys and spaces with odd values, and the shipped studies with changes.

use std::{
    fs,
    path::{Path, PathBuf},
};

use proptest::{collection::vec, prelude::*};
use study::Study;

use super::{
    Parser,
    config::{WORDS, keys},
};
use crate::strategies::{edited, edits, number, toml_value};

pub struct Studies {
    file: PathBuf,
}

impl Studies {
    pub fn new(folder: &Path) -> Self {
        Self { file: folder.join("study.toml") }
    }
}

const SHIPPED: [&str; 7] = [
    include_str!("../../../configs/sweeps/hidden.toml"),
    include_str!("../../../configs/sweeps/learning-rate.toml"),
    include_str!("../../../configs/sweeps/mnist.toml"),
    include_str!("../../../configs/sweeps/models.toml"),
    include_str!("../../../configs/sweeps/optimizer-schedule.toml"),
    include_str!("../../../configs/sweeps/seeds.toml"),
    include_str!("../../../configs/sweeps/tpe.toml"),
];

/// Keys beside `base`, `set` and `space`, each with values that it may have.
const KEYS: [(&str, &[&str]); 21] = [
    ("name", &["\"x\""]),
    ("search", &["\"grid\"", "\"random\"", "\"sobol\"", "\"tpe\""]),
    ("trials", &["1", "7", "65536", "65537"]),
    ("metric", &["\"valid.loss\"", "\"valid.recall\""]),
    ("goal", &["\"minimise\"", "\"maximise\""]),
    ("seed", &["3"]),
    ("seeds", &["[0, 1, 2]", "[1, 1]", "[]"]),
    ("repeat", &["3", "1000000000000"]),
    ("max_time", &["\"2h30m\"", "\"99999999999999999999d\"", "\"1x\""]),
    ("jobs", &["2"]),
    ("threads_per_trial", &["1", "2"]),
    ("processes_per_trial", &["1", "2"]),
    ("backend", &["\"flex\""]),
    ("devices", &["[0]", "[99999]"]),
    ("retries", &["0"]),
    ("fail_fast", &["2"]),
    ("limit", &["5", "2000"]),
    (
        "prune",
        &[
            "\"asha\"",
            "\"median\"",
            "{ kind = \"asha\", min_epochs = 1, reduction_factor = 2 }",
            "{ kind = \"median\", warmup_epochs = 9223372036854775807 }",
        ],
    ),
    ("prune.kind", &["\"asha\"", "\"median\""]),
    ("prune.reduction_factor", &["2", "9223372036854775807"]),
    ("slurm.time", &["\"2:00:00\"", "\"x\""]),
];

impl Parser for Studies {
    fn inputs(&self) -> BoxedStrategy<Vec<u8>> {
        let shipped = (prop::sample::select(SHIPPED.to_vec()), edits(WORDS, 4));
        let shipped =
            shipped.prop_map(|(text, edits)| edited(text.replace("../", "").replace(".toml", "").into(), &edits));
        let key = prop::sample::select(KEYS.to_vec()).prop_flat_map(|(key, values)| {
            let value =
                prop_oneof![8 => prop::sample::select(values.to_vec()).prop_map(str::to_owned), 1 => toml_value()];
            value.prop_map(move |value| format!("{key} = {value}\n"))
        });
        let set = (prop::sample::select(keys()), toml_value()).prop_map(|(key, value)| format!("{key:?} = {value}\n"));
        let text = (
            prop::sample::select(BASES.to_vec()),
            vec(key, 0..6),
            vec(set, 0..2),
            vec(parameter(), 0..4),
            prop::option::weighted(0.1, edits(WORDS, 2)),
        );
        let text = text.prop_map(|(base, keys, set, space, edits)| {
            let text =
                format!("{base}\n{}[set]\n{}[space]\n{}", keys.concat(), set.concat(), space.concat()).into_bytes();
            edits.map_or(text.clone(), |edits| edited(text, &edits))
        });
        prop_oneof![1 => shipped, 4 => text].boxed()
    }

    fn read(&mut self, bytes: &[u8]) -> bool {
        fs::write(&self.file, bytes).unwrap();
        let Ok(study) = Study::read(&self.file, &[]).map_err(|error| error.to_string()) else { return false };
        study.check(false).map_err(|error| error.to_string()).is_ok()
    }
}

const BASES: [&str; 6] =
    ["base = \"two-layer\"", "base = \"two-layer\"", "base = \"resnet\"", "base = \"nothing\"", "base = 3", ""];

/// A key with a domain.
fn parameter() -> impl Strategy<Value = String> {
    let usual =
        ["optimizer.learning_rate", "model.hidden", "optimizer.kind", "seed", "training.epochs", "optimizer.momentum"];
    let key = prop_oneof![6 => prop::sample::select(usual.to_vec()).prop_map(str::to_owned), 1 => prop::sample::select(keys())];
    let when = prop::sample::select(vec![
        "",
        "",
        "",
        ", when = { \"optimizer.kind\" = [\"sgd\"] }",
        ", when = { \"model.hidden\" = 3 }",
        ", when = {}",
        ", when = { seed = [] }",
    ]);
    let range = (number(), number()).prop_map(|(low, high)| format!("[{low}, {high}]"));
    let plain = prop::sample::select(vec!["[0.01, 1.0]", "[1, 20]", "[0.0, 0.9]"]).prop_map(str::to_owned);
    let range = prop_oneof![2 => plain, 1 => range];
    let kind = prop::sample::select(vec!["uniform", "log_uniform", "int", "choice"]);
    let step = prop_oneof![3 => Just(String::new()), 1 => number().prop_map(|step| format!(", step = {step}")), 1 => Just(", log = true".into())];
    let table =
        (kind, range, step, when).prop_map(|(kind, range, step, when)| format!("{{ {kind} = {range}{step}{when} }}"));
    let list = vec(toml_value(), 0..4).prop_map(|values| format!("[{}]", values.join(", ")));
    (key, prop_oneof![3 => table, 2 => list, 1 => toml_value()])
        .prop_map(|(key, domain)| format!("{key:?} = {domain}\n"))
}
