//! `report.html`: what came of a run, and what it takes to judge and to repeat it.

use std::path::{Path, PathBuf};

use chart::{Block, Document, Picture, Section, Table, Tile, html};
use data::{DataSet, Split};
use metrics::{Scores, TOP_LOSSES, interval};
use plan::{BuiltIn, Config, Difference, ModelKind, Plan, ScheduleKind};
use run::{
    About, EpochRecord, Error, RunFolder, RunRecord, folder,
    record::State::{Failed, Finished, Interrupted, Paused, Running},
};

use crate::{
    ConfusionTable, Evaluated,
    beside_baseline::PIXEL_SIMILARITY,
    clock, counts,
    counts::skipped,
    course::Course,
    curves,
    evaluated::list_of_classes,
    first_layer::{self, Unit},
    fraction, grouped, moment, name,
    room::room,
    short, use_it,
    verdict::Verdict,
    why::Why,
    words::some_of,
};

/// Images of the first batch beside each other, as many as there is room for.
const BATCH_COLUMNS: usize = 12;

/// Those that are seen at once.
const BATCH_SEEN: usize = 8;

/// What a study leaves in the folder of each of its trials.
const TRIAL: &str = "trial.toml";

/// Classes that are named one after the other.
const NAMED: usize = 100;

/// A run with its model on the validation split.
#[derive(Clone, Debug)]
pub struct RunReport<'a> {
    /// Its folder, as commands name it.
    pub run: &'a Path,
    /// As the run wrote it.
    pub plan: Plan,
    /// `run.json`.
    pub record: RunRecord,
    /// Those of `metrics.jsonl`.
    pub epochs: Vec<EpochRecord>,
    /// The model of its best epoch.
    pub evaluated: Evaluated<'a>,
    pub extras: Extras,
}

/// What takes data and a network to know, besides what a run left; all of it may be missing.
#[derive(Clone, Debug, Default)]
pub struct Extras {
    /// The accuracy of the pixel-similarity baseline.
    pub baseline: Option<f64>,
    /// Layers with their outputs, parameters and multiply-adds; the first table is seen at once.
    pub layers: Vec<Table>,
    /// Images of the first batch as the network sees them.
    pub batch: Vec<Picture>,
    /// What decides the top losses.
    pub whys: Vec<Why>,
    /// What the first layer looks for.
    pub first_layer: Vec<Unit>,
}

/// Writes the report of a run into its folder, at once or not at all, and what its model confuses; returns the report's path. `scores` are those of its model on the
/// validation split of `data`.
///
/// # Errors
/// As [`RunReport::read`], and where the file cannot be written.
pub fn write(folder: &RunFolder, data: &DataSet, scores: Scores, extras: Extras) -> Result<PathBuf, Error> {
    let report = RunReport::read(folder.path(), data, scores, extras)?;
    ConfusionTable::of(&report.evaluated.evaluation).write(folder.path())?;
    let path = folder::report_path(folder.path());
    files::replace(&path, html::page(&report.document()).as_bytes())?;
    Ok(path)
}

impl<'a> RunReport<'a> {
    /// Reads the run in `run`; `scores` are those of its model on the validation split of `data`.
    ///
    /// # Errors
    /// Where a file of it cannot be read.
    pub fn read(run: &'a Path, data: &'a DataSet, scores: Scores, extras: Extras) -> Result<Self, Error> {
        let (plan, record) = (folder::read_plan(run)?, RunRecord::read(run)?);
        let epochs = folder::read_epochs(run)?;
        let config = files::quoted(&folder::config_path(run));
        let evaluated = Evaluated::new(&plan, data, Split::Valid, scores, config);
        Ok(Self { run, plan, record, epochs, evaluated, extras })
    }

    /// The whole report: the outcome, what to do next and how its model is used, and then what it is made of.
    pub fn document(&self) -> Document {
        let id = self.run.file_name().unwrap_or_default().to_string_lossy();
        let shape = self.evaluated.data.shape();
        let outputs = self.evaluated.data.task().outputs();
        let use_it = use_it::block(self.run, &self.plan, outputs, shape, self.resume().as_deref());
        let results = [self.curves(), self.evaluated.result()];
        // Each image once: what is explained first is not shown again.
        let above: Vec<&str> = self.extras.whys.iter().map(|why| why.name.as_str()).collect();
        let images = self.why().into_iter().chain(self.misses(&above)).chain(self.evaluated.classes(&above));
        let model = self.evaluated.pixel_weights().into_iter().chain(self.first_layer()).chain(self.network());
        let circumstances = [self.data(), self.timings(), self.environment()];
        let lead = self.study().into_iter().chain([Block::Tiles(self.tiles()), Block::Text(self.setup())]);
        let (found, next): (Vec<Block>, Vec<Block>) =
            self.verdict().into_iter().partition(|block| matches!(block, Block::Text(_)));
        let next = if next.is_empty() { use_it } else { Block::Beside(vec![Block::Together(next), use_it]) };
        let lead = lead.chain(found).chain([next]);
        Document {
            title: format!("Run {}/{id}", self.plan.name),
            lead: lead.collect(),
            sections: results
                .into_iter()
                .chain(images)
                .chain(self.probabilities())
                .chain(model)
                .chain(circumstances)
                .collect(),
        }
    }

    /// What it got wrong; of a model that is never wrong what it was least sure of, unless that stands above.
    fn misses(&self, above: &[&str]) -> Option<Section> {
        let top_losses = || above.is_empty().then(|| self.evaluated.top_losses_as_pictures(TOP_LOSSES));
        self.evaluated.misses(above).or_else(top_losses)
    }

    fn verdict(&self) -> Vec<Block> {
        Verdict {
            run: self.run,
            plan: &self.plan,
            data: self.evaluated.data,
            epochs: &self.epochs,
            best: self.record.best.as_ref().map(|best| best.epoch),
            counts: &self.evaluated.evaluation.sums.counts,
            is_too_sure: self.evaluated.is_too_sure(),
            is_finished: self.record.state == Finished,
        }
        .blocks()
    }

    /// What matters most.
    fn tiles(&self) -> Vec<Tile> {
        let Evaluated { data, evaluation, .. } = &self.evaluated;
        let counts = &evaluation.sums.counts;
        let mut tiles = self.evaluated.tiles().to_vec();
        let most = counts.by_class().iter().map(|class| class.actual).max().unwrap_or(0);
        let largest = fraction(Some(most as f64 / counts.total().max(1) as f64));
        tiles.push(match self.extras.baseline {
            Some(baseline) => {
                let always = format!("always the largest class: {largest}");
                Tile::new(PIXEL_SIMILARITY, fraction(Some(baseline)), always)
            }
            None => Tile::new("largest class", largest, "the accuracy of naming it always"),
        });
        if let Some(book) = curves::books(&self.plan, data).and_then(|book| book.last()) {
            let [low, high] = interval(counts.right(), counts.total());
            let within = if (low..=high).contains(&book.accuracy) { "; within the interval of ours" } else { "" };
            let note = format!("its notebook's last epoch{within}");
            tiles.push(Tile::new("the book", fraction(Some(book.accuracy)), note));
        }
        tiles.extend([
            self.evaluated.loss_tile(),
            Tile::new("best epoch", self.best_epoch(), self.chosen_by()),
            Tile::new("time", clock(self.record.seconds), "of training and validation"),
            Tile::new("backend", &self.record.backend, format!("on {}", self.record.device)),
        ]);
        let state = self.state();
        if state != "finished" {
            let (state, reason) = state.split_once(": ").unwrap_or((&state, ""));
            let steps = self.record.steps_done.map(|steps| format!("after {} steps", grouped(steps)));
            let note = [Some(reason.to_owned()).filter(|reason| !reason.is_empty()), steps];
            tiles.insert(0, Tile::new("state", state, note.into_iter().flatten().collect::<Vec<_>>().join(", ")));
        }
        tiles
    }

    /// What trained on what, and the config that it was begun with.
    fn setup(&self) -> String {
        let command = About::read(self.run).ok().and_then(|about| about.command());
        let with = command.map_or_else(String::new, |command| format!(" with `{command}`"));
        let begun = format!(" Begun on {}{with}.", moment(&self.record.started));
        let chosen = if self.epochs.len() > 1 {
            " The epoch was chosen by the validation images that it is judged by: of others it may be right a little less often."
        } else {
            ""
        };
        setup(&self.plan, self.evaluated.data, Some(self.record.model.parameters)) + &begun + chosen
    }

    /// The study that this is a trial of, which lies beside it.
    fn study(&self) -> Option<Block> {
        let is_trial = self.run.join(TRIAL).is_file();
        is_trial.then(|| Block::Link { text: "All trials of its study".into(), address: "../report.html".into() })
    }

    fn why(&self) -> Option<Section> {
        (!self.extras.whys.is_empty()).then(|| Why::of_all(&self.extras.whys))
    }

    /// The hidden units, or the kernels of the first convolution.
    fn first_layer(&self) -> Option<Section> {
        let heading = match self.plan.model.kind {
            ModelKind::TwoLayer => "Weights of the hidden units",
            _ => "Kernels of the first convolution",
        };
        first_layer::section(heading, &self.extras.first_layer, self.evaluated.data.task().classes())
    }

    /// The images of the first batch, and the layers they go through.
    fn network(&self) -> Option<Section> {
        let Extras { layers, batch, .. } = &self.extras;
        let mut tables = layers.iter().cloned().map(narrowed);
        let first = tables.next().map(Block::Table);
        let each = tables.map(|table| {
            let summary = format!("Each of the {} layers", table.rows.len() - usize::from(table.has_total));
            Block::Fold { summary, blocks: vec![Block::Table(table)] }
        });
        let layers = first.into_iter().chain(each);
        (!self.extras.layers.is_empty() || !batch.is_empty()).then(|| {
            let mut pictures: Vec<Picture> =
                batch.iter().take(room(self.evaluated.data.shape()) / 6).cloned().collect();
            let how = self.plan.augmentation.in_words().map_or_else(String::new, |words| format!(": each {words}"));
            let text = format!("{} images of the first batch, as the first epoch sees them{how}.", pictures.len());
            let alt = "Images of the first training batch with their labels".to_owned();
            let more = pictures.split_off(pictures.len().min(BATCH_SEEN));
            let summary = format!("{} more", more.len());
            let block = |pictures| Block::Pictures { alt: alt.clone(), pictures, columns: BATCH_COLUMNS };
            let more = (!more.is_empty()).then(|| Block::Fold { summary, blocks: vec![block(more)] });
            let batch = [Block::Text(text), block(pictures)].into_iter().chain(more);
            let batch = (!self.extras.batch.is_empty()).then_some(batch);
            Section::new("What the network is, and sees", layers.chain(batch.into_iter().flatten()))
        })
    }

    fn state(&self) -> String {
        // Who writes a report holds the folder's lock: nobody trains in it.
        let state = match self.record.state {
            Finished => "finished",
            Interrupted => "interrupted",
            Paused => "stopped early",
            Failed => "failed",
            Running => "killed",
        };
        self.record.reason.as_ref().map_or_else(|| state.into(), |reason| format!("{state}: {reason}"))
    }

    /// By what the best epoch was chosen, and where accuracy was higher.
    fn chosen_by(&self) -> String {
        let by = format!("by {}, of these images", name(self.plan.training.monitor));
        let best = self.record.best.as_ref().map(|best| best.metrics.accuracy);
        let highest = self.epochs.iter().max_by(|a, b| a.valid.accuracy.total_cmp(&b.valid.accuracy));
        match highest.filter(|highest| best.is_some_and(|best| highest.valid.accuracy > best)) {
            Some(highest) => format!("{by}; accuracy {:.4} in epoch {}", highest.valid.accuracy, highest.epoch),
            None => by,
        }
    }

    /// Which epoch the model is of, and how many there are.
    fn best_epoch(&self) -> String {
        let best = self.record.best.as_ref().map_or_else(|| "-".into(), |best| best.epoch.to_string());
        let (done, planned) = (self.epochs.len(), self.plan.training.epochs);
        let of = if done == planned { format!("{done}") } else { format!("{done} done, {planned} planned") };
        format!("{best} of {of}")
    }

    /// ROC curve and calibration.
    fn probabilities(&self) -> impl Iterator<Item = Section> {
        self.evaluated.roc().into_iter().chain([self.evaluated.calibration()])
    }

    fn curves(&self) -> Section {
        let Self { plan, record, epochs, .. } = self;
        Course { plan, data: self.evaluated.data, best: record.best.as_ref(), epochs }.section()
    }

    fn timings(&self) -> Section {
        let record = &self.record;
        let steps = record.steps_done.or_else(|| Some(self.epochs.last()?.step)).unwrap_or_default();
        let whole = Table::of_names([
            ("total", format!("{} of training and validation", clock(record.seconds))),
            ("optimizer steps", grouped(steps)),
            ("started", moment(&record.started)),
            ("ended", record.ended.as_deref().map_or_else(|| "-".into(), moment)),
        ]);
        let mut each = Table::new(["an epoch", "least", "median", "most"], 1);
        let is_long = self.epochs.iter().any(|epoch| epoch.seconds >= 10.0);
        each.rows.extend(match is_long {
            true => self.spread("seconds, with validation", 1, |epoch| epoch.seconds),
            false if self.epochs.iter().all(|epoch| epoch.seconds < 1.0) => {
                self.spread("milliseconds, with validation", 1, |epoch| epoch.seconds * 1e3)
            }
            false => self.spread("seconds, with validation", 2, |epoch| epoch.seconds),
        });
        each.rows.extend(self.spread("training images a second", 0, |epoch| epoch.images_per_second));
        Section::new("Timings", [Block::Table(whole), Block::Table(each)])
    }

    /// Least, median and most of a number that each epoch has; none without an epoch.
    fn spread(&self, name: &str, decimals: usize, value: fn(&EpochRecord) -> f64) -> Option<Vec<String>> {
        let mut values: Vec<f64> = self.epochs.iter().map(value).collect();
        values.sort_by(f64::total_cmp);
        let (least, most) = (*values.first()?, *values.last()?);
        let shown = |value: f64| if decimals == 0 { grouped(value.round()) } else { format!("{value:.decimals$}") };
        let numbers = [least, search::median(&mut values), most].map(shown);
        Some([name.to_owned()].into_iter().chain(numbers).collect())
    }

    fn data(&self) -> Section {
        let data = self.evaluated.data;
        let recorded = &self.record.data;
        let classes = data.task().classes();
        let about = match classes {
            [positive, negative] => format!("{positive} (target 1) against {negative} (target 0)"),
            classes => format!("{}: {}", classes.len(), some_of(classes, NAMED)),
        };
        let notes = recorded.notes.iter().map(|note| ("note", note.clone()));
        let facts = [("data", recorded.name().to_owned())].into_iter().chain(notes).chain([
            ("classes", about),
            ("images", data.shape().to_string()),
            ("fingerprint", recorded.fingerprint.clone()),
        ]);
        let counts = list_of_classes(counts(data), "Images of each class");
        let blocks = [Block::Table(Table::of_names(facts)), counts];
        Section::new("Data", blocks.into_iter().chain(skipped(data)))
    }

    fn environment(&self) -> Section {
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
            facts.extend(machine.processor.iter().map(|processor| ("processor", processor.clone())));
            facts.push(("cores", machine.cores.to_string()));
            facts.push(("CPU threads", threads));
        }
        Section::new("Environment", [Block::Table(Table::of_names(facts))])
    }

    /// What `--resume` needs besides the run; `None` for a run that ended because its patience did.
    fn resume(&self) -> Option<String> {
        match (&self.record.state, &self.record.reason) {
            (Finished, Some(_)) => None,
            // A schedule that has come to its end is better begun anew.
            (Finished, None) if self.plan.schedule.kind != ScheduleKind::Constant => None,
            (Finished, None) => Some(format!(" --set training.epochs={}", 2 * self.plan.training.epochs)),
            _ => Some(String::new()),
        }
    }
}

/// The same with kind and output below the name of a layer, so that a narrow page has its numbers too.
fn narrowed(table: Table) -> Table {
    let below = |row: &Vec<String>| match &row[..] {
        [name, kind, output, numbers @ ..] => {
            let what =
                [kind, output].into_iter().filter(|text| !text.is_empty()).cloned().collect::<Vec<_>>().join(", ");
            let name = if what.is_empty() { name.clone() } else { format!("{name}\n{what}") };
            [name].into_iter().chain(numbers.iter().cloned()).collect()
        }
        row => row.to_vec(),
    };
    let header =
        table.header.iter().enumerate().filter(|(place, _)| ![1, 2].contains(place)).map(|(_, name)| name.clone());
    Table { header: header.collect(), rows: table.rows.iter().map(below).collect(), numbers_from: 1, ..table }
}

/// What trains on what, and how, in a line.
pub(crate) fn setup(plan: &Plan, data: &DataSet, parameters: Option<usize>) -> String {
    let Plan { model, optimizer, schedule, training, seed, .. } = plan;
    let size = parameters.map_or_else(String::new, |count| format!(" ({} parameters)", grouped(count)));
    let rate = match schedule.kind {
        ScheduleKind::Constant => format!("learning rate {}", short(optimizer.learning_rate)),
        kind => format!("learning rate up to {} ({kind})", short(optimizer.learning_rate)),
    };
    format!(
        "`{}`{size} on {}, {}: {}, {rate}, batches of {}, seed {seed}.",
        model.kind,
        data.name,
        data.task(),
        optimizer.kind,
        training.batch_size
    )
}

/// What differs from the defaults, and all of it folded.
pub(crate) fn settings(run: &Path, plan: &Plan) -> [Block; 2] {
    let caption = folder::config_path(run).display().to_string();
    let base = Plan::resolve(&Config::BuiltIn(BuiltIn::Base), &[]);
    let differences = base.map(|base| plan.differences(&base)).unwrap_or_default();
    let mut table = Table::new(["key", "here", "base.toml"], usize::MAX);
    for Difference { key, this, other } in &differences {
        table.add_row([(*key).to_owned(), plan::shown(this), plan::shown(other)]);
    }
    let differing = match table.rows.len() {
        0 => Block::text("Its plan is `base.toml` as it is."),
        _ => Block::Table(table.captioned("What differs from base.toml")),
    };
    let code = Block::Code { caption, lines: plan.to_toml() };
    [differing, Block::Fold { summary: "Every key".into(), blocks: vec![code] }]
}
