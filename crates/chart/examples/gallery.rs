//! Every kind of picture with made-up numbers, to be looked at.
//!
//! `cargo run -p chart --example gallery > gallery.html` writes a page;
//! `cargo run -p chart --example gallery -- 80 true-colour` (or `ansi-256`, `plain`) draws for a terminal of 80 columns.

use std::{env, iter::successors};

use chart::{
    Axis, Bar, Bars, Block, Confusion, Dimension, Document, Group, LineChart, Mark, Parallel, Picture, PixelTable,
    Pixels, Section, Series, Shading, Spread, Strand, Style, Table, Verdict, Weights, calibration, histogram, html,
    roc,
    terminal::{self, Colours},
};

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let colours = match arguments.get(1).map(String::as_str) {
        Some("true-colour") => Colours::TrueColour,
        Some("ansi-256") => Colours::Ansi256,
        _ => Colours::Plain,
    };
    match arguments.first().and_then(|width| width.parse().ok()) {
        Some(width) => print!("{}", terminal::document(&document(), width, colours)),
        None => print!("{}", html::page(&document())),
    }
}

/// Losses of a run beside those of a book.
fn losses() -> LineChart {
    let curve = |high: f64, low: f64, rate: f64| {
        (1..=40).map(|epoch| (f64::from(epoch), low + high * (-rate * f64::from(epoch)).exp())).collect()
    };
    LineChart {
        alt: "Training and validation loss fall from 0.25 to 0.02 within 40 epochs, close to the book's".into(),
        x: Axis::new("epoch"),
        y: Axis::new("loss"),
        series: vec![
            Series::line("training", curve(0.24, 0.015, 0.2)),
            Series::line("validation", curve(0.2, 0.02, 0.22)),
            Series::line("training, the book", curve(0.26, 0.014, 0.19)).drawn(Style::Dashed),
            Series::line("validation, the book", curve(0.22, 0.021, 0.2)).drawn(Style::Dashed),
        ],
        ..LineChart::default()
    }
}

/// A learning-rate range test that diverges.
fn rates() -> LineChart {
    let rate = |step: i32| 10f64.powf(-7.0 + f64::from(step) * 0.08);
    let loss = |rate: f64| 0.5 - 0.4 / (1.0 + (0.02 / rate)) + (rate / 1.5).powi(3);
    LineChart {
        alt: "The loss falls from a learning rate of 1e-3 on and diverges above 1".into(),
        x: Axis::new("learning rate").log(),
        y: Axis::new("loss").range(0.0, 0.8),
        series: vec![Series::line("loss, smoothed", (0..100).map(|step| (rate(step), loss(rate(step)))).collect())],
        marks: vec![Mark::new("valley 0.083", (0.083, loss(0.083))), Mark::new("steep 0.019", (0.019, loss(0.019)))],
        ..LineChart::default()
    }
}

/// Gradient descent on a parabola, with a tangent.
fn descent() -> LineChart {
    let square = |x: f64| (x, x * x);
    let path = |start: f64, rate: f64| successors(Some(start), move |x| Some(x - rate * 2.0 * x)).take(8).map(square);
    LineChart {
        alt: "Steps on a parabola: with a small rate they near the minimum, with a large one they leave it".into(),
        x: Axis::new("x").range(-2.2, 2.2),
        y: Axis::new("f(x) = x²").range(0.0, 4.5),
        series: vec![
            Series::line("f", (-22..=22).map(|x| square(f64::from(x) / 10.0)).collect()),
            Series::line("tangent at -1.5", vec![(-2.2, 4.35), (-0.8, 0.15)]).drawn(Style::Dashed),
            Series::line("rate 0.1", path(-1.5, 0.1).collect()).drawn(Style::Path),
            Series::line("rate 1.1", path(1.0, 1.1).collect()).drawn(Style::Path),
        ],
        ..LineChart::default()
    }
}

/// Probabilities and labels of a classifier that is good but not perfect.
fn classified() -> (Vec<f32>, Vec<bool>) {
    let noise = |n: u32| (n.wrapping_mul(2_654_435_761) >> 8) as f32 / (1u32 << 24) as f32;
    let positive = |n: u32| noise(n) > 0.5;
    let score = |n: u32| (if positive(n) { 0.35 } else { 0.0 }) + 0.65 * noise(n + 7919);
    (0..2000).map(|n| (score(n), positive(n))).unzip()
}

fn confusion() -> Confusion {
    Confusion { classes: vec!["3".into(), "7".into()], counts: vec![vec![990, 20], vec![16, 1012]] }
}

/// A ring of the size of a digit.
fn ring(radius: f64) -> Pixels {
    let distance = |n: usize| ((n / 28) as f64 - 13.5).hypot((n % 28) as f64 - 13.5);
    let stroke = |n: usize| (255.0 - 60.0 * (distance(n) - radius).abs()).clamp(0.0, 255.0) as u8;
    Pixels::new(28, 28, (0..28 * 28).map(stroke).collect())
}

fn pictures() -> Vec<Picture> {
    let verdicts = [Verdict::None, Verdict::Right, Verdict::Wrong];
    let picture = |n: usize| Picture {
        pixels: ring(4.0 + n as f64),
        caption: format!(
            "{}, not {}\nloss {:.2}, p {:.2}",
            n % 2 + 3,
            n % 3 + 3,
            0.31 * n as f64,
            0.97 - 0.05 * n as f64
        ),
        verdict: verdicts[n % 3],
        ..Picture::default()
    };
    (0..6).map(picture).collect()
}

fn table() -> PixelTable {
    let pixels = ring(8.0).part(4..15, 4..22).unwrap_or_default();
    PixelTable { pixels, first_row: 4, first_column: 4, shading: Shading::Columns }
}

fn weights() -> Weights {
    let wave = |n: usize| ((n / 28) as f32 / 5.0).sin() * ((n % 28) as f32 / 4.0).cos() * 0.2;
    Weights::new(28, 28, (0..28 * 28).map(wave).collect())
}

/// Trials over two keys of numbers and one of names.
fn parallel() -> Parallel {
    let noise = |n: u32| f64::from(n.wrapping_mul(2_654_435_761) >> 8) / f64::from(1u32 << 24);
    let strand = |n: u32| {
        let (rate, kind) = (10f64.powf(-3.0 * noise(n)), f64::from(n % 3));
        let loss = 0.02 + (rate.log10() + 1.0).powi(2) * 0.1 + 0.05 * kind * noise(n + 99);
        let hidden = (kind < 2.0).then(|| (5.0 + 195.0 * noise(n + 7)).round());
        Strand {
            values: vec![Some(rate), Some(kind), hidden, Some(loss)],
            worth: (1.0 - 2.0 * loss).clamp(0.0, 1.0),
            item: None,
            is_dashed: n.is_multiple_of(2),
        }
    };
    let names = ["sgd", "adam", "adamw"].map(str::to_owned).to_vec();
    let number = |axis: Axis| Dimension { axis, names: vec![] };
    let mut lines: Vec<Strand> = (0..80).map(strand).collect();
    lines.sort_by(|a, b| a.worth.total_cmp(&b.worth));
    Parallel {
        alt: "80 trials over three keys and their loss".into(),
        axes: vec![
            number(Axis::new("optimizer.learning_rate").log()),
            Dimension { axis: Axis::new("optimizer.kind"), names },
            number(Axis::new("model.hidden")),
            number(Axis::new("valid.loss").log()),
        ],
        best: lines.pop(),
        lines,
        names: ["worst 0.42".into(), "best 0.02".into(), "the best trial".into()],
    }
}

/// Two groups with intervals, one value alone.
fn spread() -> Spread {
    let group = |name: &str, values: &[f64], half_width| Group {
        name: name.into(),
        values: values.to_vec(),
        mean: Some(values.iter().sum::<f64>() / values.len() as f64),
        half_width,
        ..Group::default()
    };
    Spread {
        alt: "two models over five seeds and one over one".into(),
        axis: Axis::new("valid.accuracy"),
        groups: vec![
            group("model.kind=two-layer", &[0.9823, 0.9828, 0.9823, 0.9833, 0.9818], Some(0.0007)),
            group("model.kind=linear", &[0.9745, 0.9779, 0.9764, 0.9774, 0.9784], Some(0.0019)),
            group("model.kind=resnet", &[0.989], None),
        ],
    }
}

fn bars() -> Bars {
    let bar = |name: &str, amount: f64| Bar { name: name.into(), amount, label: format!("{amount} %") };
    let keys = [bar("optimizer.learning_rate", 71.0), bar("optimizer.kind", 12.0), bar("model.hidden", 0.0)];
    Bars { alt: "the learning rate matters most".into(), bars: keys.into(), ..Bars::default() }
}

fn charts() -> Vec<LineChart> {
    let (scores, labels) = classified();
    vec![
        losses(),
        rates(),
        descent(),
        roc(&scores, &labels),
        calibration(vec![(0.02, 0.0), (0.5, 0.4), (0.98, 1.0)], vec![[0.0, 0.03], [0.25, 0.58], [0.97, 1.0]], 0.0123),
        histogram("probability of 3", &[700, 20, 0, 3, 12, 31, 680]),
    ]
}

fn document() -> Document {
    let charts = charts().into_iter().map(Block::Lines);
    let many = [Block::Parallel(parallel()), Block::Spread(spread()), Block::Bars(bars())];
    let rest = [
        Block::Confusion { alt: "990 of 1010 threes and 1012 of 1028 sevens are right".into(), matrix: confusion() },
        Block::Pictures { alt: "six rings with captions".into(), pictures: pictures(), columns: 4 },
        Block::Weights { alt: "weights, positive and negative".into(), weights: weights() },
        Block::Pixels { caption: "the upper part of a ring".into(), table: table() },
        Block::Table(Table::of_names([("loss", "0.02"), ("accuracy", "0.98")]).captioned("names and numbers")),
        Block::text("A paragraph with `code` in it."),
        Block::Code { caption: "crates/chart/examples/gallery.rs".into(), lines: "fn main() {}".into() },
    ];
    let sections = vec![
        Section::new("Charts", charts),
        Section::new("Many trials", many),
        Section::new("Pictures and tables", rest),
    ];
    Document { title: "Gallery".into(), lead: vec![], sections }
}
