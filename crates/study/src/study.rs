//! A study: what a study file says, checked.

pub(super) mod file;
mod metric;
pub(super) mod named;
mod space;

use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZeroUsize,
    ops::Range,
    path::{Path, PathBuf},
    sync::OnceLock,
    thread,
    time::Duration,
};

use plan::{Config, Origin, Plan, PlanError, Problem, Setting, Template};
use rayon::prelude::*;
use search::{Asha, Goal, Grid, Median, Point, SOBOL_POINTS, Space, Tpe, random_new, sobol};
use serde::Deserialize;

use crate::{identity::in_common, named, slurm, trial_record};

use file::StudyFile;
pub use metric::{MOST_EPOCHS, Metric};

/// Trials beyond which somebody has to say that they mean it.
const LIMIT: u64 = 1000;

/// The most trials that a study can have: all are known by their numbers and points, in memory and as folders.
const MOST_TRIALS: u64 = 1_000_000;

/// A point and, where the study has seeds, one of them: what a trial differs in.
pub type Seeded = (Point, Option<u64>);

/// The number of each trial by its point, as its folder keeps it, and its seed.
pub type Numbers = BTreeMap<(String, Option<u64>), usize>;

/// How the points are chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Search {
    /// All combinations of lists.
    #[default]
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

#[derive(Clone, Debug)]
pub struct Study {
    pub file: PathBuf,
    pub text: String,
    /// Its runs go to `<runs>/<name>/<trial>`.
    pub name: String,
    /// The config that all trials change.
    pub base: Config,
    /// The same, read.
    template: Template,
    /// What every trial changes alike.
    pub set: Vec<Setting>,
    /// What of it was set beside the file.
    pub typed: Vec<Setting>,
    /// What the trials differ in.
    pub space: Space,
    /// What they have in common, hashed.
    pub common: String,
    /// How the points are chosen.
    pub search: Search,
    /// How many points, where the search does not say; each is one trial per seed.
    pub trials: usize,
    pub seed: u64,
    /// Seeds of the trials; `[None]`: the base's own.
    seeds: Vec<Option<u64>>,
    pub metric: Metric,
    /// Which values are better.
    pub goal: Goal,
    /// Threads of a trial; 0: all cores.
    pub threads: usize,
    /// After how long no more trials begin, and those that run save and stop.
    pub max_time: Option<Duration>,
    /// Trials at a time.
    pub jobs: usize,
    /// Processes that share a trial.
    pub processes: usize,
    /// Devices that the trials are spread over; empty: the base's own.
    pub devices: Vec<usize>,
    /// How often a failed trial is tried again.
    pub retries: usize,
    /// Stop when the first so many fail alike.
    pub fail_fast: Option<usize>,
    /// Trials beyond which `--yes` is needed.
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
        let mut written = StudyFile::read(file)?;
        let values = written.values()?;
        let (space, places) = space::read(&written.space)?;
        let (base, template) = self::base(file, &written, values.base.as_deref().unwrap_or_default())?;
        let metric = written.metric(&values)?;
        let goal = values.goal(metric);
        let threads = values.threads_per_trial.unwrap_or(1);
        let processes = values.processes_per_trial.unwrap_or(1);
        let name = values.name.clone().unwrap_or_else(|| stem(file));
        let asked: Vec<Setting> = written.set.iter().chain(settings).cloned().collect();
        let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let mut study = Self {
            file: file.into(),
            set: alike(file, &written, &asked, &name, threads),
            typed: settings.to_vec(),
            hardware: [("backend", "backend"), ("devices", "device")]
                .map(|(key, set)| written.origin(key).or_else(|| written.origin_in_set(set))),
            template,
            base,
            name,
            common: String::new(),
            space,
            search: values.search,
            trials: values.trials,
            seed: values.seed,
            seeds: values.seeds(),
            metric,
            goal,
            threads: 0,
            max_time: values.max_time(),
            jobs: values.jobs.unwrap_or((cores / threads / processes).max(1)),
            processes,
            devices: values.devices.clone(),
            retries: values.retries.unwrap_or(1),
            fail_fast: values.fail_fast,
            limit: values.limit.unwrap_or(LIMIT),
            prune: None,
            slurm: values.slurm.clone(),
            places,
            count: OnceLock::new(),
            text: String::new(),
        };
        study.refuse_what_cannot_be_set(&asked)?;
        let plan = study.a_plan()?;
        study.threads = plan.threads;
        study.common = in_common(&plan, study.differing());
        study.prune = written.pruner(&values, goal, plan.training.epochs)?;
        study.text = written.text;
        Ok(study)
    }

    /// Refuses what would be set for all trials and have no effect on any.
    fn refuse_what_cannot_be_set(&self, asked: &[Setting]) -> Result<(), PlanError> {
        let mut problems = Vec::new();
        let has_seeds = self.seeds.iter().any(Option::is_some);
        if has_seeds && self.keys().contains("seed") {
            let message = "`seed` is in the space; remove it there, or `seeds` and `repeat`".to_owned();
            problems.push(self.places.problem("seed", message));
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
            problems.push(Problem::Other { origin: origin.clone(), message });
        }
        if problems.is_empty() { Ok(()) } else { Err(PlanError { problems }) }
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

    /// How many points there will be; `u64::MAX` for that many and more.
    pub fn count(&self) -> u64 {
        let all = || Grid::new(&self.space).map(|grid| grid.count());
        *self.count.get_or_init(|| match self.search {
            Search::Grid => all().unwrap_or(0),
            // A small space has fewer points than were asked for.
            Search::Random | Search::Sobol => self.points().map_or(0, |points| points.len() as u64),
            Search::Tpe => (self.trials as u64).min(all().unwrap_or(u64::MAX)),
        })
    }

    /// How many trials there will be.
    pub fn total(&self) -> u64 {
        self.count().saturating_mul(self.seeds.len() as u64)
    }

    /// Checks that every trial has a valid plan of its own, before the first begins. What only a search will propose is checked
    /// at the ends of its ranges and the values of its lists.
    ///
    /// # Errors
    /// The first trial that has none; more trials than `limit` unless `yes`.
    pub fn check(&self, yes: bool) -> Result<(), PlanError> {
        let total = self.total();
        if total > self.limit && !yes {
            let message = format!("{total} trials are more than {}; `--yes` runs them, or raise `limit`", self.limit);
            return Err(self.places.problem("space", message).into());
        }
        if total > MOST_TRIALS {
            let message =
                format!("{total} trials are more than a study can have, {MOST_TRIALS}; take smaller lists or ranges");
            return Err(self.places.problem("space", message).into());
        }
        let mut points = self.points()?;
        points.extend(self.ends());
        let identity = |point: &Point| {
            let plan = self.plan(point, None)?;
            self.require_shards(&plan)?;
            Ok(plan.identity())
        };
        let identities: Vec<String> = points.par_iter().map(identity).collect::<Result<_, PlanError>>()?;
        self.refuse_equal(&points, &identities)
    }

    /// The plans of all trials that are known before the first begins, and those at the ends of what the search may propose.
    ///
    /// # Errors
    /// Where one is not valid.
    pub fn plans(&self) -> Result<Vec<Plan>, PlanError> {
        let mut points = self.points()?;
        points.extend(self.ends());
        points.par_iter().map(|point| self.plan(point, None)).collect()
    }

    /// Refuses more processes than a trial has shards to give them.
    fn require_shards(&self, plan: &Plan) -> Result<(), PlanError> {
        let (processes, shards) = (self.processes, plan.parallel.shards);
        if processes > 1 && !self.devices.is_empty() {
            let message = "each process of a trial takes a device of its host in its turn, not of `devices`; leave that out, or \
                           `processes_per_trial`";
            return Err(self.places.problem("devices", message.into()).into());
        }
        if processes <= shards {
            return Ok(());
        }
        let message = format!(
            "`processes_per_trial` is {processes}, and of `parallel.shards`, {shards}, each is to have one at least; set \
             `\"parallel.shards\" = {processes}` below [set]"
        );
        Err(self.places.problem("parallel.shards", message).into())
    }

    /// Refuses points that lead to the same run: values that are written in two ways.
    fn refuse_equal(&self, points: &[Point], identities: &[String]) -> Result<(), PlanError> {
        let mut seen: BTreeMap<&String, &Point> = BTreeMap::new();
        for (point, identity) in points.iter().zip(identities) {
            let Some(other) = seen.insert(identity, point).filter(|other| *other != point) else { continue };
            let key = point.keys().find(|key| point.get(*key) != other.get(*key)).map_or("space", String::as_str);
            let message = format!("{} and {} are the same run; remove one", named(other, None), named(point, None));
            return Err(self.places.problem(key, message).into());
        }
        Ok(())
    }

    /// The points that are known before the first trial; of TPE none.
    ///
    /// # Errors
    /// Where the search cannot make them of this space.
    pub fn points(&self) -> Result<Vec<Point>, PlanError> {
        let refused = |error: search::Error| PlanError::from(self.places.problem("space", error.to_string()));
        let of_number = 0..self.trials as u64;
        match self.search {
            Search::Grid => {
                let grid = Grid::new(&self.space).map_err(refused)?;
                Ok((0..grid.count()).filter_map(|index| grid.point(index)).collect())
            }
            Search::Random => {
                Ok(distinct(of_number, |index, is_new| Ok(random_new(&self.space, self.seed, index, is_new)))?)
            }
            Search::Sobol => distinct(of_number, |index, is_new| {
                let point = sobol(&self.space, self.seed, index).map_err(refused)?;
                Ok(Some(point).filter(|point| is_new(point)))
            }),
            Search::Tpe => Ok(Vec::new()),
        }
    }

    /// Points with the ends of every range, as far as a search may come.
    fn ends(&self) -> Vec<Point> {
        if self.search == Search::Grid { Vec::new() } else { space::ends(&self.space, self.seed) }
    }

    /// All trials by their numbers; `None` where a search proposes them one after another.
    ///
    /// # Errors
    /// Where the search cannot make its points of this space.
    pub fn all(&self) -> Result<Option<Vec<Seeded>>, PlanError> {
        if self.search == Search::Tpe {
            return Ok(None);
        }
        let with_seeds = |point: Point| self.seeds.iter().map(move |seed| (point.clone(), *seed));
        Ok(Some(self.points()?.into_iter().flat_map(with_seeds).collect()))
    }

    /// The numbers of all trials; `None` where only the folders know.
    ///
    /// # Errors
    /// Where the search cannot make its points of this space.
    pub fn numbers(&self) -> Result<Option<Numbers>, PlanError> {
        let number =
            |(number, (point, seed)): (usize, (Point, _))| ((trial_record::table(&point).to_string(), seed), number);
        Ok(self.all()?.map(|all| all.into_iter().enumerate().map(number).collect()))
    }
}

/// The config of a name: a path seen from the study file, or the name of a built-in one.
fn base(file: &Path, written: &StudyFile, name: &str) -> Result<(Config, Template), PlanError> {
    let beside = file.parent().unwrap_or(Path::new("")).join(name);
    let config = if beside.is_file() { Config::File(beside) } else { Config::find(Path::new(name)) };
    match (Template::read(&config), written.origin("base")) {
        (Ok(template), _) => Ok((config, template)),
        // What is wrong in a file that is there has a place of its own.
        (Err(error), Some(origin)) if !matches!(&config, Config::File(path) if path.is_file()) => {
            Err(Problem::Other { origin, message: format!("`base`: {error}") }.into())
        }
        (Err(error), _) => Err(error),
    }
}

/// What all trials have alike; later wins.
fn alike(file: &Path, written: &StudyFile, asked: &[Setting], name: &str, threads: usize) -> Vec<Setting> {
    let flag = |key: &str, of: &str, value: toml::Value| {
        let setting = Setting::flag(format!("{}: {of}", file.display()), key, value);
        Setting { origin: written.origin(of).unwrap_or(setting.origin), ..setting }
    };
    // A thread that prepares batches ahead would have no core of its own.
    let workers = (threads == 1).then(|| flag("data.workers", "threads_per_trial", 0.into()));
    let of_name = if written.origin("name").is_some() { "name" } else { "the file's name" };
    let own = [flag("name", of_name, name.into()), flag("threads", "threads_per_trial", (threads as i64).into())];
    workers.into_iter().chain(asked.iter().cloned()).chain(own).collect()
}

/// The most points that a search can be asked for.
const MOST_POINTS: i64 = SOBOL_POINTS as i64;

fn stem(file: &Path) -> String {
    file.file_stem().map_or_else(|| "study".into(), |stem| stem.to_string_lossy().into_owned())
}

/// The points that `draw` gives for the numbers, each once.
fn distinct(
    numbers: Range<u64>,
    draw: impl Fn(u64, &dyn Fn(&Point) -> bool) -> Result<Option<Point>, PlanError>,
) -> Result<Vec<Point>, PlanError> {
    let (mut points, mut seen) = (Vec::new(), BTreeSet::new());
    for number in numbers {
        if let Some(point) = draw(number, &|point| !seen.contains(&trial_record::table(point).to_string()))? {
            seen.insert(trial_record::table(&point).to_string());
            points.push(point);
        }
    }
    Ok(points)
}
