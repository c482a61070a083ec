//! The runs below an output root, for the pages of `train serve`.

use std::{
    collections::BTreeSet,
    ffi::OsString,
    fs,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    path::{self, Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use anyhow::Context as _;
use chart::html;
use plan::{Config, Entry, Plan, Setting, did_you_mean};
use run::{About, folder, list};
use serde_json::{Value, json};
use serve::{Action, Asked, Done, Page, Runs, Served};
use study::{StudyResults, status::is_study, studies_by_name, study_folder};
use time::format_description::well_known::Rfc3339;

use super::{
    super::{
        compare, configs,
        runs::{Condition, Row, Sort, marks, removal, row, shortened, stop},
        stored_run::StoredRun,
    },
    begun::begin,
    started,
};
use crate::cli::{BackendArgs, ServeArgs};

/// What was read of the runs is taken again for so long, and for so many times as long as reading them took.
const FRESH: Duration = Duration::from_millis(300);
const TIMES: u32 = 10;

/// The runs below a root.
pub struct Watched {
    root: PathBuf,
    /// What their models compute on, and the folder of drawings that some were trained on.
    backend: BackendArgs,
    drawn: PathBuf,
    rows: Mutex<Option<Read>>,
}

/// What was read of them, and when.
struct Read {
    rows: Arc<Vec<Row>>,
    at: Instant,
    took: Duration,
}

impl Watched {
    pub fn new(args: &ServeArgs) -> Self {
        let (root, drawn) = (args.root.runs.clone(), args.drawn.clone());
        Self { root, backend: args.backend.clone(), drawn, rows: Mutex::new(None) }
    }

    fn rows(&self) -> anyhow::Result<Arc<Vec<Row>>> {
        let mut known = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Read { rows, .. }) = known.as_ref().filter(|read| read.at.elapsed() < FRESH.max(read.took * TIMES))
        {
            return Ok(rows.clone());
        }
        let began = Instant::now();
        let rows = Arc::new(row::all(&self.root, false)?);
        *known = Some(Read { rows: rows.clone(), at: Instant::now(), took: began.elapsed() });
        Ok(rows)
    }

    /// The newest run that a person began and that has a model.
    pub fn newest_with_model(&self) -> anyhow::Result<Option<PathBuf>> {
        let has_model = |row: &&Row| row.trials.is_none() && folder::model_path(&row.path).is_file();
        Ok(self.rows()?.iter().rfind(has_model).map(|row| row.path.clone()))
    }

    /// What was done has to be seen at once.
    fn forget(&self) {
        *self.rows.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The folder of this name: a run, a study or a trial. Its parts are looked for among the folders that are there; what they spell
    /// is never a path.
    fn find(&self, name: &str) -> Option<PathBuf> {
        // `<name>` of a study, `<name>/<id>` of a run or a trial.
        if name.split('/').count() > 2 {
            return None;
        }
        let mut found = self.root.clone();
        for part in name.split('/') {
            let is_named = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy() == part);
            found = list::folders(&found).ok()?.into_iter().find(is_named)?;
        }
        (folder::check(&found).is_ok() || is_study(&found)).then_some(found)
    }

    /// By which a run is asked for; none of one that is elsewhere.
    pub fn name_of(&self, run: &Path) -> Option<String> {
        let [root, run] = [self.root.as_path(), run].map(path::absolute);
        let name = run.ok()?.strip_prefix(root.ok()?).ok()?.to_string_lossy().into_owned();
        self.find(&name).map(|_| name)
    }

    fn named(&self, name: &str) -> anyhow::Result<PathBuf> {
        self.find(name).ok_or_else(|| anyhow::anyhow!("there is no run `{name}`, or no longer"))
    }

    fn all_named(&self, names: &[String]) -> anyhow::Result<Vec<PathBuf>> {
        names.iter().map(|name| self.named(name)).collect()
    }

    fn selected(&self, asked: &Asked) -> anyhow::Result<Value> {
        let rows = self.rows()?;
        let of_data = asked.data.as_ref().map(|name| format!("data={name}"));
        let conditions = asked.filter.split_whitespace().chain(of_data.as_deref());
        let conditions = conditions.map(str::parse::<Condition>).collect::<Result<Vec<_>, _>>();
        let conditions = conditions.map_err(anyhow::Error::msg)?;
        conditions.iter().try_for_each(Condition::check)?;
        let mut found: Vec<&Row> = rows.iter().filter(|row| conditions.iter().all(|it| it.holds(row))).collect();
        match &asked.sort {
            Some(key) => Sort::by(key)?.apply(&mut found),
            // What is at work, then the newest.
            None => {
                found.reverse();
                found.sort_by_key(|row| !row.is_at_work());
            }
        }
        let shown = found.iter().skip(asked.skip).take(asked.last.unwrap_or(usize::MAX));
        let shown: Vec<Value> = shown.map(|row| self.shown(row)).collect();
        let data: BTreeSet<&str> = rows.iter().filter_map(|row| Some(row.record.as_ref()?.data.name())).collect();
        Ok(json!({ "total": rows.len(), "found": found.len(), "data": data, "runs": shown }))
    }

    /// By which a run is asked for.
    fn name(&self, run: &Path) -> String {
        run.strip_prefix(&self.root).unwrap_or(run).to_string_lossy().into_owned()
    }

    /// A row of the list, in words.
    fn shown(&self, row: &Row) -> Value {
        let is_study = row.trials.is_some();
        let [changed, tags, note] = row.marks();
        let accuracy = report::fraction(row.best().map(|best| best.metrics.accuracy));
        let [highest, epoch] = row.highest();
        let highest = (highest != accuracy).then(|| json!({ "accuracy": highest, "epoch": epoch }));
        json!({
            "name": self.name(&row.path),
            "is_study": is_study,
            "data": row.record.as_ref().map(|record| record.data.name()),
            "model": row.record.as_ref().map(|record| &record.model.kind),
            "state": row.state,
            "alive": if is_study { study_folder::has_drivers(&row.path) } else { folder::is_in_use(&row.path) },
            "can_resume": is_study || row.state != "finished",
            "can_draw": row.run.as_ref().is_some_and(|run| folder::model_path(run).is_file()),
            "began": row.began(),
            "began_at": row.began_at().and_then(|began| began.format(&Rfc3339).ok()),
            "epochs": row.epochs(),
            "loss": report::fraction(row.best().map(|best| best.metrics.loss)),
            "epoch": row.best().map(|best| best.epoch),
            "accuracy": accuracy,
            "highest": highest,
            "time": report::spent(row.seconds),
            "changed": changed,
            "changes": changes(row),
            "marks": [tags, note],
            "note": row.about.note,
            "tags": row.about.tags,
            "problem": row.reason.as_ref().filter(|_| row.is_damaged),
        })
    }

    /// The model of a run, or of a study's best trial.
    fn started(&self, name: &str) -> anyhow::Result<Served> {
        let named = self.named(name)?;
        let run = if is_study(&named) {
            let results = StudyResults::read(&named)?;
            let best = results.as_ref().and_then(StudyResults::best).map(|best| best.run.clone());
            best.with_context(|| format!("no trial of study `{name}` has a model"))?
        } else {
            named
        };
        anyhow::ensure!(folder::model_path(&run).is_file(), "run `{name}` has no model yet");
        let stored = StoredRun::open(run, &self.backend)?;
        let name = self.name(&stored.path);
        started(stored, Some(name), &self.drawn)
    }

    fn done(&self, action: Action) -> anyhow::Result<Done> {
        let said = match action {
            Action::Train { config, settings } => {
                let config = known(&config, "config", &Entry::configs())?;
                let settings = settings.iter().map(|text| Setting::parse(text)).collect::<Result<Vec<_>, _>>()?;
                // What is wrong with it is told in its own words.
                Plan::resolve(&Config::find(Path::new(&config)), &settings)?;
                let run = begin([config.into()].into_iter().chain(set(&settings)).chain([
                    "--quiet".into(),
                    "--set".into(),
                    self.runs_setting(),
                ]))?;
                return Ok(Done { said: format!("trains in {run}"), run: Some(self.name(Path::new(&run))) });
            }
            Action::Sweep { study, settings } => {
                let study = known(&study, "study", &studies_by_name())?;
                let settings = settings.iter().map(|text| Setting::parse(text)).collect::<Result<Vec<_>, _>>()?;
                begin(self.sweep(study.clone().into(), &settings))?;
                format!("study {study} is at work")
            }
            Action::Stop { runs } => {
                let runs = self.all_named(&runs)?;
                runs.iter().map(|run| stop::asked(run)).collect::<Result<Vec<_>, _>>()?.join("; ")
            }
            Action::Resume { runs } => {
                let runs = self.all_named(&runs)?;
                for run in &runs {
                    if is_study(run) {
                        let file = study_folder::file_of(run)
                            .ok_or_else(|| anyhow::anyhow!("`{}` has no copy of its study file", run.display()))?;
                        begin(self.sweep(file.into(), &study_folder::typed_in(run)?))?;
                    } else {
                        begin(["--resume".into(), run.clone().into(), "--quiet".into()])?;
                    }
                }
                format!("goes on: {}", listed(&runs))
            }
            Action::Report { runs } => {
                let runs = self.all_named(&runs)?;
                for run in &runs {
                    let command = if is_study(run) { ["sweep", "report"].as_slice() } else { &["report"] };
                    begin(command.iter().map(OsString::from).chain([run.clone().into()]))?;
                }
                format!("written: {}", listed(&runs))
            }
            Action::Note { run, text } => {
                let run = self.named(&run)?;
                let about = About { note: marks::note_of(&text), ..About::read(&run)? };
                about.write(&run)?;
                format!("note of {} written", run.display())
            }
            Action::Tags { run, tags } => {
                let run = self.named(&run)?;
                let tags = tags.iter().map(|tag| crate::cli::tag(tag)).collect::<Result<Vec<_>, _>>();
                let mut about = About::read(&run)?;
                about.tags = tags.map_err(anyhow::Error::msg)?;
                about.write(&run)?;
                format!("tags of {} written", run.display())
            }
            Action::Remove { runs } => removal::moved(&self.root, &self.all_named(&runs)?)?,
            Action::Prune { keep, dry_run } => removal::pruned(&self.root, keep, dry_run)?,
            Action::Undo => format!("back: {}", listed(&removal::undone(&self.root)?)),
        };
        Ok(Done { said, run: None })
    }

    /// The arguments of a study below this output root, which goes on without us.
    fn sweep(&self, study: OsString, settings: &[Setting]) -> impl Iterator<Item = OsString> {
        let below = ["--set".into(), self.runs_setting(), "--detach".into()];
        ["sweep".into(), study].into_iter().chain(set(settings)).chain(below)
    }

    fn runs_setting(&self) -> OsString {
        format!("runs={}", self.root.display()).into()
    }
}

impl Runs for Watched {
    fn list(&self, asked: &Asked) -> Result<Value, String> {
        self.selected(asked).map_err(in_a_line)
    }

    fn page(&self, name: &str) -> Option<Page> {
        let path = folder::report_path(&self.find(name)?);
        // A run's folder may be linked from another disk; a page that is a link is none that this program has written.
        let is_own = fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_file());
        let written = is_own.then(|| fs::read_to_string(path).ok()).flatten();
        Some(written.map_or(Page::Missing, Page::Written))
    }

    fn stamp(&self, name: Option<&str>) -> Option<u64> {
        let mut hash = DefaultHasher::new();
        match name {
            // Its files, whatever there is of them.
            Some(name) => {
                let changed = |path: &Path| -> Option<(SystemTime, u64)> {
                    let of = fs::metadata(path).ok()?;
                    Some((of.modified().ok()?, of.len()))
                };
                changed(&folder::report_path(&self.find(name)?)).hash(&mut hash);
            }
            None => {
                for row in self.rows().iter().flat_map(|rows| rows.iter()) {
                    (&row.path, &row.state, row.epochs(), &row.about.note, &row.about.tags).hash(&mut hash);
                }
            }
        }
        Some(hash.finish())
    }

    fn compare(&self, names: &[String]) -> Result<String, String> {
        let compared = || {
            let runs = compare::runs_of(&self.all_named(names)?)?;
            let comparison = compare::read(&runs)?;
            // Links lead to where the runs' pages are on this server.
            anyhow::Ok(html::page(&comparison.document(Some(files::folder_of(&self.root)))))
        };
        compared().map_err(in_a_line)
    }

    fn model(&self, name: &str) -> Result<Served, String> {
        self.started(name).map_err(in_a_line)
    }

    fn configs(&self) -> Value {
        configs::object()
    }

    fn act(&self, action: Action) -> Result<Done, String> {
        let said = self.done(action).map_err(in_a_line);
        self.forget();
        said
    }
}

/// What was changed, in few letters: keys without their sections, and not the data, which has a column of its own.
fn changes(row: &Row) -> Vec<String> {
    let is_of_data = |change: &String| ["data.path=", "data.source="].iter().any(|key| change.starts_with(key));
    let mut changes: Vec<String> = row.about.changes().into_iter().filter(|change| !is_of_data(change)).collect();
    // A value may have spaces in it.
    let short = shortened(&study::short(&changes.join(" ")));
    if short.len() == changes.len() {
        changes = short;
    }
    if let (Some(_), Some(first)) = (&row.trials, changes.first_mut()) {
        first.insert_str(0, "best: ");
    }
    changes
}

pub fn in_a_line(error: anyhow::Error) -> String {
    format!("{error:#}").replace('\n', "; ")
}

fn listed(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}

/// One of the names that are listed; from elsewhere comes no path.
fn known(name: &str, kind: &str, entries: &[Entry]) -> anyhow::Result<String> {
    let names = entries.iter().map(|entry| entry.name.as_str());
    match names.clone().find(|known| *known == name) {
        Some(known) => Ok(known.to_owned()),
        None => anyhow::bail!("there is no {kind} `{name}`{}", did_you_mean(name, names)),
    }
}

fn set(settings: &[Setting]) -> impl Iterator<Item = OsString> {
    settings.iter().flat_map(|setting| ["--set".into(), format!("{}={}", setting.key, setting.text).into()])
}
