//! Pruners on drawn learning curves: what the best trial comes to, and how many epochs that took.

use search::{Asha, Goal, Median, Promotion, Record, State};
use serde_json::Value as Json;

use crate::{SEEDS, TRIALS, print_row};

const EPOCHS: usize = 27;

/// A study's curves, a row of losses for each trial: they fall at different speeds to different ends, with noise. What falls fast
/// ends higher, so that the curves cross and an early look deceives.
pub fn all() -> Vec<Vec<Vec<f64>>> {
    let key = |name: &str| search::Parameter::new(name, search::Domain::Uniform { low: 0.0, high: 1.0 });
    let names =
        ["end", "speed"].map(str::to_owned).into_iter().chain((1..=EPOCHS).map(|epoch| format!("noise{epoch:02}")));
    let space = search::Space::new(names.map(|name| key(&name)).collect()).expect("the space is valid");
    let curve = |seed, trial| {
        let point = search::random(&space, seed, trial);
        let at = |key: &str| point[key].number().expect("it is a number");
        let loss = |epoch: usize| {
            let fallen = (-(0.04 + 0.3 * at("speed")) * epoch as f64).exp();
            at("end").powi(2) + 0.3 * at("speed") + fallen + 0.05 * (at(&format!("noise{epoch:02}")) - 0.5)
        };
        (1..=EPOCHS).map(loss).collect()
    };
    (0..SEEDS).map(|seed| (0..TRIALS).map(|trial| curve(seed, trial)).collect()).collect()
}

/// Prints both beside each other.
pub fn compare(optuna: &Json) {
    println!("\ndrawn curves, {TRIALS} trials of {EPOCHS} epochs: best whole trial above the best of all; epochs");
    let studies = all();
    for (name, run) in [("ASHA", asha as fn(&[Vec<f64>]) -> Vec<usize>), ("median rule", median)] {
        let ours: Vec<(f64, f64)> = studies.iter().map(|curves| outcome(curves, &run(curves))).collect();
        let theirs = studies.iter().zip(optuna[name].as_array().expect("a list"));
        let lengths = |list: &Json| -> Vec<usize> {
            let list = list.as_array().expect("a list");
            list.iter().map(|epochs| epochs.as_u64().expect("a count") as usize).collect()
        };
        let theirs: Vec<(f64, f64)> = theirs.map(|(curves, list)| outcome(curves, &lengths(list))).collect();
        for (whose, outcomes) in [("ours", ours), ("Optuna", theirs)] {
            print_row(name, whose, outcomes.iter().map(|outcome| outcome.0).collect());
            print_row("  its epochs", whose, outcomes.iter().map(|outcome| outcome.1).collect());
        }
    }
}

/// How far the best trial that was trained to the end is above the best of all, and the epochs of all trials.
fn outcome(curves: &[Vec<f64>], epochs: &[usize]) -> (f64, f64) {
    let best = |curve: &Vec<f64>| curve.iter().copied().fold(f64::INFINITY, f64::min);
    let least = curves.iter().map(best).fold(f64::INFINITY, f64::min);
    let whole = curves.iter().zip(epochs).filter(|(_, epochs)| **epochs == EPOCHS).map(|(curve, _)| best(curve));
    (whole.fold(f64::INFINITY, f64::min) - least, epochs.iter().sum::<usize>() as f64)
}

/// How many epochs each trial comes to.
fn asha(curves: &[Vec<f64>]) -> Vec<usize> {
    let asha = Asha::new(Goal::Minimise, 3, EPOCHS, 3).expect("the rungs are valid");
    let mut records: Vec<Record> = vec![];
    loop {
        let new = (records.len() < curves.len()).then(|| Promotion { trial: records.len(), until: asha.until(0) });
        let Some(Promotion { trial, until }) = asha.promotable(&records).or(new).or_else(|| asha.last(&records)) else {
            return records.iter().map(Record::epochs).collect();
        };
        if trial == records.len() {
            records.push(Record { trial, values: vec![], state: State::Waiting });
        }
        records[trial].values = curves[trial][..until].to_vec();
    }
}

fn median(curves: &[Vec<f64>]) -> Vec<usize> {
    let rule = Median { goal: Goal::Minimise, warmup: 0, startup: 5 };
    let mut records: Vec<Record> = vec![];
    for (trial, curve) in curves.iter().enumerate() {
        let limits = rule.limits(&records, trial, EPOCHS);
        let stops = |epochs: &usize| Median::stops(rule.goal, &curve[..*epochs], &limits);
        let epochs = (1..=EPOCHS).find(stops).unwrap_or(EPOCHS);
        records.push(Record { trial, values: curve[..epochs].to_vec(), state: State::Ended });
    }
    records.iter().map(Record::epochs).collect()
}
