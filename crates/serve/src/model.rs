//! What is asked of a model, and the loop in which its thread answers.

use std::sync::{Arc, mpsc};

use serde::Serialize;
use task::{Shape, Task};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::images::{Gallery, OpenImages};

/// The most images that are computed together.
const MOST_TOGETHER: usize = 256;
/// The most questions that wait for a model; further ones wait with those who ask, and are gone with them.
const MOST_WAITING: usize = 64;

/// What a page and a program need to know of a model.
#[derive(Clone, Debug)]
pub struct Facts {
    /// By which it is asked for: the name of its run folder.
    pub name: String,
    /// As `linear`.
    pub kind: String,
    /// What it was trained on, in words.
    pub about: String,
    /// How good its kept epoch is, in words.
    pub quality: Option<String>,
    /// The name of its run, where [`Runs`](crate::Runs) knows it.
    pub run: Option<String>,
    pub task: Task,
    pub shape: Shape,
    /// How images of other proportions become of its shape, as `data.fit` has it.
    pub fit: &'static str,
    /// Whether it knows strokes, light on black, as a canvas has them.
    pub knows_strokes: bool,
    /// Whether what the pixels add is all there is to its score, but for a bias.
    pub is_linear: bool,
}

/// An image as a model takes it.
#[derive(Clone, Debug)]
pub struct Image {
    /// In the model's shape, from 0 to 1.
    pub values: Vec<f32>,
    /// What of it the model may not know, each in a line.
    pub warnings: Vec<String>,
}

/// What makes images of what is sent.
pub trait ReadImage: Send + Sync {
    /// An image file, turned from light to dark where that is asked for.
    ///
    /// # Errors
    /// In a line: why it cannot be used.
    fn file(&self, file: &[u8], invert: bool) -> Result<Image, String>;

    /// What there is to say of values in the model's shape.
    fn warnings(&self, values: &[f32]) -> Vec<String>;
}

/// A model that can be asked.
#[derive(Clone)]
pub struct Served {
    pub facts: Facts,
    pub read: Arc<dyn ReadImage>,
    pub(crate) gallery: Arc<Gallery>,
    asks: mpsc::Sender<Ask>,
    places: Arc<Semaphore>,
}

impl Served {
    /// The model whose thread answers what is sent to `asks`.
    pub fn new(facts: Facts, read: Arc<dyn ReadImage>, open: OpenImages, asks: mpsc::Sender<Ask>) -> Self {
        let gallery = Arc::new(Gallery::new(open));
        Self { facts, read, gallery, asks, places: Arc::new(Semaphore::new(MOST_WAITING)) }
    }

    /// Asks, once there is a place in the queue; none where the model answers no more.
    pub(crate) async fn ask<T>(&self, question: impl FnOnce(Reply<T>) -> Ask) -> Option<T> {
        let place = self.places.clone().acquire_owned().await.ok()?;
        let (sender, answered) = oneshot::channel();
        self.asks.send(question(Reply { sender, _place: Some(place) })).ok()?;
        answered.await.ok()
    }
}

/// To whom an answer goes, with a place in the queue until then.
#[derive(Debug)]
pub struct Reply<T> {
    sender: oneshot::Sender<T>,
    _place: Option<OwnedSemaphorePermit>,
}

impl<T> Reply<T> {
    /// Whoever asked may have gone.
    fn send(self, answer: T) {
        let _ = self.sender.send(answer);
    }

    fn is_wanted(&self) -> bool {
        !self.sender.is_closed()
    }
}

/// A question to a model.
#[derive(Debug)]
pub enum Ask {
    /// The logits of images in its shape, one after the other.
    Logits { images: Vec<f32>, reply: Reply<Vec<f32>> },
    /// Why it sees a class in an image.
    Why { image: Vec<f32>, label: u16, reply: Reply<Why> },
}

/// What of an image speaks for a class, pixel by pixel.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Why {
    /// The gradient of the class's score by each pixel.
    pub gradient: Vec<f32>,
    /// What each pixel adds to the class's score: its gradient times its value.
    pub added: Vec<f32>,
    /// By how much the score falls where the pixel's square is covered.
    pub covered: Vec<f32>,
}

impl Ask {
    fn is_wanted(&self) -> bool {
        match self {
            Self::Logits { reply, .. } => reply.is_wanted(),
            Self::Why { reply, .. } => reply.is_wanted(),
        }
    }
}

/// Answers until nobody can ask any more. Images that wait together are computed together, for those who still wait.
///
/// `logits` has images of `values` numbers each, one after the other, and returns their logits in the same way.
pub fn answer(
    asks: &mpsc::Receiver<Ask>,
    values: usize,
    mut logits: impl FnMut(Vec<f32>) -> Vec<f32>,
    mut why: impl FnMut(&[f32], u16) -> Why,
) {
    let mut next = asks.recv().ok();
    while let Some(ask) = next.take() {
        let mut waiting = Vec::new();
        let mut together = Vec::new();
        let mut asked = Some(ask);
        while let Some(ask) = asked.take() {
            match ask {
                ask if !ask.is_wanted() => {}
                Ask::Logits { images, reply } if together.len() < MOST_TOGETHER * values => {
                    waiting.push((images.len() / values, reply));
                    together.extend(images);
                }
                Ask::Why { image, label, reply } if waiting.is_empty() => reply.send(why(&image, label)),
                other => {
                    next = Some(other);
                    break;
                }
            }
            asked = asks.try_recv().ok();
        }
        if !waiting.is_empty() {
            let images = together.len() / values;
            let computed = logits(together);
            let outputs = computed.len() / images.max(1);
            let mut rest = &computed[..];
            for (images, reply) in waiting {
                let (of_this, after) = rest.split_at(images * outputs);
                reply.send(of_this.to_vec());
                rest = after;
            }
        }
        next = next.or_else(|| asks.recv().ok());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_together_is_computed_together_and_each_gets_its_own() {
        let (asks, queue) = mpsc::channel();
        fn reply<T>() -> (Reply<T>, oneshot::Receiver<T>) {
            let (sender, answered) = oneshot::channel();
            (Reply { sender, _place: None }, answered)
        }
        let mut replies = Vec::new();
        for images in [vec![1.0, 2.0], vec![3.0, 4.0, 5.0, 6.0]] {
            let (reply, answered) = reply();
            asks.send(Ask::Logits { images, reply }).unwrap();
            replies.push(answered);
        }
        // Who asks for this has gone.
        asks.send(Ask::Logits { images: vec![0.0; 200], reply: reply().0 }).unwrap();
        let (reply, why) = reply();
        asks.send(Ask::Why { image: vec![7.0, 8.0], label: 1, reply }).unwrap();
        drop(asks);
        let mut sizes = Vec::new();
        let sums = |images: Vec<f32>| {
            sizes.push(images.len());
            images.chunks(2).map(|image| image[0] + image[1]).collect()
        };
        let explain =
            |image: &[f32], label| Why { gradient: vec![], added: image.to_vec(), covered: vec![f32::from(label)] };
        answer(&queue, 2, sums, explain);
        assert_eq!(sizes, [6]);
        let got: Vec<Vec<f32>> = replies.into_iter().map(|mut answered| answered.try_recv().unwrap()).collect();
        assert_eq!(got, [vec![3.0], vec![7.0, 11.0]]);
        let mut why = why;
        assert_eq!(why.try_recv().unwrap(), Why { gradient: vec![], added: vec![7.0, 8.0], covered: vec![1.0] });
    }
}
