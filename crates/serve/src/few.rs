//! Who may wait for the disk, asked by few at a time.

use std::sync::Arc;

use axum::{http::StatusCode, response::Response};
use tokio::{sync::Semaphore, task::spawn_blocking};

use crate::api::refused;

/// How many threads wait for the disk at a time.
const MOST_AT_ONCE: usize = 4;

pub(crate) struct Few<T: ?Sized> {
    asked: Arc<T>,
    places: Arc<Semaphore>,
}

impl<T: ?Sized + Send + Sync + 'static> Few<T> {
    pub fn new(asked: Arc<T>) -> Self {
        Self { asked, places: Arc::new(Semaphore::new(MOST_AT_ONCE)) }
    }

    /// Asks on a thread that may wait; none where that has failed.
    pub async fn ask<A: Send + 'static>(&self, question: impl FnOnce(&T) -> A + Send + 'static) -> Option<A> {
        let place = self.places.clone().acquire_owned().await.ok()?;
        let asked = self.asked.clone();
        let answered = spawn_blocking(move || {
            let answer = question(&*asked);
            drop(place);
            answer
        });
        answered.await.ok()
    }
}

pub(crate) fn failed() -> Response {
    refused(StatusCode::INTERNAL_SERVER_ERROR, "that has failed; the server's terminal says why")
}

pub(crate) fn answered<T>(answer: Option<Result<T, String>>, then: impl FnOnce(T) -> Response) -> Response {
    match answer {
        Some(Ok(value)) => then(value),
        Some(Err(reason)) => refused(StatusCode::BAD_REQUEST, reason),
        None => failed(),
    }
}
