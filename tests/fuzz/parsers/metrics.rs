//! `metrics.jsonl`: lines of a run with odd values.

use std::{
    fs,
    path::{Path, PathBuf},
};

use ::run::{MetricsLog, checkpoint::TrainState, folder};
use proptest::{collection::vec, prelude::*};
use serde_json::Value;

use super::{Parser, record::Runs};
use crate::strategies::json;

pub struct Metrics {
    runs: Runs,
    file: PathBuf,
    good: String,
}

impl Metrics {
    pub fn new(folder: &Path) -> Self {
        let runs = Runs::new(folder);
        let file = folder::metrics_path(&runs.run);
        let good = fs::read_to_string(&file).unwrap();
        // As a kill leaves it: then the lines say how far it came.
        let record = ::run::record::path(&runs.run);
        let text = fs::read_to_string(&record).unwrap();
        fs::write(record, text.replace("\"finished\"", "\"running\"")).unwrap();
        Self { runs, file, good }
    }
}

impl Parser for Metrics {
    fn inputs(&self) -> BoxedStrategy<Vec<u8>> {
        let lines: Vec<Value> = self.good.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let odd = vec(json(lines), 0..5).prop_map(|lines| lines.join(&b'\n'));
        let good = self.good.clone();
        (prop_oneof![Just(""), Just("\n")], odd, any::<bool>())
            .prop_map(move |(end, odd, is_after)| {
                [if is_after { good.as_bytes() } else { b"" }, &odd, end.as_bytes()].concat()
            })
            .boxed()
    }

    fn read(&mut self, bytes: &[u8]) -> bool {
        fs::write(&self.file, bytes).unwrap();
        let epochs = folder::read_epochs(&self.runs.run).map_or(0, |epochs| epochs.len());
        self.runs.look(crc32fast::hash(bytes));
        let position = TrainState { epoch: 1, ..TrainState::default() };
        let opened = MetricsLog::open(&self.runs.run, &position).map_err(|error| error.to_string());
        epochs > 0 && opened.is_ok()
    }
}
