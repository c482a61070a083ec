//! A data set of drawings: images are added to it under a label, counted, and taken back.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Query, Request, State, rejection::QueryRejection},
    response::{IntoResponse as _, Response},
};
use serde::{Deserialize, Serialize};

use crate::{
    api::{Refusal, bounded},
    few::{Few, answered},
};

/// The largest file of a drawing, in bytes.
const MOST_BYTES: usize = 1 << 20;

/// What has the data set.
pub trait Drawings: Send + Sync {
    /// The data set as it is.
    ///
    /// # Errors
    /// In a line: why it cannot be read, or is none that images can be added to.
    fn set(&self) -> Result<DrawnSet, String>;

    /// Adds an image under a label, which is whatever somebody typed.
    ///
    /// # Errors
    /// In a line: why it is not taken.
    fn add(&self, label: &str, png: &[u8]) -> Result<DrawnSet, String>;

    /// Removes an image that was added here, by its name as [`DrawnSet::last`] has it.
    ///
    /// # Errors
    /// In a line: why it stays.
    fn take_back(&self, image: &str) -> Result<DrawnSet, String>;
}

/// The data set as it is.
#[derive(Debug, Serialize)]
pub struct DrawnSet {
    pub folder: String,
    /// Labels with their numbers of images.
    pub labels: Vec<(String, usize)>,
    /// The image that was added last, as `3/0007.png`.
    pub last: Option<String>,
    /// What training needs more of.
    pub needs: Vec<String>,
    /// What a run on it is begun with, as `key=value`.
    pub settings: Vec<String>,
}

type Shared = State<Arc<Few<dyn Drawings>>>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Label {
    label: String,
    /// Looked at before.
    #[serde(rename = "token")]
    _token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Image {
    image: String,
    /// Looked at before.
    #[serde(rename = "token")]
    _token: Option<String>,
}

fn told(set: Option<Result<DrawnSet, String>>) -> Response {
    answered(set, |set| Json(set).into_response())
}

pub(crate) async fn set(State(drawings): Shared) -> Response {
    told(drawings.ask(|drawings| drawings.set()).await)
}

pub(crate) async fn add(
    State(drawings): Shared,
    label: Result<Query<Label>, QueryRejection>,
    request: Request,
) -> Result<Response, Refusal> {
    let Query(Label { label, .. }) = label?;
    let png = bounded(request, MOST_BYTES).await?;
    Ok(told(drawings.ask(move |drawings| drawings.add(&label, &png)).await))
}

pub(crate) async fn take_back(
    State(drawings): Shared,
    image: Result<Query<Image>, QueryRejection>,
) -> Result<Response, Refusal> {
    let Query(Image { image, .. }) = image?;
    Ok(told(drawings.ask(move |drawings| drawings.take_back(&image)).await))
}
