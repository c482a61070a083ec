//! The systems of fast.ai book chapter 4, each a small live piece of code to be read beside the text.
//!
//! In the order of the text:
//!
//! | the text | here |
//! |---|---|
//! | pixel similarity, a baseline | [`similarity`] |
//! | tensors: shapes, parts, broadcasting | [`tensors`] |
//! | gradients, and steps against them | [`gradient`], [`curve`] |
//! | the learning rate | [`learning_rate`] |
//! | speed against time, from start to end | [`quadratic_fit`] |
//! | distances and losses | [`losses`] |
//! | accuracy, and why it is no loss | [`accuracy`], [`metric_and_loss`] |
//! | data sets and batches | [`letters`] |
//! | stochastic gradient descent in seven steps | [`sgd`] |
//! | layers, and what is between them | [`layers`], [`non_linearity`] |
//! | its exercise, a Learner from scratch | [`learner`] |
//! | the words | [`words`] |
//! | the figures that the book prints | [`figures`] |
//! | the training tables that it prints | [`book_curves`] |
//!
//! Everything is generic over Burn's `Backend`, draws and prints nothing, and returns plain data: names, numbers,
//! curves, paths. [`source`] has the lines of the functions themselves. What the chapter builds in the end, a Learner that
//! also saves, resumes and reports, is the package `train`.

pub mod accuracy;
pub mod book_curves;
pub mod curve;
pub mod figures;
pub mod gradient;
mod host;
pub mod layers;
pub mod learner;
pub mod learning_rate;
pub mod letters;
pub mod losses;
pub mod metric_and_loss;
pub mod non_linearity;
pub mod quadratic_fit;
pub mod sgd;
pub mod similarity;
pub mod source;
pub mod tensors;
#[cfg(test)]
mod testing;
pub mod words;
