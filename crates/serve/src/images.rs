//! The images that a model has learned from and is judged by: which it gets wrong, and which are nearest to one that is drawn.
//!
//! They are brought, and the model is asked for each, when somebody first wants to see them.

use std::{ops::Range, sync::Arc};

use axum::{
    Json,
    extract::{Query, Request, State, rejection::QueryRejection},
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use task::Task;
use tokio::{
    sync::{OnceCell, Semaphore},
    task::spawn_blocking,
};

use crate::{
    api::{self, Api, Refusal, bad, failed},
    model::{Ask, Image, Served},
};

/// Images that the model is asked for together: whoever draws meanwhile waits for no more of them.
const TOGETHER: usize = 64;
/// Images of one answer, where nothing else is said, and at most.
const LISTED: usize = 24;
const MOST_LISTED: usize = 200;
/// Training images that are called nearest.
const NEAREST: usize = 5;
/// Threads that look for images at a time, of a model.
const MOST_AT_ONCE: usize = 2;

/// The images of a data set, as a model takes them. It is asked on threads that may wait.
pub trait Images: Send + Sync {
    /// The labels of a split, in its order.
    fn labels(&self, split: Split) -> &[u16];

    /// The values, 0 to 1, of these validation images, one after the other.
    fn values(&self, valid: Range<usize>) -> Vec<f32>;

    /// An image as a PNG file.
    fn png(&self, split: Split, index: usize) -> Vec<u8>;

    /// What is nearest to an image; none where that could not be computed.
    fn nearest(&self, image: &[f32], count: usize) -> Option<Nearest>;
}

/// Brings a model's images, or says in a line why they are not to be had.
pub type OpenImages = Arc<dyn Fn() -> Result<Arc<dyn Images>, String> + Send + Sync>;

/// A split of a data set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    Train,
    #[default]
    Valid,
}

/// What is nearest to an image, by the root of the mean squared difference of the pixels.
#[derive(Clone, Debug)]
pub struct Nearest {
    /// Training images, the nearest first, each by its number with its distance.
    pub images: Vec<(usize, f32)>,
    /// What the pixel-similarity baseline says: the class whose mean training image is nearest, and its distance.
    pub baseline: (u16, f32),
}

/// A model's images, when they are there, and what it says of them.
pub(crate) struct Gallery {
    open: OpenImages,
    images: OnceCell<Arc<dyn Images>>,
    ranked: OnceCell<Arc<Ranked>>,
    places: Arc<Semaphore>,
}

impl Gallery {
    pub fn new(open: OpenImages) -> Self {
        let places = Arc::new(Semaphore::new(MOST_AT_ONCE));
        Self { open, images: OnceCell::new(), ranked: OnceCell::new(), places }
    }

    /// Looks at the images on a thread that may wait.
    async fn look<T: Send + 'static>(
        &self,
        images: &Arc<dyn Images>,
        look: impl FnOnce(&dyn Images) -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let place = self.places.clone().acquire_owned().await.map_err(|_| bad("the server stops"))?;
        let images = images.clone();
        let looked = spawn_blocking(move || {
            let seen = look(&*images);
            drop(place);
            seen
        });
        looked.await.map_err(|_| failed())
    }
}

/// All validation images: the wrong ones with the greatest loss first, then the others, the least certain first.
struct Ranked {
    wrong: usize,
    images: Vec<Scored>,
}

/// What a model says of an image.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Scored {
    index: usize,
    label: u16,
    prediction: u16,
    /// Of the prediction, and of the label.
    probability: f32,
    of_label: f32,
}

impl Scored {
    fn is_right(&self) -> bool {
        self.prediction == self.label
    }

    /// What the logits say of the images of these labels, the first of which is number `first`.
    fn all(task: &Task, logits: &[f32], labels: &[u16], first: usize) -> Vec<Self> {
        let (predictions, probabilities) = (task.predict(logits), task.probabilities(logits));
        let rows = probabilities.chunks_exact(task.classes().len());
        let scored = |(place, ((row, prediction), label)): (usize, ((&[f32], u16), &u16))| {
            let [probability, of_label] = [prediction, *label].map(|class| row[usize::from(class)]);
            Self { index: first + place, label: *label, prediction, probability, of_label }
        };
        rows.zip(predictions).zip(labels).enumerate().map(scored).collect()
    }
}

impl Ranked {
    fn new(mut images: Vec<Scored>) -> Self {
        // The less probable the label, the greater the loss.
        images.sort_by(|a, b| a.is_right().cmp(&b.is_right()).then(a.of_label.total_cmp(&b.of_label)));
        Self { wrong: images.iter().filter(|image| !image.is_right()).count(), images }
    }
}

impl Served {
    /// Its images. Once they are wanted they are brought, also where that takes longer than anybody waits.
    async fn images(&self) -> Result<Arc<dyn Images>, Refusal> {
        if let Some(images) = self.gallery.images.get() {
            return Ok(images.clone());
        }
        let gallery = self.gallery.clone();
        let bring = async move {
            let open = || async {
                let open = gallery.open.clone();
                let opened = spawn_blocking(move || open()).await.map_err(|_| failed())?;
                opened.map_err(|reason| Refusal(StatusCode::NOT_FOUND, reason))
            };
            gallery.images.get_or_try_init(open).await.cloned()
        };
        tokio::spawn(bring).await.map_err(|_| failed())?
    }

    /// What it says of all validation images, computed once; as [`images`](Self::images) it is not given up.
    async fn ranked(&self) -> Result<Arc<Ranked>, Refusal> {
        if let Some(ranked) = self.gallery.ranked.get() {
            return Ok(ranked.clone());
        }
        let served = self.clone();
        let rank = async move { served.gallery.ranked.get_or_try_init(|| served.rank()).await.cloned() };
        tokio::spawn(rank).await.map_err(|_| failed())?
    }

    async fn rank(&self) -> Result<Arc<Ranked>, Refusal> {
        let images = self.images().await?;
        let labels = images.labels(Split::Valid);
        let mut scored = Vec::with_capacity(labels.len());
        for (number, labels) in labels.chunks(TOGETHER).enumerate() {
            let first = number * TOGETHER;
            let range = first..first + labels.len();
            let values = self.gallery.look(&images, move |images| images.values(range)).await?;
            let logits = self.ask(|reply| Ask::Logits { images: values, reply }).await.ok_or_else(failed)?;
            scored.extend(Scored::all(&self.facts.task, &logits, labels, first));
        }
        Ok(Arc::new(Ranked::new(scored)))
    }
}

/// Which validation images are asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    model: Option<String>,
    #[serde(default)]
    from: usize,
    count: Option<usize>,
    /// Looked at before.
    #[serde(rename = "token")]
    _token: Option<String>,
}

#[derive(Serialize)]
struct Listed<'a> {
    index: usize,
    label: &'a str,
    prediction: &'a str,
    probability: f32,
}

pub(crate) async fn list(
    State(api): State<Arc<Api>>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Refusal> {
    let Query(Asked { model, from, count, .. }) = asked?;
    let served = api.named(model.as_deref())?;
    let count = count.unwrap_or(LISTED);
    if !(1..=MOST_LISTED).contains(&count) {
        return Err(bad(format!("`count` is {count}, expected 1 to {MOST_LISTED}")));
    }
    let ranked = served.ranked().await?;
    let total = ranked.images.len();
    if from > total {
        return Err(bad(format!("`from` is {from}, but there are {total} validation images")));
    }
    let class = |label| served.facts.task.class(label);
    let listed = |Scored { index, label, prediction, probability, .. }: &Scored| Listed {
        index: *index,
        label: class(*label),
        prediction: class(*prediction),
        probability: *probability,
    };
    let images: Vec<Listed<'_>> = ranked.images[from..].iter().take(count).map(listed).collect();
    let answer = json!({ "model": served.facts.name, "total": total, "wrong": ranked.wrong, "images": images });
    Ok(Json(answer).into_response())
}

/// Which image is asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct One {
    model: Option<String>,
    #[serde(default)]
    split: Split,
    index: usize,
    #[serde(rename = "token")]
    _token: Option<String>,
}

pub(crate) async fn image(
    State(api): State<Arc<Api>>,
    one: Result<Query<One>, QueryRejection>,
) -> Result<Response, Refusal> {
    let Query(One { model, split, index, .. }) = one?;
    let served = api.named(model.as_deref())?;
    let images = served.images().await?;
    let count = images.labels(split).len();
    if index >= count {
        return Err(Refusal(StatusCode::NOT_FOUND, format!("there is no image {index}, but {count} from 0 on")));
    }
    let png = served.gallery.look(&images, move |images| images.png(split, index)).await?;
    Ok(([(header::CONTENT_TYPE, "image/png")], png).into_response())
}

/// Whose training images are asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Of {
    model: Option<String>,
    /// Turned from light to dark.
    #[serde(default)]
    invert: bool,
    #[serde(rename = "token")]
    _token: Option<String>,
}

pub(crate) async fn nearest(
    State(api): State<Arc<Api>>,
    of: Result<Query<Of>, QueryRejection>,
    request: Request,
) -> Result<Response, Refusal> {
    let Query(Of { model, invert, .. }) = of?;
    let served = api.named(model.as_deref())?;
    let sent = api::images(&api, &served, invert, request).await?;
    let [image] = <[Image; 1]>::try_from(sent).map_err(|_| bad("the nearest are of one image"))?;
    let images = served.images().await?;
    let nearest = served.gallery.look(&images, move |images| images.nearest(&image.values, NEAREST)).await?;
    let Nearest { images: nearest, baseline: (label, distance) } = nearest.ok_or_else(failed)?;
    let class = |label| served.facts.task.class(label);
    let labels = images.labels(Split::Train);
    let near = |&(index, distance): &(usize, f32)| json!({ "index": index, "label": class(labels[index]), "distance": distance });
    Ok(Json(json!({
        "model": served.facts.name,
        "nearest": nearest.iter().map(near).collect::<Vec<_>>(),
        "baseline": { "label": class(label), "distance": distance },
    }))
    .into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wrong_come_first_by_their_loss_and_then_the_least_certain() {
        let task = Task::new(["3", "7"]).unwrap();
        // A 3 for sure, a 7 rather not seen, a 3 hardly, a 7 not seen at all, a 7 for sure.
        let scored = Scored::all(&task, &[4.0, 0.5, 0.1, 3.0, -5.0], &[0, 1, 0, 1, 1], 10);
        assert_eq!((scored[1].prediction, scored[1].label), (0, 1));
        assert!((scored[1].probability - 0.622_459).abs() < 1e-6 && (scored[1].of_label - 0.377_541).abs() < 1e-6);
        let ranked = Ranked::new(scored);
        let order: Vec<usize> = ranked.images.iter().map(|image| image.index).collect();
        assert_eq!((ranked.wrong, order), (2, vec![13, 11, 12, 10, 14]));
    }

    #[test]
    fn of_more_classes_a_wrong_one_comes_before_a_right_one_that_is_less_probable() {
        let task = Task::new(["a", "b", "c"]).unwrap();
        let logits = [0.0, 0.1, 0.2, 2.0, 1.9, -9.0, 9.0, 0.0, 0.0];
        let ranked = Ranked::new(Scored::all(&task, &logits, &[2, 1, 0], 0));
        assert_eq!(ranked.images.iter().map(|image| image.index).collect::<Vec<_>>(), [1, 0, 2]);
        assert!(ranked.images[0].of_label > ranked.images[1].of_label, "{:?}", ranked.images);
    }
}
