//! Which trials a study has, as far as that is known before they run.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use plan::{Plan, PlanError};
use rayon::prelude::*;
use search::{Grid, Point, random_new, sobol};

use super::{Search, Study, space};
use crate::{named, status, trial_record};

/// The most trials that a study can have: all are known by their numbers and points, in memory and as folders.
const MOST_TRIALS: u64 = 1_000_000;

/// A point and, where the study has seeds, one of them: what a trial differs in.
pub type Seeded = (Point, Option<u64>);

/// The number of each trial by its point, as its folder keeps it, and its seed.
pub type Numbers = BTreeMap<(String, Option<u64>), usize>;

impl Study {
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
        let identity = |point: &Point| self.plan(point, None).map(|plan| plan.identity());
        let identities: Vec<String> = points.par_iter().map(identity).collect::<Result<_, _>>()?;
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

    /// The trials that are known so far: those of the points, and those that TPE has proposed before.
    ///
    /// # Errors
    /// Where the study's folder cannot be read.
    pub fn known(&self) -> Result<Vec<Seeded>, crate::Error> {
        match self.all()? {
            Some(all) => Ok(all),
            None => Ok(status::of_study(self)?
                .into_iter()
                .map(|status| (status.trial.point(), status.trial.seed))
                .collect()),
        }
    }

    /// All trials by their numbers; `None` where a search proposes them one after another.
    fn all(&self) -> Result<Option<Vec<Seeded>>, PlanError> {
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
