//! Which trials a study has, as far as that is known before they run.

use std::collections::BTreeMap;

use rayon::prelude::*;
use search::{Grid, Point, random, sobol};

use super::{Search, Study, space};
use crate::{
    plan::PlanError,
    sweep::{kept, status},
};

/// A point and, where the study has seeds, one of them: what a trial differs in.
pub type Seeded = (Point, Option<u64>);

/// The number of each trial by its point, as its folder keeps it, and its seed.
pub type Numbers = BTreeMap<(String, Option<u64>), usize>;

impl Study {
    /// How many points there will be; `u64::MAX` for that many and more.
    pub fn count(&self) -> u64 {
        match self.search {
            Search::Grid => Grid::new(&self.space).map_or(0, |grid| grid.count()),
            Search::Random | Search::Sobol | Search::Tpe => self.trials as u64,
        }
    }

    /// How many trials there will be.
    pub fn total(&self) -> u64 {
        self.count().saturating_mul(self.seeds.len() as u64)
    }

    /// Checks that every trial has a valid plan, before the first begins. What only a search will propose is checked at
    /// the ends of its ranges.
    ///
    /// # Errors
    /// The first trial that has none; more trials than `limit` unless `yes`.
    pub fn check(&self, yes: bool) -> Result<(), PlanError> {
        let total = self.total();
        if total > self.limit && !yes {
            let message = format!("{total} trials are more than {}; `--yes` runs them, or raise `limit`", self.limit);
            return Err(self.places.problem("space", message).into());
        }
        let (points, ends) = (self.points()?, self.ends());
        let wrong = points.par_iter().chain(&ends).find_map_first(|point| self.plan(point, None).err());
        wrong.map_or(Ok(()), Err)
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
            Search::Random => Ok(of_number.map(|index| random(&self.space, self.seed, index)).collect()),
            Search::Sobol => {
                of_number.map(|index| sobol(&self.space, self.seed, index)).collect::<Result<_, _>>().map_err(refused)
            }
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
            None => {
                Ok(status::of_study(self)?.into_iter().map(|status| (status.kept.point(), status.kept.seed)).collect())
            }
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
        let number = |(number, (point, seed)): (usize, (Point, _))| ((kept::table(&point).to_string(), seed), number);
        Ok(self.all()?.map(|all| all.into_iter().enumerate().map(number).collect()))
    }
}
