//! The page to draw on.

use std::sync::Arc;

use axum::{extract::State, response::Html};
use serde_json::json;

use crate::{api::Api, model::Served};

/// What the page knows of the models.
pub(crate) async fn page(State(api): State<Arc<Api>>) -> Html<String> {
    let facts = api.models().iter().map(|Served { facts, .. }| {
        json!({
            "name": facts.name,
            "kind": facts.kind,
            "about": facts.about,
            "classes": facts.task.classes(),
            "channels": facts.shape.channels,
            "height": facts.shape.height,
            "width": facts.shape.width,
            "knowsStrokes": facts.knows_strokes,
            "isLinear": facts.is_linear,
        })
    });
    // Within a script's text `<` is the only letter that could end it.
    let facts = json!(facts.collect::<Vec<_>>()).to_string().replace('<', "\\u003c");
    let parts =
        [("/*style*/", include_str!("style.css")), ("/*models*/", &facts), ("/*script*/", include_str!("draw.js"))];
    Html(parts.iter().fold(include_str!("page.html").to_owned(), |page, (mark, text)| page.replacen(mark, text, 1)))
}
