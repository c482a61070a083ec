//! What is asked of a model, and the loop in which its thread answers.

use std::sync::{Arc, mpsc};

use serde::Serialize;
use task::{Shape, Task};
use tokio::sync::oneshot;

/// The most images that are computed together.
const MOST_TOGETHER: usize = 256;

/// What a page and a program need to know of a model.
#[derive(Clone, Debug)]
pub struct Facts {
    /// By which it is asked for: the name of its run folder.
    pub name: String,
    /// As `linear`.
    pub kind: String,
    /// What it was trained on and what it reached, in words.
    pub about: String,
    pub task: Task,
    pub shape: Shape,
    /// How images of other proportions become of its shape, as `data.fit` has it.
    pub fit: &'static str,
    /// Whether it knows strokes, light on black, as a canvas has them.
    pub knows_strokes: bool,
    /// Whether what the pixels add is all there is to its score, but for a bias.
    pub is_linear: bool,
}

/// The values of an image file in a model's shape, from 0 to 1, or why it cannot be used, in a line.
pub type ReadImage = Arc<dyn Fn(&[u8]) -> Result<Vec<f32>, String> + Send + Sync>;

/// A model that can be asked.
#[derive(Clone)]
pub struct Served {
    pub facts: Facts,
    pub read: ReadImage,
    pub asks: mpsc::Sender<Ask>,
}

/// A question to a model.
#[derive(Debug)]
pub enum Ask {
    /// The logits of images in its shape, one after the other.
    Logits { images: Vec<f32>, reply: oneshot::Sender<Vec<f32>> },
    /// Why it sees a class in an image.
    Why { image: Vec<f32>, label: u16, reply: oneshot::Sender<Why> },
}

/// What of an image speaks for a class, pixel by pixel.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Why {
    /// What each pixel adds to the class's score: its gradient times its value.
    pub added: Vec<f32>,
    /// By how much the score falls where the pixel's square is covered.
    pub covered: Vec<f32>,
}

/// Answers until nobody can ask any more. Images that wait together are computed together.
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
        let (mut together, mut waiting) = match ask {
            Ask::Why { image, label, reply } => {
                // Whoever asked may have gone.
                let _ = reply.send(why(&image, label));
                next = asks.recv().ok();
                continue;
            }
            Ask::Logits { images, reply } => (images.clone(), vec![(images.len() / values, reply)]),
        };
        while together.len() < MOST_TOGETHER * values {
            match asks.try_recv() {
                Ok(Ask::Logits { images, reply }) => {
                    waiting.push((images.len() / values, reply));
                    together.extend(images);
                }
                other => {
                    next = other.ok();
                    break;
                }
            }
        }
        let images = together.len() / values;
        let computed = logits(together);
        let outputs = computed.len() / images.max(1);
        let mut rest = &computed[..];
        for (images, reply) in waiting {
            let (of_this, after) = rest.split_at(images * outputs);
            let _ = reply.send(of_this.to_vec());
            rest = after;
        }
        if next.is_none() {
            next = asks.recv().ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_together_is_computed_together_and_each_gets_its_own() {
        let (asks, queue) = mpsc::channel();
        let mut replies = Vec::new();
        for images in [vec![1.0, 2.0], vec![3.0, 4.0, 5.0, 6.0]] {
            let (reply, answered) = oneshot::channel();
            asks.send(Ask::Logits { images, reply }).unwrap();
            replies.push(answered);
        }
        let (reply, why) = oneshot::channel();
        asks.send(Ask::Why { image: vec![7.0, 8.0], label: 1, reply }).unwrap();
        drop(asks);
        let mut sizes = Vec::new();
        let sums = |images: Vec<f32>| {
            sizes.push(images.len());
            images.chunks(2).map(|image| image[0] + image[1]).collect()
        };
        let explain = |image: &[f32], label| Why { added: image.to_vec(), covered: vec![f32::from(label)] };
        answer(&queue, 2, sums, explain);
        assert_eq!(sizes, [6]);
        let got: Vec<Vec<f32>> = replies.into_iter().map(|mut answered| answered.try_recv().unwrap()).collect();
        assert_eq!(got, [vec![3.0], vec![7.0, 11.0]]);
        let mut why = why;
        assert_eq!(why.try_recv().unwrap(), Why { added: vec![7.0, 8.0], covered: vec![1.0] });
    }
}
