//! The words of the chapter, in the order in which one needs them, each with the code that does it.

use crate::source::{self, File};

/// A word, what it means, and where it is done.
#[derive(Clone, Copy, Debug)]
pub struct Word {
    pub term: &'static str,
    pub meaning: &'static str,
    pub file: &'static File,
    /// The function or type there.
    pub item: &'static str,
}

const fn word(term: &'static str, meaning: &'static str, file: &'static File, item: &'static str) -> Word {
    Word { term, meaning, file, item }
}

/// All of them.
pub const WORDS: &[Word] = &[
    word(
        "tensor",
        "Numbers of one type in a regular block with any number of axes: a single row, a table, a stack of images.",
        &source::TENSORS,
        "table",
    ),
    word(
        "rank and shape",
        "The rank is how many axes a tensor has; the shape is how many values lie along each of them.",
        &source::TENSORS,
        "facts",
    ),
    word(
        "broadcasting",
        "Where two tensors differ in shape, the smaller is used as if it were repeated along the axis it lacks.",
        &source::TENSORS,
        "times_a_random_image",
    ),
    word(
        "baseline",
        "A method so simple that it is certain to work. It says how good a result has to be to be worth anything.",
        &source::PIXEL_SIMILARITY,
        "PixelSimilarity",
    ),
    word("L1", "The mean of the absolute differences between two images.", &source::DISTANCE, "l1"),
    word(
        "L2, RMSE",
        "The root of the mean of the squared differences: large differences count for more than in L1.",
        &source::DISTANCE,
        "rmse",
    ),
    word(
        "model",
        "A function from inputs to predictions that also depends on parameters. Learning is the search for good ones.",
        &source::SGD,
        "Model",
    ),
    word(
        "parameters",
        "The numbers in a model that training changes: the weights and biases of its layers.",
        &source::SGD,
        "Parameters",
    ),
    word(
        "weights and bias",
        "A weight says how much one input counts, and in which direction; the bias is added whatever the inputs are.",
        &source::SGD,
        "init_linear",
    ),
    word(
        "initialisation",
        "The parameters before training: random numbers, since something has to tell equal units apart.",
        &source::SGD,
        "init_params",
    ),
    word(
        "activations",
        "The numbers that a layer computes from its inputs. Parameters stay between two batches, activations do not.",
        &source::SGD,
        "two_layer",
    ),
    word(
        "forward pass",
        "Sending inputs through the layers, the first to the last, to get predictions.",
        &source::LAYERS,
        "forward",
    ),
    word(
        "logit",
        "What the last layer gives before any sigmoid. Here a logit above 0 says 3, one below says 7.",
        &source::LINEAR,
        "forward",
    ),
    word(
        "target, label",
        "What the prediction for an item should be: 1 for a 3, 0 for a 7.",
        &source::DATASET,
        "ImageBatch",
    ),
    word(
        "sigmoid",
        "A smooth curve that brings any number between 0 and 1, so that it can be read as a probability.",
        &source::LOSS,
        "mnist_loss",
    ),
    word(
        "loss",
        "One number for how wrong the predictions are, made for the machine: it changes smoothly with each parameter.",
        &source::LOSS,
        "mnist_loss",
    ),
    word(
        "metric",
        "One number for how good the predictions are, made for people, such as accuracy. It needs no gradient.",
        &source::ACCURACY,
        "batch_accuracy",
    ),
    word(
        "gradient",
        "How fast the loss grows as each parameter grows. It points uphill, so a step goes the other way.",
        &source::GRADIENT,
        "value_and_gradient",
    ),
    word(
        "backpropagation, backward pass",
        "Computing all gradients at once, from the loss back through the layers, by the chain rule.",
        &source::SGD,
        "gradient",
    ),
    word("gradient descent", "Going down a function by steps against its gradient.", &source::GRADIENT, "descend"),
    word(
        "learning rate",
        "What the gradient is multiplied by to make a step. Too small takes forever, too large jumps over the valley.",
        &source::LEARNING_RATE,
        "three_learning_rates",
    ),
    word(
        "step",
        "One change of all parameters: each minus its gradient times the learning rate.",
        &source::SGD,
        "step",
    ),
    word(
        "data set",
        "Something that knows how many items it has and gives each by its index.",
        &source::LETTERS,
        "letters",
    ),
    word(
        "mini-batch",
        "A few items that one step is computed from: quicker than all of them, steadier than a single one.",
        &source::DATASET,
        "ImageBatch",
    ),
    word(
        "data loader",
        "Visits the items of a data set in some order and hands them out in mini-batches.",
        &source::LOADER,
        "ItemLoader",
    ),
    word(
        "shuffling",
        "Another order in each epoch, so that no batch is met twice. Here seed and epoch number decide it.",
        &source::LOADER,
        "Order",
    ),
    word(
        "SGD",
        "Stochastic gradient descent: each step's gradient comes from one mini-batch, a random part of the data.",
        &source::SGD,
        "train_epoch",
    ),
    word("epoch", "One visit to every item of the training data.", &source::SGD, "train_epoch"),
    word(
        "validation set",
        "Images that training never sees. Only on them does accuracy say what the model has understood.",
        &source::EVALUATION,
        "Evaluation",
    ),
    word(
        "optimizer",
        "The rule that turns gradients into steps. SGD is the simplest; others remember earlier gradients.",
        &source::LEARNER,
        "Sgd",
    ),
    word(
        "Learner",
        "Model, loss, optimizer and data, and the loop that trains one with the others.",
        &source::LEARNER,
        "Learner",
    ),
    word(
        "callback",
        "A function that the training loop calls at certain moments, to print, to record, or to end the training.",
        &source::LEARNER,
        "Callback",
    ),
    word(
        "linear layer",
        "Weighted sums of its inputs plus a bias: one matrix product and one addition for a whole batch.",
        &source::SGD,
        "linear",
    ),
    word("ReLU", "The larger of 0 and the number: what is below 0 becomes 0.", &source::LAYERS, "Layer"),
    word(
        "non-linearity",
        "What stands between two linear layers, such as ReLU. Without it the two would be no more than one.",
        &source::NON_LINEARITY,
        "collapse",
    ),
    word(
        "module",
        "A piece of a network that holds its own parameters, or other modules: a layer, a row of layers, a network.",
        &source::LAYERS,
        "Sequential",
    ),
    word(
        "neural network",
        "Linear layers with non-linearities between them. Wide enough, they come close to any smooth function.",
        &source::TWO_LAYER,
        "TwoLayerNet",
    ),
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_word_leads_to_code_that_is_there() {
        for Word { term, file, item, .. } in WORDS {
            assert!(source::item(file, item).is_some(), "{term}: no `{item}` in `{}`", file.path);
        }
    }

    #[test]
    fn no_word_is_there_twice_and_each_says_something() {
        let terms: HashSet<&str> = WORDS.iter().map(|word| word.term).collect();
        assert_eq!(terms.len(), WORDS.len());
        for Word { term, meaning, .. } in WORDS {
            assert!(meaning.len() > 30 && meaning.ends_with('.'), "{term}: {meaning}");
        }
    }

    #[test]
    fn the_words_that_the_chapter_asks_for_are_there() {
        let asked = ["activations", "parameters", "gradient", "forward pass", "loss", "metric", "mini-batch", "SGD"];
        for term in asked.into_iter().chain(["learning rate", "epoch", "gradient descent", "ReLU"]) {
            assert!(WORDS.iter().any(|word| word.term == term), "{term}");
        }
    }
}
