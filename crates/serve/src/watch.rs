//! Runs and studies to watch: their list, their pages while they grow, and what can be done with them.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    Json,
    extract::{Path, Query, State, rejection::JsonRejection},
    http::StatusCode,
    response::{
        Html, IntoResponse as _, Redirect, Response, Sse,
        sse::{Event, KeepAlive},
    },
};
use futures_util::stream;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{sync::Semaphore, task::spawn_blocking, time::sleep};

use crate::{api::refused, page};

/// How often is looked whether something has changed.
const LOOK: Duration = Duration::from_millis(400);
/// How many threads read run folders at a time.
const MOST_AT_ONCE: usize = 4;
/// Pages that are told of changes at a time. Each keeps its connection, and others need some.
const MOST_WATCHING: usize = 64;
/// Runs that are named in one request.
const MOST_NAMED: usize = 200;

/// What knows the runs. A name is what stands below the output root, such as `linear/20260101-120000`; of one that is not there
/// nothing is known, whatever it looks like.
pub trait Runs: Send + Sync {
    /// What is shown of the runs that are asked for.
    ///
    /// # Errors
    /// In a line: what they cannot be asked for by.
    fn list(&self, asked: &Asked) -> Result<Value, String>;

    /// The page of a run or of a study; none where there is no such run.
    fn page(&self, name: &str) -> Option<Page>;

    /// What is another number when a run has changed, or the list where none is named; none of a run that is not there.
    fn stamp(&self, name: Option<&str>) -> Option<u64>;

    /// The page of a comparison.
    ///
    /// # Errors
    /// In a line: why these cannot be compared.
    fn compare(&self, names: &[String]) -> Result<String, String>;

    /// Configs and studies that can be begun.
    fn configs(&self) -> Value;

    /// Does what is wanted; says what was done.
    ///
    /// # Errors
    /// In a line: why it cannot be done.
    fn act(&self, action: Action) -> Result<String, String>;
}

/// The page of a run.
#[derive(Debug)]
pub enum Page {
    /// A document, as `report.html` has it.
    Written(String),
    /// Nobody has written it yet.
    Missing,
}

/// Which runs are asked for, as `train runs` takes it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// So many, and after how many others.
    #[serde(default)]
    pub last: Option<usize>,
    #[serde(default)]
    pub skip: usize,
    #[serde(default)]
    pub sort: Option<String>,
    /// Conditions between spaces.
    #[serde(default)]
    pub filter: String,
    #[serde(rename = "token")]
    _token: Option<String>,
}

/// What a person does with runs.
#[derive(Debug, Deserialize)]
#[serde(tag = "do", rename_all = "lowercase", deny_unknown_fields)]
pub enum Action {
    /// Train with a config of this name.
    Train {
        config: String,
        settings: Vec<String>,
    },
    /// Run a study of this name.
    Sweep {
        study: String,
        settings: Vec<String>,
    },
    Stop {
        runs: Vec<String>,
    },
    Resume {
        runs: Vec<String>,
    },
    /// Write the page.
    Report {
        runs: Vec<String>,
    },
    Note {
        run: String,
        text: String,
    },
    /// These in place of those before.
    Tags {
        run: String,
        tags: Vec<String>,
    },
    Remove {
        runs: Vec<String>,
    },
    /// Bring back what was removed last.
    Undo,
}

impl Action {
    fn names(&self) -> usize {
        match self {
            Self::Stop { runs } | Self::Resume { runs } | Self::Report { runs } | Self::Remove { runs } => runs.len(),
            _ => 1,
        }
    }
}

/// Who knows, asked by few at a time.
pub(crate) struct Watch {
    runs: Arc<dyn Runs>,
    places: Arc<Semaphore>,
    watching: Arc<Semaphore>,
}

impl Watch {
    pub fn new(runs: Arc<dyn Runs>) -> Self {
        let [places, watching] = [MOST_AT_ONCE, MOST_WATCHING].map(|most| Arc::new(Semaphore::new(most)));
        Self { runs, places, watching }
    }

    /// Asks on a thread that may wait for the disk.
    async fn ask<T: Send + 'static>(&self, question: impl FnOnce(&dyn Runs) -> T + Send + 'static) -> Option<T> {
        let place = self.places.clone().acquire_owned().await.ok()?;
        let runs = self.runs.clone();
        let answered = spawn_blocking(move || {
            let answer = question(&*runs);
            drop(place);
            answer
        });
        answered.await.ok()
    }
}

type Shared = State<Arc<Watch>>;

fn failed() -> Response {
    refused(StatusCode::INTERNAL_SERVER_ERROR, "that has failed; the server's terminal says why")
}

fn answered<T>(answer: Option<Result<T, String>>, then: impl FnOnce(T) -> Response) -> Response {
    match answer {
        Some(Ok(value)) => then(value),
        Some(Err(reason)) => refused(StatusCode::BAD_REQUEST, reason),
        None => failed(),
    }
}

pub(crate) async fn index() -> Html<String> {
    Html(page::runs())
}

pub(crate) async fn list(
    State(watch): Shared,
    asked: Result<Query<Asked>, axum::extract::rejection::QueryRejection>,
) -> Response {
    match asked {
        Ok(Query(asked)) => answered(watch.ask(move |runs| runs.list(&asked)).await, |list| Json(list).into_response()),
        Err(rejection) => refused(StatusCode::BAD_REQUEST, rejection.body_text()),
    }
}

pub(crate) async fn configs(State(watch): Shared) -> Response {
    answered(watch.ask(|runs| Ok(runs.configs())).await, |configs| Json(configs).into_response())
}

/// The page of a run below `/runs/`, which has its address there that it has below the output root.
pub(crate) async fn run(State(watch): Shared, Path(path): Path<String>) -> Response {
    let Some(name) = path.strip_suffix("/report.html").map(str::to_owned) else {
        let path: Vec<_> = path.split('/').filter(|part| !part.is_empty()).map(page::encoded).collect();
        return Redirect::temporary(&format!("/runs/{}/report.html", path.join("/"))).into_response();
    };
    let asked = name.clone();
    match watch.ask(move |runs| runs.page(&asked)).await {
        Some(Some(Page::Written(document))) => Html(page::watched(&document, &name)).into_response(),
        Some(Some(Page::Missing)) => Html(page::missing(&name)).into_response(),
        Some(None) => {
            let mut response = Html(page::gone(&name)).into_response();
            *response.status_mut() = StatusCode::NOT_FOUND;
            response
        }
        None => failed(),
    }
}

pub(crate) async fn compare(State(watch): Shared, Query(pairs): Query<Vec<(String, String)>>) -> Response {
    let names: Vec<String> = pairs.into_iter().filter(|(key, _)| key == "run").map(|(_, name)| name).collect();
    if names.len() > MOST_NAMED {
        return refused(StatusCode::BAD_REQUEST, format!("{} runs, expected {MOST_NAMED} at most", names.len()));
    }
    let compared = watch.ask(move |runs| runs.compare(&names)).await;
    answered(compared, |document| Html(page::with_bar(&document, "")).into_response())
}

pub(crate) async fn act(State(watch): Shared, action: Result<Json<Action>, JsonRejection>) -> Response {
    match action {
        Ok(Json(action)) if action.names() > MOST_NAMED => {
            refused(StatusCode::BAD_REQUEST, format!("{} runs, expected {MOST_NAMED} at most", action.names()))
        }
        Ok(Json(action)) => {
            let said = watch.ask(move |runs| runs.act(action)).await;
            answered(said, |said| Json(json!({ "said": said })).into_response())
        }
        Err(rejection) => refused(rejection.status(), rejection.body_text()),
    }
}

#[derive(Debug, Deserialize)]
pub(crate) struct Watched {
    name: Option<String>,
}

/// Tells, by server-sent events, that what is watched has changed: a run, or the list. It ends when the run has gone.
pub(crate) async fn events(State(watch): Shared, Query(Watched { name }): Query<Watched>) -> Response {
    let Ok(place) = watch.watching.clone().try_acquire_owned() else {
        let reason = format!("{MOST_WATCHING} pages are watched already; close some of them");
        return refused(StatusCode::SERVICE_UNAVAILABLE, reason);
    };
    let look = |watch: Arc<Watch>, name: Option<String>| async move {
        watch.ask(move |runs| runs.stamp(name.as_deref())).await.flatten()
    };
    if look(watch.clone(), name.clone()).await.is_none() {
        return refused(StatusCode::NOT_FOUND, "there is no such run, or no longer");
    }
    let changes = stream::unfold((watch, name, None, place), move |(watch, name, mut before, place)| async move {
        loop {
            let stamp = look(watch.clone(), name.clone()).await?;
            let is_first = before.is_none();
            if before.replace(stamp) != Some(stamp) {
                let event = Event::default().data(if is_first { "begin" } else { "changed" });
                return Some((Ok::<_, Infallible>(event), (watch, name, before, place)));
            }
            sleep(LOOK).await;
        }
    });
    Sse::new(changes).keep_alive(KeepAlive::new().interval(Duration::from_secs(10))).into_response()
}
