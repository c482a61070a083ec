//! The networks of package `model`, by the names that their parameters have in `model.safetensors`.

use plan::ModelKind;
use task::Task;

use crate::{
    IMAGES, LOGITS, PROBABILITIES,
    graph::{Graph, Sliding, integer},
};

/// From images to logits.
pub fn logits(kind: ModelKind, graph: &mut Graph<'_>) -> Result<(), String> {
    match kind {
        ModelKind::Linear => {
            let pixels = graph.flat(IMAGES, "pixels");
            graph.linear(&pixels, "", LOGITS)?;
        }
        ModelKind::TwoLayer => {
            let pixels = graph.flat(IMAGES, "pixels");
            let hidden = graph.linear(&pixels, "0.", "0")?;
            let activations = graph.relu(&hidden);
            graph.linear(&activations, "2.", LOGITS)?;
        }
        ModelKind::ResNet => resnet(graph)?,
        ModelKind::SimpleCnn => simple_cnn(graph)?,
    }
    Ok(())
}

/// Stem, residual blocks, the mean of each channel, a linear layer; in between the places of PyTorch's `nn.Sequential`.
fn resnet(graph: &mut Graph<'_>) -> Result<(), String> {
    let stem = step(graph, IMAGES, ["0", "1"].map(String::from), 1)?;
    let mut x = graph.relu(&stem);
    let mut place = 3;
    while graph.has(&format!("{place}.one.0.weight")) {
        x = residual(graph, &x, place)?;
        place += 1;
    }
    let means = graph.node("GlobalAveragePool", &[&x], "means", vec![]);
    let features = graph.flat(&means, "features");
    graph.linear(&features, &format!("{}.", place + 2), LOGITS)?;
    Ok(())
}

/// relu(two(relu(one(x))) + skip(x)); a block has a skip of its own where it halves the sides.
fn residual(graph: &mut Graph<'_>, x: &str, place: usize) -> Result<String, String> {
    let step = |graph: &mut Graph<'_>, x: &str, name: &str, stride: i64| {
        step(graph, x, [0, 1].map(|part| format!("{place}.{name}.{part}")), stride)
    };
    let has_skip = graph.has(&format!("{place}.skip.0.weight"));
    let stride = if has_skip { 2 } else { 1 };
    let first = step(graph, x, "one", stride)?;
    let first = graph.relu(&first);
    let second = step(graph, &first, "two", 1)?;
    let shortcut = if has_skip { step(graph, x, "skip", stride)? } else { x.to_owned() };
    let sum = graph.node("Add", &[&second, &shortcut], &format!("{place}.sum"), vec![]);
    Ok(graph.relu(&sum))
}

/// A convolution and the normalisation of its result.
fn step(graph: &mut Graph<'_>, x: &str, [convolution, norm]: [String; 2], stride: i64) -> Result<String, String> {
    let convolved = graph.convolution(x, &convolution, Sliding { stride, has_bias: false })?;
    graph.batch_norm(&convolved, &norm)
}

/// Convolutions that each halve the sides, with a ReLU and a normalisation behind each; behind the last the normalisation alone.
fn simple_cnn(graph: &mut Graph<'_>) -> Result<(), String> {
    let (mut x, mut layer) = (IMAGES.to_owned(), 0);
    while graph.has(&format!("{layer}.0.weight")) {
        let convolved = graph.convolution(&x, &format!("{layer}.0"), Sliding { stride: 2, has_bias: true })?;
        let has_relu = graph.has(&format!("{layer}.2.weight"));
        x = if has_relu {
            let activations = graph.relu(&convolved);
            graph.batch_norm(&activations, &format!("{layer}.2"))?
        } else {
            graph.batch_norm(&convolved, &format!("{layer}.1"))?
        };
        layer += 1;
    }
    // A single pixel is left, whose channels are the logits.
    graph.flat(&x, LOGITS);
    Ok(())
}

/// From logits to the probability of each class: of two the sigmoid and what is missing to 1, of more the softmax.
pub fn probabilities(task: &Task, graph: &mut Graph<'_>) {
    if task.is_binary() {
        let first = graph.node("Sigmoid", &[LOGITS], "first", vec![]);
        let one = graph.constant("one", 1.0);
        let second = graph.node("Sub", &[&one, &first], "second", vec![]);
        graph.node("Concat", &[&first, &second], PROBABILITIES, vec![integer("axis", 1)]);
    } else {
        graph.node("Softmax", &[LOGITS], PROBABILITIES, vec![integer("axis", -1)]);
    }
}
