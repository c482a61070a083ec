//! Checkpoints: right checksums around odd positions and records.

use std::{
    fs,
    path::{Path, PathBuf},
};

use ::run::{RunFolder, checkpoint, folder, resume};
use data::DataSet;
use plan::Plan;
use proptest::{collection::vec, prelude::*};
use serde_json::Value;

use super::{Parser, run};
use crate::strategies::{edited, edits, few, json};

/// Magic and version.
const HEAD: usize = 12;

/// A run that has done one of its two epochs.
pub struct Checkpoints {
    data: DataSet,
    plan: Plan,
    run: PathBuf,
    /// Files of the run as it was.
    kept: Vec<(PathBuf, Vec<u8>)>,
    file: PathBuf,
    good: Vec<u8>,
}

impl Checkpoints {
    pub fn new(folder: &Path) -> Self {
        let data = run::data(folder);
        let settings = ["optimizer.momentum=0.9", "training.log_steps=true"];
        let plan = run::plan(folder, &settings);
        let one = run::plan(folder, &[&settings[..], &["training.epochs=1"]].concat());
        let run = run::trained(&one, &data);
        let checkpoints = run.join("checkpoints");
        let file = fs::read_dir(&checkpoints).unwrap().next().unwrap().unwrap().path();
        let good = fs::read(&file).unwrap();
        RunFolder::open(&run).unwrap().write_plan(&plan).unwrap();
        let kept = ["run.json", "metrics.jsonl"].map(|name| run.join(name));
        let kept = kept.map(|file| (file.clone(), fs::read(&file).unwrap())).to_vec();
        fs::remove_file(run.join("model.safetensors")).unwrap();
        Self { data, plan, run, kept, file, good }
    }
}

impl Parser for Checkpoints {
    fn inputs(&self) -> BoxedStrategy<Vec<u8>> {
        let good = self.good.clone();
        let [position, model, optimizer] = sections(&good[HEAD..]);
        let position = json(vec![serde_json::from_slice::<Value>(&position).unwrap()]);
        let position = prop_oneof![Just(sections(&good[HEAD..])[0].clone()), position];
        let words: &[&[u8]] = &[
            b"F32",
            b"F16",
            b"F64",
            b"I64",
            b"U8",
            b"Bool",
            b"BF16",
            b"\xa3F32",
            b"\xa3F16",
            b"\xa4BF16",
            b"\xa2U8",
            b"\x92\x01\x02",
            b"\x91\x04",
            b"\xc0",
            b"\xcf\xff\xff\xff\xff\xff\xff\xff\xff",
            b"\xdf\xff\xff\xff\xff",
            b"\xc6\xff\xff\xff\xff",
        ];
        let record = |record: Vec<u8>| {
            let retyped = (prop::sample::select(vec!["F16", "F64", "I64", "I32", "U32", "Q8S"]), Just(record.clone()));
            let retyped = retyped.prop_map(|(dtype, record)| replaced(&record, b"F32", dtype.as_bytes()));
            let odd = (Just(record.clone()), edits(words, 3)).prop_map(|(record, edits)| edited(record, &edits));
            prop_oneof![3 => Just(record), 1 => retyped, 4 => odd]
        };
        let lengths = prop::option::weighted(0.03, (0usize..3, any::<u64>()));
        (position, record(model), record(optimizer), lengths, few(3), vec(edits(words, 1), 0..2), 0u8..20)
            .prop_map(move |(position, model, optimizer, lengths, more, edits, rare)| {
                let mut bytes = good[..HEAD].to_vec();
                for (number, section) in [position, model, optimizer].iter().enumerate() {
                    let wrong = lengths.filter(|(which, _)| *which == number).map(|(_, length)| length);
                    bytes.extend(wrong.unwrap_or(section.len() as u64).to_le_bytes());
                    bytes.extend(section);
                }
                if rare < 3 {
                    bytes.extend(more);
                    bytes = edits.iter().fold(bytes, |bytes, edits| edited(bytes, edits));
                }
                let sum = crc32fast::hash(&bytes).wrapping_add(u32::from(rare == 0));
                [bytes, sum.to_le_bytes().to_vec()].concat()
            })
            .boxed()
    }

    fn read(&mut self, bytes: &[u8]) -> bool {
        let checkpoints = self.run.join("checkpoints");
        fs::write(&self.file, bytes).unwrap();
        if checkpoint::newest(&checkpoints, usize::MAX, Ok).map_err(|error| error.to_string()).is_err() {
            return false;
        }
        let resumed = resume::open(
            &self.run,
            &self.plan,
            (&self.data.fingerprint, self.data.train.len(), self.data.task().classes().len()),
            &mut |_| {},
        );
        let trained = resumed
            .map_err(train::Error::from)
            .and_then(|(folder, state)| run::fit(&self.plan, &self.data, &folder, state));
        // As it was before.
        fs::read_dir(&checkpoints).unwrap().for_each(|entry| fs::remove_file(entry.unwrap().path()).unwrap());
        self.kept.iter().for_each(|(file, bytes)| fs::write(file, bytes).unwrap());
        let _ = fs::remove_file(folder::model_path(&self.run));
        trained.map_err(|error| error.to_string()).is_ok()
    }
}

/// TrainState, model's record, optimizer's record.
fn sections(mut rest: &[u8]) -> [Vec<u8>; 3] {
    std::array::from_fn(|_| {
        let (length, after) = rest.split_first_chunk().unwrap();
        let (section, after) = after.split_at(u64::from_le_bytes(*length) as usize);
        rest = after;
        section.to_vec()
    })
}

fn replaced(bytes: &[u8], from: &[u8; 3], to: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let places: Vec<usize> =
        bytes.windows(3).enumerate().filter(|(_, window)| window == from).map(|(at, _)| at).collect();
    for at in places {
        bytes.splice(at..at + 3, to.iter().copied());
    }
    bytes
}
