//! Functions whose least values are known, as benches/peers/optuna_search.py has them too.

use search::{Domain, Parameter, Point, Space, Value};

/// A function over a space, to be made small.
pub struct Function {
    /// Its name, as in the Python script.
    pub name: &'static str,
    /// Its least value.
    pub least: f64,
    /// Where it is defined.
    pub space: Space,
    /// Its value at a point of the space.
    pub value: fn(&Point) -> f64,
}

/// All of them.
pub fn all() -> Vec<Function> {
    let range = |low, high| Domain::Uniform { low, high };
    let cube = |keys: usize, low, high| {
        let key = |n| Parameter::new(format!("x{n}"), range(low, high));
        space((0..keys).map(key).collect())
    };
    let plane = space(vec![Parameter::new("x0", range(-5.0, 10.0)), Parameter::new("x1", range(0.0, 15.0))]);
    vec![
        Function { name: "Branin", least: 0.397887, space: plane, value: branin },
        Function { name: "Hartmann 6", least: -3.32237, space: cube(6, 0.0, 1.0), value: hartmann },
        Function { name: "Rosenbrock 5", least: 0.0, space: cube(5, -5.0, 10.0), value: rosenbrock },
        Function { name: "mixed space", least: 0.0, space: mixed_space(), value: mixed },
    ]
}

fn space(parameters: Vec<Parameter>) -> Space {
    Space::new(parameters).expect("the space is valid")
}

/// Three least values of the same depth (<https://www.sfu.ca/~ssurjano/branin.html>).
fn branin(point: &Point) -> f64 {
    use std::f64::consts::PI;
    let [x, y] = numbers(point);
    let valley = y - 5.1 / (4.0 * PI * PI) * x * x + 5.0 / PI * x - 6.0;
    valley * valley + 10.0 * (1.0 - 1.0 / (8.0 * PI)) * x.cos() + 10.0
}

/// Six local minima (<https://www.sfu.ca/~ssurjano/hart6.html>).
fn hartmann(point: &Point) -> f64 {
    const ALPHA: [f64; 4] = [1.0, 1.2, 3.0, 3.2];
    const A: [[f64; 6]; 4] = [
        [10.0, 3.0, 17.0, 3.5, 1.7, 8.0],
        [0.05, 10.0, 17.0, 0.1, 8.0, 14.0],
        [3.0, 3.5, 1.7, 10.0, 17.0, 8.0],
        [17.0, 8.0, 0.05, 10.0, 0.1, 14.0],
    ];
    const P: [[f64; 6]; 4] = [
        [0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886],
        [0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991],
        [0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650],
        [0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381],
    ];
    let x: [f64; 6] = numbers(point);
    let distance = |hill: usize| (0..6).map(|key| A[hill][key] * (x[key] - P[hill][key]).powi(2)).sum::<f64>();
    -(0..4).map(|hill| ALPHA[hill] * (-distance(hill)).exp()).sum::<f64>()
}

/// A narrow, curved valley (<https://www.sfu.ca/~ssurjano/rosen.html>).
fn rosenbrock(point: &Point) -> f64 {
    let x: [f64; 5] = numbers(point);
    x.windows(2).map(|pair| 100.0 * (pair[1] - pair[0] * pair[0]).powi(2) + (1.0 - pair[0]).powi(2)).sum()
}

/// The keys of a training: SGD is best, with a momentum that goes with its learning rate.
fn mixed_space() -> Space {
    space(vec![
        Parameter::new("optimizer", Domain::Choice(["sgd", "adam", "rmsprop"].map(Value::from).to_vec())),
        Parameter::new("momentum", Domain::Uniform { low: 0.0, high: 0.99 }).when("optimizer", vec!["sgd".into()]),
        Parameter::new("rate", Domain::LogUniform { low: 1e-5, high: 1.0 }),
        Parameter::new("width", Domain::Int { low: 16, high: 256, step: 16 }),
        Parameter::new("smoothing", Domain::Uniform { low: 0.0, high: 1.0 }),
    ])
}

fn mixed(point: &Point) -> f64 {
    let number = |key: &str| point[key].number().expect("it is a number");
    let rate = number("rate").log10();
    let (handicap, off) = match &point["optimizer"] {
        // What counts is the rate over 1 - momentum, best at 1, with a momentum of 0.9.
        Value::Text(name) if name == "sgd" => {
            let momentum = number("momentum");
            ((momentum - 0.9).powi(2), rate - (1.0 - momentum).log10())
        }
        Value::Text(name) if name == "adam" => (0.1, rate + 3.0),
        _ => (0.2, rate + 3.5),
    };
    let width = (number("width") - 144.0) / 128.0;
    let smoothing = number("smoothing") - 0.1;
    handicap + off.powi(2) / 4.0 + width.powi(2) / 4.0 + smoothing.powi(2)
}

/// `x0`, `x1` and so on.
fn numbers<const N: usize>(point: &Point) -> [f64; N] {
    std::array::from_fn(|n| point[&format!("x{n}")].number().expect("it is a number"))
}
