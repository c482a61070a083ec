//! The points of a study, each with its trials, best first.

use std::collections::BTreeMap;

use search::{Goal, Mean};

use crate::{Status, Study, named, status::State};

/// A point of the space with its trials, one for each seed.
#[derive(Debug)]
pub struct Ranked<'a> {
    /// In the order of their numbers; at least one.
    pub trials: Vec<&'a Status>,
    /// Those that can be compared: the finished ones, or where none is, those that came furthest.
    compared: Vec<&'a Status>,
    /// The mean of the metric over the compared ones that have a value.
    pub mean: Option<Mean>,
    /// What makes it worse: the mean, turned round where more is better; infinite where there is none.
    loss: f64,
}

/// All points that have a trial; of equal ones the older first.
pub fn ranked<'a>(study: &Study, trials: &'a [Status]) -> Vec<Ranked<'a>> {
    ranked_by(study.goal, trials)
}

/// The same of trials whose study file is not at hand.
pub fn ranked_by(goal: Goal, trials: &[Status]) -> Vec<Ranked<'_>> {
    let mut points: BTreeMap<String, Vec<&Status>> = BTreeMap::new();
    for status in trials {
        points.entry(status.trial.point.to_string()).or_default().push(status);
    }
    let mut ranked: Vec<Ranked<'_>> = points.into_values().map(|trials| Ranked::new(goal, trials)).collect();
    let number = |point: &Ranked<'_>| point.trials[0].trial.number;
    ranked.sort_by(|a, b| a.loss.total_cmp(&b.loss).then_with(|| number(a).cmp(&number(b))));
    ranked
}

impl<'a> Ranked<'a> {
    fn new(goal: Goal, trials: Vec<&'a Status>) -> Self {
        let is_finished = |status: &&&Status| status.state == State::Finished;
        let furthest = trials.iter().map(|status| status.epochs()).max();
        let mut compared: Vec<&Status> = trials.iter().filter(is_finished).copied().collect();
        if compared.is_empty() {
            compared = trials.iter().filter(|status| Some(status.epochs()) == furthest).copied().collect();
        }
        let mean = Mean::of(&values(&compared));
        let loss = mean.map_or(f64::INFINITY, |mean| goal.loss(mean.mean));
        Self { trials, compared, mean, loss }
    }

    /// The metric of each compared trial that has one.
    pub fn values(&self) -> Vec<f64> {
        values(&self.compared)
    }

    /// The trials that these are of.
    pub fn valued(&self) -> impl Iterator<Item = &'a Status> {
        self.compared.iter().copied().filter(|status| status.value.is_some())
    }

    /// The point in a line, without a seed.
    pub fn named(&self) -> String {
        named(&self.trials[0].trial.point(), None)
    }

    /// Its best compared trial, where one has a value.
    pub fn best(&self, study: &Study) -> Option<&'a Status> {
        self.best_by(study.goal)
    }

    /// The same where the study file is not at hand.
    pub fn best_by(&self, goal: Goal) -> Option<&'a Status> {
        let loss = |status: &Status| status.value.map_or(f64::INFINITY, |value| goal.loss(value));
        self.compared.iter().copied().filter(|status| status.value.is_some()).min_by(|a, b| loss(a).total_cmp(&loss(b)))
    }
}

fn values(trials: &[&Status]) -> Vec<f64> {
    trials.iter().filter_map(|status| status.value).collect()
}
