//! What of a plan decides a result.

use super::Plan;

/// Keys that say where a run goes, where it computes, how much of it is kept or shown; none of them changes what an epoch
/// computes. Threads do not: the tests hold that. Where the data comes from does not either: its fingerprint says what it is.
const KEYS_WITHOUT_EFFECT: [&str; 11] = [
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
    !KEYS_WITHOUT_EFFECT.into_iter().any(is_of)
}

impl Plan {
    /// The keys that decide a result, with their values, in an order that does not change. Two runs whose plans have the
    /// same identity are the same run, up to its length.
    pub fn identity(&self) -> String {
        self.identity_without([])
    }

    /// The same without some keys that runs may differ in.
    pub fn identity_without<'a>(&self, others: impl IntoIterator<Item = &'a str>) -> String {
        let toml::Value::Table(mut keys) = toml::Value::try_from(self).expect("a plan holds only what TOML can hold")
        else {
            unreachable!("a plan is a table")
        };
        for key in KEYS_WITHOUT_EFFECT.into_iter().chain([LENGTH]).chain(others) {
            match key.split_once('.') {
                Some((section, key)) => {
                    keys.get_mut(section).and_then(toml::Value::as_table_mut).and_then(|table| table.remove(key))
                }
                None => keys.remove(key),
            };
        }
        toml::to_string(&keys).expect("what was TOML is TOML")
    }
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
        ] {
            assert_eq!(identity(&[set]), identity(&[]), "{set}");
        }
        assert_eq!(identity(&["data.source=archive", "data.path=copy.tgz"]), identity(&[]));
    }
}
