//! What a run was made of: its data, plan and machine, and the commands that bring it back.

use chart::{Block, Section, Table};
use data::Digits;
use files::quoted;
use run::{folder, record::State};

use super::RunReport;

impl RunReport<'_> {
    pub(super) fn data(&self) -> Section {
        let data = self.evaluated.data;
        let recorded = &self.record.data;
        let [positive, negative] = &data.classes;
        let notes = recorded.notes.iter().map(|note| ("note", note.clone()));
        let [height, width] = data.train.sides();
        let facts = [("source", recorded.source.clone())].into_iter().chain(notes).chain([
            ("classes", format!("{positive} (target 1) against {negative} (target 0)")),
            ("images", format!("{height} x {width} grey pixels")),
            ("fingerprint", recorded.fingerprint.clone()),
        ]);
        let mut counts = Table::new(["split", positive, negative, "images"], 1);
        for (name, digits) in [("training", &data.train), ("validation", &data.valid)] {
            let positives = positives(digits);
            counts.add_row([
                name.into(),
                positives.to_string(),
                (digits.len() - positives).to_string(),
                digits.len().to_string(),
            ]);
        }
        Section::new("Data", [Block::Table(Table::of_names(facts)), Block::Table(counts)])
    }

    pub(super) fn settings(&self) -> Section {
        let caption = folder::config(self.run).display().to_string();
        Section::new("Plan", [Block::Code { caption, lines: self.plan.to_toml() }])
    }

    pub(super) fn environment(&self) -> Section {
        let record = &self.record;
        let mut facts = vec![
            ("program", format!("train {}", record.versions.train)),
            ("Burn", record.versions.burn.clone()),
            ("backend", record.backend.clone()),
            ("device", record.device.clone()),
        ];
        if let Some(machine) = &record.machine {
            let threads = if self.plan.threads == 0 { "all cores".into() } else { self.plan.threads.to_string() };
            facts.push(("system", format!("{}, {}", machine.os, machine.architecture)));
            facts.push(("cores", machine.cores.to_string()));
            facts.push(("CPU threads", threads));
        }
        Section::new("Environment", [Block::Table(Table::of_names(facts))])
    }

    pub(super) fn commands(&self) -> Section {
        let run = quoted(self.run);
        let config = quoted(&folder::config(self.run));
        let mut lines = format!("train {config}\n");
        lines += &format!("train evaluate {run} --charts --top-losses 9\n");
        lines += &format!("train predict {run} image.png\n");
        lines += &self.resume().map_or_else(String::new, |more| format!("train --resume {run}{more}\n"));
        let repeats =
            Block::text("The first command repeats the run; on `flex` and `ndarray` it ends with the same bits.");
        Section::new(
            "Commands",
            [repeats, Block::Code { caption: "Repeat it, evaluate it, use it, go on with it".into(), lines }],
        )
    }

    /// What `--resume` needs besides the run; `None` for a run that ended because its patience did.
    fn resume(&self) -> Option<String> {
        match (&self.record.state, &self.record.reason) {
            (State::Finished, Some(_)) => None,
            (State::Finished, None) => Some(format!(" --set training.epochs={}", 2 * self.plan.training.epochs)),
            _ => Some(String::new()),
        }
    }
}

fn positives(digits: &Digits) -> usize {
    digits.labels().iter().filter(|label| **label == 1).count()
}
