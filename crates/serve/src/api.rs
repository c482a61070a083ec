//! The interface for programs.

use std::{
    collections::VecDeque,
    num::NonZeroUsize,
    sync::{Arc, PoisonError, RwLock},
    thread,
};

use axum::{
    Json,
    body::{Bytes, to_bytes},
    extract::{Query, Request, State, rejection::QueryRejection},
    http::{StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use task::Task;
use tokio::{sync::Semaphore, task::spawn_blocking};

use crate::{
    model::{Ask, Facts, Image, Served, Why},
    multipart,
};

/// The largest body, in bytes: a photograph, or a thousand images of MNIST's size as numbers.
const MOST_BYTES: usize = 16 << 20;
/// Bodies above this size wait for each other.
const LARGE: u64 = 64 << 10;
/// Large bodies that are taken in at a time.
const MOST_LARGE: usize = 8;
/// Models that are kept beside those that are served from the beginning on.
const MOST_OPENED: usize = 32;
/// Images of one request.
const MOST_IMAGES: usize = 1000;

pub(crate) struct Api {
    /// Those that are served from the beginning on.
    models: Vec<Arc<Served>>,
    /// Those of runs that a page was opened for, the last one at the end.
    opened: RwLock<VecDeque<Arc<Served>>>,
    large: Semaphore,
    decodes: Arc<Semaphore>,
}

impl Api {
    pub fn new(models: Vec<Served>) -> Self {
        let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let models = models.into_iter().map(Arc::new).collect();
        Self {
            models,
            opened: RwLock::default(),
            large: Semaphore::new(MOST_LARGE),
            decodes: Arc::new(Semaphore::new(cores)),
        }
    }

    pub fn models(&self) -> &[Arc<Served>] {
        &self.models
    }

    /// The model of this name; the first where none is said.
    pub fn named(&self, name: Option<&str>) -> Result<Arc<Served>, Refusal> {
        let opened = self.opened.read().unwrap_or_else(PoisonError::into_inner);
        let mut all = self.models.iter().chain(&*opened);
        let served = match name {
            None => self.models.first(),
            Some(name) => all.find(|served| served.facts.name == name),
        };
        let none = || Refusal(StatusCode::NOT_FOUND, "no model of this name; /api/models lists them".into());
        served.cloned().ok_or_else(none)
    }

    /// Lets one answer from now on, in the place of another of its run; of many the one that was opened first goes.
    pub fn open(&self, mut served: Served) -> Arc<Served> {
        // A run of elsewhere may be called alike.
        if self.models.iter().any(|own| own.facts.name == served.facts.name) {
            served.facts.name += " (listed)";
        }
        let served = Arc::new(served);
        let mut opened = self.opened.write().unwrap_or_else(PoisonError::into_inner);
        opened.retain(|other| other.facts.name != served.facts.name);
        opened.push_back(served.clone());
        if opened.len() > MOST_OPENED {
            opened.pop_front();
        }
        served
    }
}

/// An answer that says why there is none, as JSON.
pub(crate) fn refused(status: StatusCode, reason: impl Into<String>) -> Response {
    (status, Json(json!({ "error": reason.into() }))).into_response()
}

pub(crate) async fn not_found(uri: Uri) -> Response {
    refused(StatusCode::NOT_FOUND, format!("there is nothing at `{}`; /openapi.json says what there is", uri.path()))
}

pub(crate) async fn wrong_method() -> Response {
    refused(StatusCode::METHOD_NOT_ALLOWED, "not by this method; /openapi.json says by which")
}

pub(crate) async fn models(State(api): State<Arc<Api>>) -> Response {
    let model = |served: &Arc<Served>| {
        let Facts { name, kind, about, task, shape, .. } = &served.facts;
        let shape = [shape.channels, shape.height, shape.width];
        json!({ "name": name, "kind": kind, "about": about, "classes": task.classes(), "shape": shape })
    };
    let opened = api.opened.read().unwrap_or_else(PoisonError::into_inner);
    Json(api.models.iter().chain(&*opened).map(model).collect::<Vec<_>>()).into_response()
}

pub(crate) async fn description() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], include_str!("openapi.json")).into_response()
}

/// What stands behind `?`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    /// The name of a model; the first where none is said.
    model: Option<String>,
    /// So many classes of each image.
    top: Option<usize>,
    /// Why the most probable class, of a single image.
    #[serde(default)]
    why: bool,
    /// The values that the model saw.
    #[serde(default)]
    seen: bool,
    /// Turned from light to dark.
    #[serde(default)]
    invert: bool,
    /// Looked at before.
    #[serde(rename = "token")]
    _token: Option<String>,
}

/// Images as numbers.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Numbers {
    images: Vec<Vec<f32>>,
}

#[derive(Debug, Serialize)]
struct Answer<'a> {
    model: &'a str,
    predictions: Vec<Prediction<'a>>,
}

#[derive(Debug, Serialize)]
struct Prediction<'a> {
    label: &'a str,
    probability: f32,
    /// The most probable first.
    top: Vec<Guess<'a>>,
    logits: Vec<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seen: Option<Vec<f32>>,
    /// What of the image the model may not know.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    warnings: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<Why>,
}

#[derive(Debug, Serialize)]
struct Guess<'a> {
    label: &'a str,
    probability: f32,
}

/// Why a request is not answered.
#[derive(Debug)]
pub(crate) struct Refusal(pub StatusCode, pub String);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        refused(self.0, self.1)
    }
}

impl From<QueryRejection> for Refusal {
    fn from(rejection: QueryRejection) -> Self {
        bad(rejection.body_text())
    }
}

pub(crate) fn bad(reason: impl Into<String>) -> Refusal {
    Refusal(StatusCode::BAD_REQUEST, reason.into())
}

pub(crate) async fn predict(
    State(api): State<Arc<Api>>,
    wanted: Result<Query<Wanted>, QueryRejection>,
    request: Request,
) -> Result<Response, Refusal> {
    let Query(wanted) = wanted?;
    let served = api.named(wanted.model.as_deref())?;
    let images = images(&api, &served, wanted.invert, request).await?;
    let Facts { task, name, .. } = &served.facts;
    if wanted.why && images.len() > 1 {
        return Err(bad("`why` is of one image"));
    }
    let numbers = images.iter().flat_map(|image| &image.values).copied().collect();
    let logits = served.ask(|reply| Ask::Logits { images: numbers, reply }).await.ok_or_else(failed)?;
    let probabilities = task.probabilities(&logits);
    let labels = task.predict(&logits);
    let classes = task.classes().len();
    let mut predictions = Vec::with_capacity(images.len());
    for (index, (label, image)) in labels.into_iter().zip(&images).enumerate() {
        let why = if wanted.why { Some(why(&served, &image.values, label).await?) } else { None };
        let row = &probabilities[index * classes..][..classes];
        let top = top(task, row, label, wanted.top.unwrap_or(classes));
        predictions.push(Prediction {
            label: task.class(label),
            probability: row[usize::from(label)],
            top,
            logits: logits[index * task.outputs()..][..task.outputs()].to_vec(),
            seen: wanted.seen.then(|| image.values.clone()),
            warnings: &image.warnings,
            why,
        });
    }
    Ok(Json(Answer { model: name, predictions }).into_response())
}

/// The body, of which large ones are taken in a few at a time, so that many of them need little memory.
async fn body(api: &Api, request: Request) -> Result<Bytes, Refusal> {
    let is_large = length(&request).is_none_or(|length| length > LARGE);
    let _place = if is_large { Some(api.large.acquire().await.map_err(|_| bad("the server stops"))?) } else { None };
    bounded(request, MOST_BYTES).await
}

fn length(request: &Request) -> Option<u64> {
    request.headers().get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// The body, of at most so many bytes.
pub(crate) async fn bounded(request: Request, most: usize) -> Result<Bytes, Refusal> {
    let length = length(&request);
    let too_large = || Refusal(StatusCode::PAYLOAD_TOO_LARGE, format!("the body is above {} MB", most >> 20));
    if length.is_some_and(|length| length > most as u64) {
        return Err(too_large());
    }
    let body = to_bytes(request.into_body(), most).await;
    // Of a body that is as long as it says, it is not its length.
    body.map_err(|_| if length.is_none() { too_large() } else { bad("the body ends before its length") })
}

/// The images in a request.
pub(crate) async fn images(api: &Api, served: &Served, invert: bool, request: Request) -> Result<Vec<Image>, Refusal> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let (name, parameters) = kind.split_once(';').unwrap_or((kind, ""));
    let name = name.trim().to_ascii_lowercase();
    let boundary = multipart::boundary(parameters).map(str::to_owned);
    let body = body(api, request).await?;
    match name.as_str() {
        "application/json" => {
            let Numbers { images } =
                serde_json::from_slice(&body).map_err(|error| bad(format!("the JSON: {error}")))?;
            check(&served.facts, &images)?;
            let image = |mut values: Vec<f32>| {
                if invert {
                    values.iter_mut().for_each(|value| *value = 1.0 - *value);
                }
                Image { warnings: served.read.warnings(&values), values }
            };
            Ok(images.into_iter().map(image).collect())
        }
        "multipart/form-data" => {
            let files = boundary.and_then(|boundary| multipart::parts(&body, &boundary, MOST_IMAGES + 1));
            let files = files.ok_or_else(|| bad("the form is cut off, or not parted by the boundary that it names"))?;
            counted(files.len())?;
            let mut images = Vec::with_capacity(files.len());
            for (number, file) in files.into_iter().enumerate() {
                let image = decoded(api, served, invert, file).await;
                images.push(image.map_err(|Refusal(status, why)| Refusal(status, format!("image {number}: {why}")))?);
            }
            Ok(images)
        }
        _ => Ok(vec![decoded(api, served, invert, body).await?]),
    }
}

async fn decoded(api: &Api, served: &Served, invert: bool, file: Bytes) -> Result<Image, Refusal> {
    let read = served.read.clone();
    // A few bytes can be an image of much memory. Who has gone leaves its decoding behind, which keeps its place.
    let place = api.decodes.clone().acquire_owned().await.map_err(|_| bad("the server stops"))?;
    let decode = move || {
        let image = read.file(&file, invert);
        drop(place);
        image
    };
    spawn_blocking(decode).await.map_err(|_| bad("the image cannot be used"))?.map_err(bad)
}

fn counted(images: usize) -> Result<(), Refusal> {
    match images {
        1..=MOST_IMAGES => Ok(()),
        0 => Err(bad(format!("0 images, expected 1 to {MOST_IMAGES}"))),
        _ => Err(bad(format!("more images than {MOST_IMAGES}"))),
    }
}

fn check(facts: &Facts, images: &[Vec<f32>]) -> Result<(), Refusal> {
    let task::Shape { channels, height, width } = facts.shape;
    counted(images.len())?;
    for (number, image) in images.iter().enumerate() {
        if image.len() != facts.shape.len() {
            return Err(bad(format!(
                "image {number} has {} values, the model takes {channels} x {height} x {width} = {}",
                image.len(),
                facts.shape.len()
            )));
        }
        if let Some(value) = image.iter().find(|value| !(0.0..=1.0).contains(*value)) {
            return Err(bad(format!("image {number} has the value {value}, expected 0 (black) to 1")));
        }
    }
    Ok(())
}

pub(crate) fn failed() -> Refusal {
    Refusal(StatusCode::INTERNAL_SERVER_ERROR, "the computation has failed; the server's terminal says why".into())
}

async fn why(served: &Served, image: &[f32], label: u16) -> Result<Why, Refusal> {
    let image = image.to_vec();
    served.ask(|reply| Ask::Why { image, label, reply }).await.ok_or_else(failed)
}

/// The most probable classes.
fn top<'a>(task: &'a Task, row: &[f32], label: u16, count: usize) -> Vec<Guess<'a>> {
    let guess = |class: u16| Guess { label: task.class(class), probability: row[usize::from(class)] };
    task.ranked(row, label).into_iter().take(count).map(guess).collect()
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, sync::mpsc};

    use serde_json::Value;

    use super::*;
    use crate::model::ReadImage;

    #[test]
    fn the_description_has_every_route_of_the_router_and_no_other() {
        let description: Value = serde_json::from_str(include_str!("openapi.json")).unwrap();
        let paths = description["paths"].as_object().unwrap();
        let described: BTreeSet<String> = paths
            .iter()
            .flat_map(|(path, methods)| {
                methods.as_object().unwrap().keys().map(move |method| format!("{method} {path}"))
            })
            .collect();
        // A router tells nobody its routes; they stand in one function.
        let source = include_str!("lib.rs").split_once("fn router(").unwrap().1;
        let mut routes = BTreeSet::new();
        for route in source.split(".route(\"").skip(1) {
            let (path, rest) = route.split_once('"').unwrap();
            let methods = ["get(", "post(", "delete(", "put(", "patch("];
            let line = rest.lines().next().unwrap();
            let of_this = methods.iter().filter(|method| line.contains(**method));
            routes
                .extend(of_this.map(|method| format!("{} {}", method.trim_end_matches('('), path.replace("{*", "{"))));
        }
        assert_eq!(described, routes);
        assert!(routes.len() > 15 && routes.contains("delete /api/drawings"), "{routes:?}");
    }

    #[test]
    fn what_the_description_refers_to_is_in_it() {
        let text = include_str!("openapi.json");
        let description: Value = serde_json::from_str(text).unwrap();
        for place in text.split("\"$ref\": \"#").skip(1) {
            let place = place.split('"').next().unwrap();
            assert!(description.pointer(place).is_some(), "{place}");
        }
    }

    struct Unread;

    impl ReadImage for Unread {
        fn file(&self, _: &[u8], _: bool) -> Result<Image, String> {
            Err("not read".into())
        }

        fn warnings(&self, _: &[f32]) -> Vec<String> {
            vec![]
        }
    }

    fn served(name: &str, about: &str) -> Served {
        let facts = Facts {
            name: name.into(),
            kind: "linear".into(),
            about: about.into(),
            quality: None,
            run: None,
            task: Task::new(["3", "7"]).unwrap(),
            shape: task::Shape::grey([2, 2]),
            fit: "pad",
            knows_strokes: true,
            is_linear: true,
        };
        Served::new(facts, Arc::new(Unread), Arc::new(|| Err("no images".into())), mpsc::channel().0)
    }

    #[test]
    fn models_of_runs_are_opened_beside_the_own_ones_in_the_place_of_those_of_before_and_of_many_the_first_goes() {
        let api = Api::new(vec![served("linear/1", "own")]);
        let about = |name: &str| api.named(Some(name)).map(|served| served.facts.about.clone()).ok();
        assert_eq!(api.open(served("linear/1", "another")).facts.name, "linear/1 (listed)");
        assert_eq!(about("linear/1").as_deref(), Some("own"));
        for number in 2..=MOST_OPENED {
            api.open(served(&format!("linear/{number}"), "first"));
        }
        api.open(served("linear/2", "again"));
        assert_eq!(
            (about("linear/2").as_deref(), about("linear/1 (listed)").as_deref()),
            (Some("again"), Some("another"))
        );
        api.open(served("linear/0", "one more"));
        assert_eq!((about("linear/1 (listed)"), about("linear/0").as_deref()), (None, Some("one more")));
        assert_eq!(api.named(None).unwrap().facts.about, "own");
        assert_eq!(api.models().len(), 1);
    }

    #[test]
    fn the_label_comes_first_and_as_many_as_asked_for() {
        let task = Task::new(["a", "b", "c"]).unwrap();
        let labels = |guesses: Vec<Guess<'_>>| guesses.iter().map(|guess| guess.label.to_owned()).collect::<Vec<_>>();
        assert_eq!(labels(top(&task, &[0.4, 0.2, 0.4], 2, 2)), ["c", "a"]);
    }
}
