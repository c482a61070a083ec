//! What of a plan decides a result.

use std::sync::LazyLock;

use toml::{Table, Value};

use super::{BuiltIn, Config, Plan};

/// Keys that say where a run goes, where it computes, how much of it is kept or shown; none of them changes what an epoch
/// computes. Threads do not: the tests hold that. Where the data comes from does not either, nor how it is [read](READING): its
/// fingerprint says what it is.
const KEYS_WITHOUT_EFFECT: [&str; 12] = [
    "name",
    "runs",
    "device",
    "threads",
    "tensorboard",
    "data.source",
    "data.path",
    "data.cache",
    "data.workers",
    "training.log_steps",
    "checkpoint",
    "parallel.timeout",
];

/// Keys that there were not always. With their defaults they say what was so before, and are left out, so that the trials of an older
/// study are still found.
const LATER: [&str; 14] = [
    "model.blocks",
    "model.dropout",
    "augmentation.flip",
    "augmentation.shift",
    "augmentation.crop",
    "augmentation.brightness",
    "augmentation.contrast",
    "augmentation.erasing",
    "augmentation.mixup",
    "training.label_smoothing",
    "training.class_weights",
    "training.ema_decay",
    "data.sampling",
    "parallel.shards",
];

/// What the source is read by.
const READING: [&str; 11] = [
    "data.channels",
    "data.size",
    "data.fit",
    "data.on_broken",
    "data.valid_fraction",
    "data.split_seed",
    "data.transposed",
    "data.image_folder",
    "data.path_column",
    "data.label_column",
    "data.split_column",
];

/// How long a run is: a longer one is the same run that has come further, and has another result.
const LENGTH: &str = "training.epochs";

/// Whether two runs that differ in this key are different runs: not two lengths of the same one.
pub fn decides(key: &str) -> bool {
    key != LENGTH && decides_result(key)
}

/// Whether two runs that differ in this key end with different results.
pub fn decides_result(key: &str) -> bool {
    let is_of = |other: &str| key.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    !KEYS_WITHOUT_EFFECT.into_iter().chain(READING).any(is_of)
}

impl Plan {
    /// The keys that decide a result, with their values, in an order that does not change. Two runs whose plans have the
    /// same identity are the same run, up to its length.
    pub fn identity(&self) -> String {
        self.identity_without([])
    }

    /// The same without some keys that runs may differ in.
    pub fn identity_without<'a>(&self, others: impl IntoIterator<Item = &'a str>) -> String {
        let mut keys = self.table();
        let without_a_change = LATER.into_iter().filter(|key| at(&keys, key) == at(&BASE, key)).collect::<Vec<_>>();
        for key in KEYS_WITHOUT_EFFECT.into_iter().chain(READING).chain([LENGTH]).chain(without_a_change).chain(others)
        {
            match key.split_once('.') {
                Some((section, key)) => {
                    keys.get_mut(section).and_then(Value::as_table_mut).and_then(|table| table.remove(key))
                }
                None => keys.remove(key),
            };
        }
        // A section that there was not always is left out with its keys.
        keys.retain(|_, value| value.as_table().is_none_or(|section| !section.is_empty()));
        toml::to_string(&keys).expect("what was TOML is TOML")
    }

    /// What stands for the data where nobody has read it: its path, and how it is to be read where that is not the default.
    pub fn reads(&self) -> String {
        let keys = self.table();
        let changed = READING.into_iter().filter(|key| at(&keys, key) != at(&BASE, key));
        let changed = changed.filter_map(|key| Some(format!(" {key}={}", at(&keys, key)?)));
        [self.data.path.to_string_lossy().into_owned()].into_iter().chain(changed).collect()
    }

    fn table(&self) -> Table {
        Table::try_from(self).expect("a plan holds only what TOML can hold")
    }
}

static BASE: LazyLock<Table> =
    LazyLock::new(|| Plan::resolve(&Config::BuiltIn(BuiltIn::Base), &[]).expect("the base resolves").table());

/// The value of a key of a section.
fn at<'a>(keys: &'a Table, key: &str) -> Option<&'a Value> {
    let (section, key) = key.split_once('.')?;
    keys.get(section)?.get(key)
}

#[cfg(test)]
mod tests {
    use crate::{Config, Plan, Setting};

    fn identity(settings: &[&str]) -> String {
        let settings: Vec<Setting> = settings.iter().map(|text| Setting::parse(text).unwrap()).collect();
        Plan::resolve(&Config::default(), &settings).unwrap().identity()
    }

    #[test]
    fn what_decides_a_result_is_part_of_it() {
        for set in ["seed=1", "optimizer.learning_rate=0.2", "training.batch_size=8", "model.hidden=3", "backend=flex"]
        {
            assert_ne!(identity(&[set]), identity(&[]), "{set}");
        }
    }

    #[test]
    fn where_and_how_long_is_not() {
        for set in [
            "name=x",
            "runs=elsewhere",
            "threads=1",
            "device=1",
            "training.epochs=7",
            "checkpoint.keep_last=9",
            "tensorboard=true",
            "parallel.timeout=5",
        ] {
            assert_eq!(identity(&[set]), identity(&[]), "{set}");
        }
        assert_eq!(identity(&["data.source=archive", "data.path=copy.tgz"]), identity(&[]));
    }

    #[test]
    fn a_key_that_came_later_counts_where_it_is_not_its_default() {
        assert!(!identity(&[]).contains("blocks"));
        assert!(identity(&["model.blocks=[2, 2]"]).contains("blocks"));
        // Nor a section that came later.
        assert!(!identity(&[]).contains("parallel"));
        assert!(identity(&["parallel.shards=2"]).contains("[parallel]\nshards = 2"));
    }

    #[test]
    fn how_the_data_is_read_stands_for_it_beside_its_path() {
        let reads = |settings: &[&str]| {
            let settings: Vec<Setting> = settings.iter().map(|text| Setting::parse(text).unwrap()).collect();
            Plan::resolve(&Config::default(), &settings).unwrap().reads()
        };
        assert_eq!(reads(&["data.source=folder", "data.path=x"]), "x");
        assert_eq!(reads(&["data.source=folder", "data.path=x", "data.size=32"]), "x data.size=32");
        assert_eq!(reads(&["data.source=folder", "data.path=x", "data.channels=3"]), "x data.channels=3");
    }
}
