//! Importances of functions for which they are known.

use search::{Domain, Goal, Observation, Parameter, Point, Space, Tpe, Value, importance, random};
use serde_json::{Value as Json, json};

/// The variance of each term, over that of the sum.
const RIGHT: &str = "rate 0.60  kind 0.30  width 0.10  idle 0.00";
const TRIALS: u64 = 60;

/// Trials as `[[point, value], ..]`, by name: of a random search and of TPE, without and with one loss that went astray.
pub fn samples() -> Json {
    json!({
        "random": sample(false, false),
        "random, one astray": sample(false, true),
        "TPE": sample(true, false),
        "TPE, one astray": sample(true, true),
    })
}

/// Prints ours and Optuna's, each as shares of its sum.
pub fn compare(samples: &Json, optuna: &Json) {
    println!(
        "\nimportances of a sum over {TRIALS} trials, as shares of their sum; right over the whole space: {RIGHT}"
    );
    for (name, sample) in samples.as_object().expect("a table") {
        let ours =
            importance(&space(), &sample.as_array().expect("a list").iter().map(observation).collect::<Vec<_>>());
        let ours = ours.into_iter().map(|it| (it.key, it.share.unwrap_or(f64::NAN)));
        print_shares(name, "ours", ours.collect());
        for evaluator in ["PED-ANOVA", "fANOVA"] {
            let theirs = optuna[name][evaluator].as_object().expect("a table");
            let share = |(key, share): (&String, &Json)| (key.clone(), share.as_f64().unwrap_or(f64::NAN));
            print_shares(name, evaluator, theirs.iter().map(share).collect());
        }
    }
}

fn print_shares(name: &str, whose: &str, shares: Vec<(String, f64)>) {
    let all: f64 = shares.iter().map(|(_, share)| share).sum();
    let of = |key: &str| shares.iter().find(|(known, _)| known == key).map_or(f64::NAN, |(_, share)| share / all);
    let shown = ["rate", "kind", "width", "idle"].map(|key| format!("{key} {:.2}", of(key)));
    println!("{name:<22} {whose:<10} {}", shown.join("  "));
}

fn space() -> Space {
    let parameters = vec![
        Parameter::new("rate", Domain::LogUniform { low: 1e-4, high: 1.0 }),
        Parameter::new("kind", Domain::Choice(["a", "b"].map(Value::from).to_vec())),
        Parameter::new("width", Domain::Int { low: 1, high: 100, step: 1 }),
        Parameter::new("idle", Domain::Uniform { low: 0.0, high: 1.0 }),
    ];
    Space::new(parameters).expect("the space is valid")
}

/// Uniform terms have a variance of 1 / 12 of the square of their width, a list of two of 1 / 4 of their distance's.
fn value(point: &Point) -> f64 {
    let number = |key: &str| point[key].number().expect("it is a number");
    let rate = (0.6_f64 * 12.0).sqrt() * (number("rate").log10() / -4.0);
    let kind = if point["kind"] == Value::from("a") { 0.0 } else { (0.3_f64 * 4.0).sqrt() };
    rate + kind + (0.1_f64 * 12.0).sqrt() * number("width") / 100.0
}

fn sample(is_tpe: bool, is_astray: bool) -> Json {
    let (space, mut seen): (Space, Vec<Observation>) = (space(), vec![]);
    for index in 0..TRIALS {
        let point = match is_tpe {
            true => Tpe::new(Goal::Minimise).propose(&space, 0, index, &seen),
            false => random(&space, 0, index),
        };
        let value = if is_astray && index == 3 { 1e3 } else { value(&point) };
        seen.push(Observation { point, value: Some(value) });
    }
    let number = |value: &Value| value.number().map_or_else(|| json!(value.to_string()), |number| json!(number));
    let point = |point: &Point| {
        point.iter().map(|(key, value)| (key.clone(), number(value))).collect::<serde_json::Map<_, _>>()
    };
    seen.iter().map(|seen| json!([point(&seen.point), seen.value])).collect()
}

fn observation(trial: &Json) -> Observation {
    let value = |key: &str, value: &Json| match value.as_f64() {
        Some(number) if key == "width" => Value::Integer(number as i64),
        Some(number) => Value::Float(number),
        None => value.as_str().unwrap_or_default().into(),
    };
    let point = trial[0].as_object().expect("a table").iter().map(|(key, it)| (key.clone(), value(key, it))).collect();
    Observation { point, value: trial[1].as_f64() }
}
