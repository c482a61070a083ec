//! A run of the library's own, of which one file is then replaced by a foreign one.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use ::run::{EpochRecord, RunFolder, checkpoint::TrainState};
use burn::train::Interrupter;
use data::{DataSet, Request, Source};
use plan::{BackendChoice, BuiltIn, Config, Plan, Setting};
use train::{
    Error,
    backend::choice::{self, Chosen},
    fit::{self, Job},
    observer::{EpochProgress, Observer},
    ranks::Ranks,
};

use super::png;

/// Four images of 2 x 2 pixels.
pub fn data(folder: &Path) -> DataSet {
    let root = folder.join("images");
    for class in ["train/3", "train/7", "valid/3", "valid/7"] {
        fs::create_dir_all(root.join(class)).unwrap();
        fs::write(root.join(class).join("a.png"), png::small()).unwrap();
    }
    let request =
        Request { source: Source::Folder { path: root }, cache: Some(folder.join("packed")), ..Request::default() };
    data::load(&request, &mut |_| {}).unwrap()
}

/// A plan for it, with more settings.
pub fn plan(folder: &Path, settings: &[&str]) -> Plan {
    let set = |text: &str| Setting::parse(text).unwrap();
    let usual = [
        "backend=flex",
        "model.kind=two-layer",
        "model.hidden=2",
        "training.epochs=2",
        "training.batch_size=1",
        "data.workers=0",
    ];
    let paths = [("runs", folder.join("runs")), ("data.path", folder.join("images"))];
    let paths = paths.map(|(key, path)| Setting::flag("test", key, path.to_str().unwrap()));
    let all = [
        usual.map(set).to_vec(),
        paths.to_vec(),
        vec![set("data.source=folder")],
        settings.iter().map(|text| set(text)).collect(),
    ];
    Plan::resolve(&Config::BuiltIn(BuiltIn::Base), &all.concat()).unwrap()
}

/// Trains it; returns its folder.
pub fn trained(plan: &Plan, data: &DataSet) -> PathBuf {
    let folder = RunFolder::create(plan).unwrap();
    fit(plan, data, &folder, None).unwrap();
    folder.path().into()
}

/// The backend that all runs are on.
pub fn flex() -> Chosen {
    choice::choose(BackendChoice::Flex, 0).unwrap()
}

/// Trains from a checkpoint on.
pub fn fit(plan: &Plan, data: &DataSet, folder: &RunFolder, resume: Option<TrainState>) -> Result<(), Error> {
    let job = Job {
        plan: Arc::new(plan.clone()),
        data,
        folder: Some(folder),
        resume,
        backend: "flex".into(),
        device: "CPU".into(),
        observer: Box::new(Deaf),
        interrupter: Interrupter::new(),
        pause: None,
        tui: false,
        ranks: Ranks::default(),
    };
    fit::fit_on(&flex(), Path::new(""), job).map(|_| ())
}

struct Deaf;

impl Observer for Deaf {
    fn batches(&mut self, _: &EpochProgress) {}

    fn epoch(&mut self, _: &EpochRecord, _: usize, _: bool) {}

    fn warning(&mut self, _: &Error) {}
}
