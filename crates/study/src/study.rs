//! A study: what a study file says, checked.

mod metric;
mod reader;
mod space;
mod trials;

use std::{
    collections::BTreeSet,
    num::NonZeroUsize,
    path::{Path, PathBuf},
    sync::OnceLock,
    thread,
    time::Duration,
};

use plan::{Config, Origin, Plan, PlanError, Problem, Setting, Template};
use search::{Asha, Goal, Median, Point, SOBOL_POINTS, Space, Tpe};

use crate::{identity::in_common, slurm};

pub use metric::Metric;
use reader::Reader;
pub use trials::{Numbers, Seeded};

/// Trials of a grid beyond which somebody has to say that they mean it.
const LIMIT: u64 = 1000;

/// How the points are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Search {
    /// All combinations of lists.
    Grid,
    /// Independent random points.
    Random,
    /// Points of low discrepancy.
    Sobol,
    /// The tree-structured Parzen estimator.
    Tpe,
}

/// How trials that lag behind are stopped.
#[derive(Clone, Debug, PartialEq)]
pub enum Pruner {
    /// Asynchronous successive halving.
    Asha(Asha),
    /// The median stopping rule.
    Median(Median),
}

/// A checked study.
#[derive(Clone, Debug)]
pub struct Study {
    /// The study file.
    pub file: PathBuf,
    /// What stands in it.
    pub text: String,
    /// Its runs go to `<runs>/<name>/<trial>`.
    pub name: String,
    /// The config that all trials change.
    pub base: Config,
    /// The same, read.
    template: Template,
    /// What every trial changes alike.
    pub set: Vec<Setting>,
    /// What the trials differ in.
    pub space: Space,
    /// What they have in common, hashed.
    pub common: String,
    /// How the points are chosen.
    pub search: Search,
    /// How many points, where the search does not say; each is one trial per seed.
    pub trials: usize,
    /// Seed of the search.
    pub seed: u64,
    /// Seeds of the trials; `[None]`: the base's own.
    seeds: Vec<Option<u64>>,
    /// What is compared.
    pub metric: Metric,
    /// Which values are better.
    pub goal: Goal,
    /// Threads of a trial; 0: all cores.
    pub threads: usize,
    /// After how long no more trials begin, and those that run save and stop.
    pub max_time: Option<Duration>,
    /// Trials at a time.
    pub jobs: usize,
    /// Devices that the trials are spread over; empty: the base's own.
    pub devices: Vec<usize>,
    /// How often a failed trial is tried again.
    pub retries: usize,
    /// Stop when the first so many fail alike.
    pub fail_fast: Option<usize>,
    /// Trials of a grid beyond which `--yes` is needed.
    pub limit: u64,
    /// How trials that lag behind are stopped.
    pub prune: Option<Pruner>,
    /// What it asks Slurm for, where it runs there.
    pub slurm: slurm::Options,
    /// Where `space` and its keys stand in the file.
    places: space::Places,
    /// Where `backend` and `devices` do.
    hardware: [Option<Origin>; 2],
    /// How many points the search has; counted once, when somebody asks.
    count: OnceLock<u64>,
}

impl Study {
    /// Reads a study file; `--set` of the command line goes on top of what it sets.
    ///
    /// # Errors
    /// Everything that is wrong with the file itself; [`Study::check`] looks at the trials.
    pub fn read(file: &Path, settings: &[Setting]) -> Result<Self, PlanError> {
        let mut reader = Reader::open(file)?;
        let (base, template) = reader.base()?;
        let (space, places) = space::read(&mut reader)?;
        let search = reader.choice("search", &SEARCHES, Search::Grid);
        if space.parameters().is_empty() && search != Search::Grid && !reader.has_problems() {
            let origin = Origin::Line { file: file.display().to_string(), line: 1 };
            let message = "`[space]` is missing: the keys that the search chooses values for".into();
            reader.note(Problem::Other { origin, message });
        }
        let metric = reader.metric("metric");
        let goal = reader.choice("goal", &GOALS, metric.usual_goal());
        let first_of = |reader: &Reader, keys: [&str; 2]| keys.into_iter().find_map(|key| reader.place(key));
        let hardware = [["backend", "set.backend"], ["devices", "set.device"]].map(|keys| first_of(&reader, keys));
        let per_trial = reader.place("threads_per_trial");
        let threads = reader.count("threads_per_trial", 1).unwrap_or(1);
        let asked: Vec<Setting> = reader.set("set").into_iter().chain(settings.iter().cloned()).collect();
        let named = reader.place("name");
        let name = reader.text("name").unwrap_or_else(|| stem(file));
        let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let mut study = Self {
            file: file.into(),
            text: reader.source().to_owned(),
            template,
            base,
            set: alike(&mut reader, file, asked.clone(), [(&name, named), ("threads_per_trial", per_trial)], threads),
            name,
            common: String::new(),
            space,
            search,
            trials: reader.trials(search),
            seed: reader.count("seed", 0).unwrap_or(0) as u64,
            seeds: reader.seeds(),
            metric,
            goal,
            threads: 0,
            max_time: reader.duration("max_time"),
            jobs: reader.count("jobs", 1).unwrap_or((cores / threads).max(1)),
            devices: reader.counts("devices"),
            retries: reader.count("retries", 0).unwrap_or(1),
            fail_fast: reader.count("fail_fast", 1),
            limit: reader.count("limit", 1).map_or(LIMIT, |limit| limit as u64),
            prune: None,
            slurm: reader.slurm(),
            places,
            hardware,
            count: OnceLock::new(),
        };
        let plan = study.a_plan()?;
        let epochs = plan.training.epochs;
        study.threads = plan.threads;
        study.common = in_common(&plan, study.differing());
        study.prune = reader.prune(goal, epochs);
        study.refuse_what_cannot_be_set(&mut reader, &asked);
        reader.finish()?;
        Ok(study)
    }

    /// Refuses what would be set for all trials and have no effect on any.
    fn refuse_what_cannot_be_set(&self, reader: &mut Reader, asked: &[Setting]) {
        let has_seeds = self.seeds.iter().any(Option::is_some);
        if has_seeds && self.keys().contains("seed") {
            let message = "`seed` is in the space; remove it there, or `seeds` and `repeat`".to_owned();
            reader.note(self.places.problem("seed", message));
        }
        let differing: BTreeSet<&str> = self.differing().collect();
        for Setting { key, origin, .. } in asked {
            let message = match key.as_str() {
                "name" => "`name` of a study's trials is its own `name`, above all tables".to_owned(),
                "threads" => {
                    "`threads` of a study's trials is its own `threads_per_trial`, above all tables".to_owned()
                }
                key if differing.contains(key) => {
                    format!("`{key}` is what the trials differ in; remove it here or there")
                }
                _ => continue,
            };
            reader.note(Problem::Other { origin: origin.clone(), message });
        }
    }

    /// Takes what `auto` came to, so that every trial means the same.
    pub fn make_definite(&mut self, settings: impl IntoIterator<Item = Setting>) {
        self.set.extend(settings);
    }

    /// The plan of the trial at a point.
    ///
    /// # Errors
    /// Where the point's values make no valid plan; the message leads to the key in the study file.
    pub fn plan(&self, point: &Point, seed: Option<u64>) -> Result<Plan, PlanError> {
        let mut settings = self.set.clone();
        settings.extend(point.iter().map(|(key, value)| self.places.setting(key, value)));
        settings.extend(seed.map(|seed| Setting::flag(format!("{}: seeds", self.file.display()), "seed", seed as i64)));
        self.template.plan(&settings)
    }

    /// The plan without any point: where the study's folder is, what its data is.
    ///
    /// # Errors
    /// Where base and `[set]` make no valid plan.
    pub fn a_plan(&self) -> Result<Plan, PlanError> {
        self.plan(&Point::new(), None)
    }

    /// The keys that the trials differ in.
    fn differing(&self) -> impl Iterator<Item = &str> {
        let seed = self.seeds.iter().any(Option::is_some).then_some("seed");
        self.keys().into_iter().chain(seed)
    }

    /// The seeds of each point; one `None` where the study has none.
    pub fn seeds(&self) -> &[Option<u64>] {
        &self.seeds
    }

    /// Where the trials' run folders are.
    ///
    /// # Errors
    /// Where base and `[set]` make no valid plan.
    pub fn folder(&self) -> Result<PathBuf, PlanError> {
        Ok(self.a_plan()?.runs.join(&self.name))
    }

    /// The places of `backend` and `devices` with their keys, for messages.
    pub fn hardware(&self) -> [String; 2] {
        let [backend, devices] = &self.hardware;
        let named = |place: &Option<Origin>, key| match place {
            Some(origin) => format!("{origin}: `{key}`"),
            None => format!("{}: `{key}`", self.file.display()),
        };
        [named(backend, "backend"), named(devices, "devices")]
    }

    /// Successive halving, where the study has it.
    pub fn asha(&self) -> Option<&Asha> {
        match &self.prune {
            Some(Pruner::Asha(asha)) => Some(asha),
            _ => None,
        }
    }

    /// The search that proposes points as values come in, where the study has it, and how many.
    pub fn tpe(&self) -> Option<(Tpe, usize)> {
        (self.search == Search::Tpe).then(|| (Tpe::new(self.goal), self.trials))
    }

    /// The keys that the trials differ in.
    pub fn keys(&self) -> BTreeSet<&str> {
        self.space.parameters().iter().map(|parameter| parameter.key.as_str()).collect()
    }
}

/// What all trials have alike; later wins.
fn alike(
    reader: &mut Reader,
    file: &Path,
    asked: Vec<Setting>,
    [(name, named), (of_threads, per_trial)]: [(&str, Option<Origin>); 2],
    threads: usize,
) -> Vec<Setting> {
    let flag = |key: &str, of: &str, value: toml::Value| Setting::flag(format!("{}: {of}", file.display()), key, value);
    // A thread that prepares batches ahead would have no core of its own.
    let workers = (threads == 1).then(|| flag("data.workers", "threads_per_trial", 0.into()));
    let mut set: Vec<Setting> = workers.into_iter().chain(asked).collect();
    let name = flag("name", "the file's name", name.into());
    set.push(Setting { origin: named.unwrap_or(name.origin), ..name });
    let threads = flag("threads", of_threads, (threads as i64).into());
    set.push(Setting { origin: per_trial.unwrap_or(threads.origin), ..threads });
    set.extend(reader.backend());
    set
}

const SEARCHES: [(&str, Search); 4] =
    [("grid", Search::Grid), ("random", Search::Random), ("sobol", Search::Sobol), ("tpe", Search::Tpe)];

const GOALS: [(&str, Goal); 2] = [("minimise", Goal::Minimise), ("maximise", Goal::Maximise)];

/// The most points that a search can be asked for.
const MOST_POINTS: usize = SOBOL_POINTS as usize;

fn stem(file: &Path) -> String {
    file.file_stem().map_or_else(|| "study".into(), |stem| stem.to_string_lossy().into_owned())
}
