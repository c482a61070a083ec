//! `run.json`: the record of a run with odd values.

use std::{
    fs,
    path::{Path, PathBuf},
};

use ::run::{RunFolder, RunRecord, list};
use chart::{html, terminal};
use data::DataSet;
use plan::Plan;
use proptest::prelude::*;
use report::{Comparison, clock};
use serde_json::Value;
use train::evaluation;

use super::{Parser, run};
use crate::strategies::json;

pub struct Record {
    runs: Runs,
    file: PathBuf,
}

impl Record {
    pub fn new(folder: &Path) -> Self {
        let runs = Runs::new(folder);
        let file = ::run::record::path(&runs.run);
        Self { runs, file }
    }
}

impl Parser for Record {
    fn inputs(&self) -> BoxedStrategy<Vec<u8>> {
        json(vec![serde_json::from_slice::<Value>(&fs::read(&self.file).unwrap()).unwrap()])
    }

    fn read(&mut self, bytes: &[u8]) -> bool {
        fs::write(&self.file, bytes).unwrap();
        self.runs.look(crc32fast::hash(bytes));
        RunRecord::read(&self.runs.run).map_err(|error| error.to_string()).is_ok()
    }
}

/// Two runs, of which the first is looked at in every way.
pub struct Runs {
    data: DataSet,
    plan: Plan,
    pub run: PathBuf,
    other: PathBuf,
}

impl Runs {
    pub fn new(folder: &Path) -> Self {
        let data = run::data(folder);
        let plan = run::plan(folder, &["training.log_steps=true"]);
        let [run, other] = [plan.clone(), run::plan(folder, &["seed=1"])].map(|plan| run::trained(&plan, &data));
        Self { data, plan, run, other }
    }

    /// Now and then, since it takes longer than to read a file: the list of runs, a comparison, a report.
    pub fn look(&self, number: u32) {
        if !number.is_multiple_of(8) {
            return;
        }
        for run in list::list(&self.plan.runs).unwrap() {
            let told =
                run.record.map(|record| (clock(record.seconds), record.best.map(|best| format!("{:?}", best.metrics))));
            let _ = told.map_err(|error| error.to_string());
        }
        if number.is_multiple_of(64)
            && let Ok(comparison) = Comparison::read(&[self.run.clone(), self.other.clone()])
        {
            let document = comparison.document(None);
            assert!(
                !html::page(&document).is_empty()
                    && !terminal::document(&document, 80, terminal::Colours::Plain).is_empty()
            );
        }
        if number.is_multiple_of(256)
            && let Ok(folder) = RunFolder::open(&self.run)
            && let Ok(scores) = evaluation::of_run(&run::flex(), Path::new(""), folder.path(), &self.data)
            && let Ok(page) = report::write(&folder, &self.data, scores, report::Extras::default())
        {
            assert!(fs::metadata(page).unwrap().len() > 0);
        }
    }
}
