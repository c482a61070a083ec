//! A study as a page: the best, what each key does to the metric, the curves, what became of all trials, what it took.
//!
//! A page of ten thousand trials has to open: every chart draws a bounded number of trials, evenly chosen from best to
//! worst, and says so.

mod against_keys;
mod axes;
mod contour;
mod cost;
mod curves;
mod dots;
mod edges;
mod history;
mod importance;
mod parallel;
mod seeds;
mod unfinished;

use std::path::{Path, PathBuf};

use ::report::{clock, grouped, moment};
use chart::{Block, Document, Section, Table, Term, Tile, html};
use plan::Plan;
use run::folder;
use search::{Asha, Domain, Parameter};

use crate::{
    Error, Status, Study, leaderboard, named,
    overview::{self, short_key},
    points::{Ranked, ranked},
    status::came_to,
    study::Pruner,
    study_folder,
    trial::short,
};

/// Points in the table.
const BEST: usize = 10;

const NO_PAGE: &str = "The number of a trial that has a page leads to it: `train sweep report` of this study writes those of the \
    points in this table, with `--pages` those of all trials.";

/// The values of a trial for these keys, a dash where it has none.
fn values(status: &Status, keys: &[&str]) -> Vec<String> {
    let point = status.trial.point();
    keys.iter().map(|key| point.get(*key).map_or_else(|| "-".into(), short)).collect()
}

/// A short text in one line: a mean is not to be parted from its interval, nor a number from its unit.
fn whole(text: String) -> String {
    if text.chars().count() < 20 { text.replace(' ', "\u{a0}") } else { text }
}

/// Accuracy of a trial at its best epoch, how many validation images it has wrong, and of how many.
fn judged(status: &Status) -> Option<(String, u64, usize)> {
    let record = status.record.as_ref()?;
    let (accuracy, all) = (record.best.as_ref()?.metrics.accuracy, record.data.valid);
    Some((::report::fraction(Some(accuracy)), ((1.0 - accuracy) * all as f64).round() as u64, all))
}

/// The page of a trial as seen from the study's; empty where it has none.
fn page_of(status: &Status, folder: &Path) -> String {
    let page = folder::report_path(&status.run);
    let seen = page.strip_prefix(folder).ok().filter(|_| page.is_file());
    seen.map_or_else(String::new, |seen| seen.display().to_string())
}

/// A study with its trials, as the sections of the page see them.
struct StudyView<'a> {
    study: &'a Study,
    trials: &'a [Status],
    /// The points, best first.
    points: Vec<Ranked<'a>>,
    /// The trials with a finite value of the metric, best first.
    valued: Vec<(&'a Status, f64)>,
}

/// Everything there is to see of a study, whose trials lie below `folder`.
pub fn report(study: &Study, folder: &Path, trials: &[Status]) -> Document {
    let view = StudyView::new(study, trials);
    let importances = importance::importances(&view);
    let parts = [
        view.best(folder),
        history::section(&view),
        Some(view.leaderboard(folder)),
        importance::section(&view, &importances),
        parallel::section(&view),
        Some(against_keys::section(&view)),
        contour::section(&view, &importances),
        seeds::section(&view),
        curves::section(&view),
        unfinished::section(&view),
        cost::section(&view),
    ];
    Document {
        title: match view.trains(None) {
            data if data.is_empty() => format!("Study {}", study.name),
            data => format!("Study {}: {data}", study.name),
        },
        lead: [Block::Tiles(view.tiles(&importances)), Block::Table(view.outcome())]
            .into_iter()
            .chain(view.first_two().map(Block::Text))
            .chain(edges::hints(&view, &importances))
            .collect(),
        sections: parts.into_iter().flatten().collect(),
    }
}

/// Writes what a study comes to: its page, and the best trial's plan as a config to run; returns the page's path.
///
/// # Errors
/// Where a file cannot be written, or the best trial's plan cannot be read.
pub fn write(path: &Path, study: &Study, trials: &[Status]) -> Result<PathBuf, Error> {
    let _turn = study_folder::turn(path)?;
    if let Some(best) = best_of(study, trials) {
        let plan = Plan { name: format!("{}-best", study.name), ..folder::read_plan(&best.run)? };
        files::replace(&path.join(BEST_PLAN), plan.to_toml().as_bytes())?;
    }
    let page = path.join(PAGE);
    files::replace(&page, html::page(&report(study, path, trials)).as_bytes())?;
    Ok(page)
}

/// Seconds after which the page of a study at work comes anew.
const RELOAD: u64 = 5;

/// Writes the page of a study at work, which comes anew.
///
/// # Errors
/// Where it cannot be written.
pub fn write_live(path: &Path, study: &Study, trials: &[Status]) -> Result<(), Error> {
    let mut document = report(study, path, trials);
    let at_work = format!(
        "As of {}, the study is at work. While it is, this page is written again.",
        moment(&run::record::now())
    );
    document.lead.insert(1, Block::Text(at_work));
    let page = html::live_page(&document, RELOAD);
    Ok(files::replace_unflushed(&path.join(PAGE), page.as_bytes())?)
}

/// The page of a study, in its folder.
pub const PAGE: &str = "report.html";

/// The plan of the best trial, in a study's folder.
pub const BEST_PLAN: &str = "best.toml";

/// The best trial of the best point, where one has a value.
pub fn best_of<'a>(study: &Study, trials: &'a [Status]) -> Option<&'a Status> {
    ranked(study, trials).first()?.best(study)
}

/// The trials that the page's leaderboard leads to: of each of the best points the best one. Each has a model.
pub fn leaders<'a>(study: &Study, trials: &'a [Status]) -> Vec<&'a Status> {
    let points = ranked(study, trials);
    let best = points.iter().take(BEST).filter_map(|point| point.best(study));
    best.filter(|status| folder::model_path(&status.run).is_file()).collect()
}

/// How much each key matters, in a line; none of one key, and before the first trial has a value.
pub fn importance_of_keys(study: &Study, trials: &[Status]) -> Option<String> {
    let view = StudyView::new(study, trials);
    let has_several = study.space.parameters().len() > 1;
    if has_several && !view.valued.is_empty() { importance::importances(&view).line() } else { None }
}

impl<'a> StudyView<'a> {
    fn new(study: &'a Study, trials: &'a [Status]) -> Self {
        let finite = |status: &'a Status| Some((status, status.value.filter(|value| value.is_finite())?));
        let mut valued: Vec<(&Status, f64)> = trials.iter().filter_map(finite).collect();
        valued.sort_by(|(_, a), (_, b)| study.goal.loss(*a).total_cmp(&study.goal.loss(*b)));
        Self { study, trials, points: ranked(study, trials), valued }
    }

    /// What matters most.
    fn tiles(&self, importances: &importance::Importances) -> Vec<Tile> {
        let Self { study, trials, points, .. } = self;
        let best = leaderboard::of_points(study, points, 1).rows.into_iter().next();
        let value = best.map_or_else(|| "-".into(), |row| row[1].clone());
        let of = points.first().and_then(|point| point.best(study)).map_or_else(String::new, |status| {
            let seeds = if study.seeds().len() > 1 { ", the mean of its seeds" } else { "" };
            let judged = judged(status).filter(|_| !self.is_of_accuracy());
            let judged = judged.map_or_else(String::new, |(accuracy, wrong, all)| {
                format!("; accuracy {accuracy}, {wrong} of {} wrong", grouped(all))
            });
            format!("the best, trial {}{seeds}{judged}", dots::item(status))
        });
        let keys = self.keys();
        let first = importances.first().map(|(key, share)| Tile::new("matters most", short_key(key, &keys), share));
        let device = trials.iter().find_map(|status| status.record.as_ref());
        let device = device.map(|record| Tile::new("backend", &record.backend, format!("on {}", record.device)));
        [
            Tile::new(study.metric.to_string(), value, of),
            Tile::new("trials", grouped(study.total() as usize), overview::counts(study, trials)),
        ]
        .into_iter()
        .chain(first)
        .chain(cost::tiles(self))
        .chain(device)
        .collect()
    }

    fn outcome(&self) -> Table {
        let study = self.study;
        let goal = format!("{}, to be {:?}d", study.metric, study.goal).to_lowercase();
        let plan = study.a_plan().ok();
        let at = plan.as_ref().map_or_else(String::new, |plan| {
            format!("; of each trial at its best epoch, by {}", ::report::name(plan.training.monitor))
        });
        Table::of_names([("trains", self.trains(plan.as_ref())), ("metric", goal + &at), ("search", self.search())])
    }

    /// How points are chosen, from what, and how trials are stopped early.
    fn search(&self) -> String {
        let study = self.study;
        let keys = self.keys();
        let range = |parameter: &Parameter| {
            let log = matches!(parameter.domain, Domain::LogUniform { .. } | Domain::LogInt { .. });
            let by = if log { " by magnitude" } else { "" };
            format!("{} {}{by}", short_key(&parameter.key, &keys), parameter.domain)
        };
        let ranges: Vec<String> = study.space.parameters().iter().map(range).collect();
        let epochs = |asha: &Asha| asha.rungs().iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
        let prune = match &study.prune {
            Some(Pruner::Asha(asha)) => format!("; trials are compared after {} epochs (ASHA)", epochs(asha)),
            Some(Pruner::Median(_)) => "; trials below the median are stopped".into(),
            None => String::new(),
        };
        format!("{}, seed {}: {}{prune}", format!("{:?}", study.search).to_lowercase(), study.seed, ranges.join("; "))
    }

    /// What all trials share: network, data and epochs.
    fn trains(&self, plan: Option<&Plan>) -> String {
        let keys = self.study.keys();
        let of = |key: &str, text: String| (!keys.contains(key)).then_some(text);
        let network = plan.and_then(|plan| of("model.kind", plan.model.kind.to_string()));
        let epochs = plan.and_then(|plan| of("training.epochs", format!("{} epochs", plan.training.epochs)));
        let record = self.trials.iter().find_map(|status| status.record.as_ref());
        let data =
            record.map(|record| format!("{} on {}", network.as_deref().unwrap_or("networks"), record.data.name()));
        let parts: Vec<String> = data.or(network).into_iter().chain(epochs).collect();
        parts.join(", ")
    }

    /// The best points, a column for each key, and all trials for who asks.
    fn leaderboard(&self, folder: &Path) -> Section {
        let board = leaderboard::of_points(self.study, &self.points, BEST);
        let mut table = self.table();
        for (row, point) in board.rows.iter().zip(&self.points) {
            let status = point.best(self.study).unwrap_or(point.trials[0]);
            let [trial, value, epochs, time, state] = std::array::from_fn(|column| row[column].clone());
            self.add_row(&mut table, folder, status, [trial, value, came_to(&epochs, &state), time]);
            // The points are sorted.
            table.best.push((table.best.is_empty() && point.mean.is_some()).then_some(1));
        }
        let without = table.links.iter().any(String::is_empty).then(|| Block::text(NO_PAGE));
        let more = self.points.get(BEST..).unwrap_or_default();
        let worse = more.iter().filter(|point| point.mean.is_some()).count();
        let counted = |count: usize, one: &str, many: &str| match count {
            0 => None,
            1 => Some(format!("1 more point {one}.")),
            _ => Some(format!("{} more points {many}.", grouped(count))),
        };
        let more = [
            counted(worse, "is worse than these", "are worse than these"),
            counted(more.len() - worse, "has no value", "have no value"),
        ];
        let more: Vec<String> = more.into_iter().flatten().collect();
        let more = (!more.is_empty()).then(|| Block::text(more.join(" ")));
        let all = (self.trials.len() > table.rows.len()).then(|| self.all_trials(folder));
        Section::new("Leaderboard", [Block::Table(table)].into_iter().chain(more).chain(without).chain(all))
    }

    /// Whether the metric is what images are counted by anyway.
    fn is_of_accuracy(&self) -> bool {
        self.study.metric.to_string() == "valid.accuracy"
    }

    /// How far the best two are apart, in words; of several seeds that is for the intervals to say.
    fn first_two(&self) -> Option<String> {
        let [(one, a), (other, b), ..] = self.valued[..] else { return None };
        let metric = self.study.metric;
        let by =
            format!("Trial {} leads trial {} by {}", dots::item(one), dots::item(other), metric.shown((a - b).abs()));
        let ((_, wrong, all), (_, others, _)) = (judged(one)?, judged(other)?);
        let chance = match self.close_second().is_some() {
            true => "that is within chance, and other seeds may turn it round",
            false => "that is more than the choice of the images comes to; other seeds tell what the seed does",
        };
        let told = format!("{by}, and has {wrong} of {} images wrong where that has {others}: {chance}.", grouped(all));
        (self.study.seeds().len() < 2).then_some(told)
    }

    /// The second, where chance may have put it there; of several seeds that is for the intervals to say.
    fn close_second(&self) -> Option<&'a Status> {
        let [(one, _), (other, _), ..] = self.valued[..] else { return None };
        let ((_, wrong, _), (_, others, _)) = (judged(one)?, judged(other)?);
        (self.study.seeds().len() < 2 && ::report::is_chance(wrong, others)).then_some(other)
    }

    fn keys(&self) -> Vec<&'a str> {
        self.study.space.parameters().iter().map(|parameter| parameter.key.as_str()).collect()
    }

    /// A row for each trial, in the order of their numbers.
    fn all_trials(&self, folder: &Path) -> Block {
        let mut table = self.table();
        for status in self.trials {
            let value = status.value.map_or_else(|| "-".into(), |value| self.study.metric.shown(value));
            let time = status.record.as_ref().map_or_else(|| "-".into(), |record| clock(record.seconds));
            let epochs = status.came_to();
            self.add_row(&mut table, folder, status, [dots::item(status).to_string(), value, epochs, time]);
        }
        let file = files::quoted(&self.study.file);
        let pages = table.links.iter().any(String::is_empty).then(|| {
            format!(
                "`train sweep report {file} --pages` writes the pages of the others, and this one with links to them."
            )
        });
        ::report::all_rows(table, "trials", pages)
    }

    /// Columns for trials: what a trial is known by, what it came to, its point.
    fn table(&self) -> Table {
        let (keys, metric) = (self.keys(), self.study.metric.to_string());
        let short = keys.iter().map(|key| short_key(key, &keys));
        let of_images = ["accuracy", "wrong"].into_iter().skip(usize::from(self.is_of_accuracy()));
        Table::new(["trial", &metric].into_iter().chain(of_images).chain(short).chain(["epochs", "time"]), 1)
    }

    fn add_row(&self, table: &mut Table, folder: &Path, status: &Status, told: [String; 4]) {
        let [trial, value, epochs, time] = told;
        let of_images = judged(status)
            .map_or_else(|| ["-".into(), "-".into()], |(accuracy, wrong, _)| [accuracy, grouped(wrong as usize)]);
        let of_images = of_images.into_iter().skip(usize::from(self.is_of_accuracy()));
        let cells = [trial, value].into_iter().chain(of_images).chain(values(status, &self.keys()));
        table.add_row(cells.chain([epochs, time]).map(whole));
        table.items.push(dots::item(status));
        table.links.push(page_of(status, folder));
    }

    fn best(&self, folder: &Path) -> Option<Section> {
        let best = self.points.first()?.best(self.study)?;
        let metric = self.study.metric;
        let file = folder.join(BEST_PLAN);
        let rows = Table::of_names([
            ("trial", (best.trial.number + 1).to_string()),
            ("point", named(&best.trial.point(), best.trial.seed)),
            (metric.to_string().as_str(), best.value.map_or_else(String::new, |value| metric.shown(value))),
        ]);
        let (run, config, study) = (files::quoted(&best.run), files::quoted(&file), files::quoted(folder));
        let seed = best.trial.seed.unwrap_or_default() + 1;
        let second = self.close_second().filter(|second| second.trial.number != best.trial.number);
        let again = second.map_or_else(String::new, |second| {
            // By a name of its own: it is no trial of the study.
            let name = files::for_shell(&format!("name={}-{}", self.study.name, dots::item(second)));
            format!("train {} --set seed={seed} --set {name}\n", files::quoted(&folder::config_path(&second.run)))
        });
        let and = second.map_or_else(String::new, |second| format!(" and trial {}", dots::item(second)));
        let commands = Block::Code {
            caption: format!("Evaluate it, train it{and} again with another seed, hold all trials beside each other"),
            lines: format!(
                "train evaluate {run} --charts\ntrain {config} --set seed={seed}\n{again}train compare {study} --html compare.html\n"
            ),
        };
        // It is written before the page; of a study that is only looked at there may be none.
        let config = files::read_text(&file).ok().map(|lines| {
            Block::Terms(vec![Term {
                term: "Its config".into(),
                meaning: format!("Every key with its value: `{}`, a file to run.", file.display()),
                caption: file.display().to_string(),
                lines,
            }])
        });
        let address = page_of(best, folder);
        let page = (!address.is_empty()).then(|| Block::Link { text: "Its page".into(), address });
        Some(Section::new("The best trial", [Block::Table(rows), commands].into_iter().chain(page).chain(config)))
    }

    /// What the worst and the best of the shades on this page stand for; none where there are not two trials to tell apart.
    fn ends(&self) -> Option<[String; 2]> {
        let [(_, best), .., (_, worst)] = self.valued[..] else { return None };
        let metric = self.study.metric;
        Some([format!("worst {}", metric.shown(worst)), format!("best {}", metric.shown(best))])
    }

    /// How good the trial in this place of `valued` is among them: 1 for the best, 0 for the worst.
    fn worth(&self, place: usize) -> f64 {
        1.0 - place as f64 / (self.valued.len() - 1).max(1) as f64
    }

    /// `valued` with the worth of each, as many as there may be.
    fn some(&self, most: usize) -> Vec<(&'a Status, f64, f64)> {
        let all: Vec<_> = self
            .valued
            .iter()
            .enumerate()
            .map(|(place, (status, value))| (*status, *value, self.worth(place)))
            .collect();
        ::report::few(&all, most)
    }
}
