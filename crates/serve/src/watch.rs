//! Runs and studies to watch: their list, their pages while they grow, and what can be done with them.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    Json,
    extract::{
        Path, Query, State,
        rejection::{JsonRejection, PathRejection, QueryRejection},
    },
    http::StatusCode,
    response::{
        Html, IntoResponse as _, Redirect, Response, Sse,
        sse::{Event, KeepAlive},
    },
};
use futures_util::stream;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::{sync::Semaphore, time::sleep};

use crate::{
    api::{Refusal, bad, refused},
    few::{Few, answered, failed},
    model::Served,
    page,
};

/// How often is looked whether something has changed.
const LOOK: Duration = Duration::from_millis(400);
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

    /// The model of a run, or of a study's best trial, ready to answer.
    ///
    /// # Errors
    /// In a line: why it cannot be asked.
    fn model(&self, name: &str) -> Result<Served, String>;

    /// Configs and studies that can be begun.
    fn configs(&self) -> Value;

    /// Does what is wanted; says what was done.
    ///
    /// # Errors
    /// In a line: why it cannot be done.
    fn act(&self, action: Action) -> Result<Done, String>;
}

/// What was done.
#[derive(Debug, Serialize)]
pub struct Done {
    /// In a line.
    pub said: String,
    /// The name of the run that was begun.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
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
    /// The name of the data that they are trained on.
    #[serde(default)]
    pub data: Option<String>,
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
    /// Remove all but the newest so many runs, or say which those would be.
    Prune {
        keep: usize,
        #[serde(default)]
        dry_run: bool,
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

/// Who knows the runs, and how many watch them.
pub(crate) struct Watch {
    pub runs: Few<dyn Runs>,
    watching: Arc<Semaphore>,
}

impl Watch {
    pub fn new(runs: Arc<dyn Runs>) -> Self {
        Self { runs: Few::new(runs), watching: Arc::new(Semaphore::new(MOST_WATCHING)) }
    }
}

type Shared = State<Arc<Watch>>;

pub(crate) async fn index() -> Html<String> {
    Html(page::runs())
}

pub(crate) async fn list(State(watch): Shared, asked: Result<Query<Asked>, QueryRejection>) -> Response {
    match asked {
        Ok(Query(asked)) => {
            answered(watch.runs.ask(move |runs| runs.list(&asked)).await, |list| Json(list).into_response())
        }
        Err(rejection) => refused(StatusCode::BAD_REQUEST, rejection.body_text()),
    }
}

pub(crate) async fn configs(State(watch): Shared) -> Response {
    answered(watch.runs.ask(|runs| Ok(runs.configs())).await, |configs| Json(configs).into_response())
}

/// The page of a run below `/runs/`, which has its address there that it has below the output root.
pub(crate) async fn run(State(watch): Shared, path: Result<Path<String>, PathRejection>) -> Response {
    let path = match path {
        Ok(Path(path)) => path,
        Err(rejection) => return refused(rejection.status(), rejection.body_text()),
    };
    let Some(name) = path.strip_suffix("/report.html").map(str::to_owned) else {
        let path: Vec<_> = path.split('/').filter(|part| !part.is_empty()).map(page::encoded).collect();
        return Redirect::temporary(&format!("/runs/{}/report.html", path.join("/"))).into_response();
    };
    let asked = name.clone();
    // What is written in between is seen as a change.
    let answer = watch.runs.ask(move |runs| (runs.stamp(Some(&asked)).unwrap_or_default(), runs.page(&asked)));
    match answer.await {
        Some((stamp, Some(Page::Written(document)))) => Html(page::watched(&document, &name, stamp)).into_response(),
        Some((stamp, Some(Page::Missing))) => Html(page::missing(&name, stamp)).into_response(),
        Some((_, None)) => {
            let mut response = Html(page::gone(&name)).into_response();
            *response.status_mut() = StatusCode::NOT_FOUND;
            response
        }
        None => failed(),
    }
}

pub(crate) async fn compare(State(watch): Shared, pairs: Result<Query<Pairs>, QueryRejection>) -> Response {
    let names = match named(pairs, MOST_NAMED) {
        Ok(names) => names,
        Err(refusal) => return refusal.into_response(),
    };
    let compared = watch.runs.ask(move |runs| runs.compare(&names)).await;
    answered(compared, |document| Html(page::compared(&document)).into_response())
}

/// What stands behind `?`, where a key may come more than once.
pub(crate) type Pairs = Vec<(String, String)>;

/// The runs that are named there.
pub(crate) fn named(pairs: Result<Query<Pairs>, QueryRejection>, most: usize) -> Result<Vec<String>, Refusal> {
    let Query(pairs) = pairs?;
    let names: Vec<String> = pairs.into_iter().filter(|(key, _)| key == "run").map(|(_, name)| name).collect();
    if names.len() > most {
        return Err(bad(format!("{} runs, expected {most} at most", names.len())));
    }
    Ok(names)
}

pub(crate) async fn act(State(watch): Shared, action: Result<Json<Action>, JsonRejection>) -> Response {
    match action {
        Ok(Json(action)) if action.names() > MOST_NAMED => {
            refused(StatusCode::BAD_REQUEST, format!("{} runs, expected {MOST_NAMED} at most", action.names()))
        }
        Ok(Json(action)) => {
            let said = watch.runs.ask(move |runs| runs.act(action)).await;
            answered(said, |done| Json(done).into_response())
        }
        Err(rejection) => refused(rejection.status(), rejection.body_text()),
    }
}

#[derive(Debug, Deserialize)]
pub(crate) struct Watched {
    name: Option<String>,
    /// What is shown of it already.
    stamp: Option<u64>,
}

/// Tells, by server-sent events, that what is watched has changed: a run, or the list. It ends when the run has gone.
pub(crate) async fn events(State(watch): Shared, watched: Result<Query<Watched>, QueryRejection>) -> Response {
    let Watched { name, stamp } = match watched {
        Ok(Query(watched)) => watched,
        Err(rejection) => return refused(StatusCode::BAD_REQUEST, rejection.body_text()),
    };
    let Ok(place) = watch.watching.clone().try_acquire_owned() else {
        let reason = format!("{MOST_WATCHING} pages are watched already; close some of them");
        return refused(StatusCode::SERVICE_UNAVAILABLE, reason);
    };
    let look = |watch: Arc<Watch>, name: Option<String>| async move {
        watch.runs.ask(move |runs| runs.stamp(name.as_deref())).await.flatten()
    };
    if look(watch.clone(), name.clone()).await.is_none() {
        return refused(StatusCode::NOT_FOUND, "there is no such run, or no longer");
    }
    let changes = stream::unfold((watch, name, stamp, place), move |(watch, name, mut before, place)| async move {
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
