//! The page to draw on: that of a server, and the one that has its model in itself.

use std::sync::Arc;

use axum::{extract::State, response::Html};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use crate::{
    api::Api,
    model::{Facts, Served},
};

/// The page that asks the server.
pub(crate) async fn page(State(api): State<Arc<Api>>) -> Html<String> {
    let facts = api.models().iter().map(|Served { facts, .. }| of(facts)).collect();
    Html(written(&facts, include_str!("server.html"), &[include_str!("draw.js"), include_str!("server.js")]))
}

/// The page of a model that computes in it, by its ONNX file: one file, which works without a server.
pub fn alone(facts: &Facts, onnx: &[u8]) -> String {
    let mut model = of(facts);
    model["onnx"] = BASE64_STANDARD.encode(onnx).into();
    let scripts = [include_str!("draw.js"), include_str!("onnx.js"), include_str!("alone.js")];
    written(&json!([model]), include_str!("alone.html"), &scripts)
}

/// What the script knows of a model.
fn of(facts: &Facts) -> Value {
    json!({
        "name": facts.name,
        "about": facts.about,
        "classes": facts.task.classes(),
        "channels": facts.shape.channels,
        "height": facts.shape.height,
        "width": facts.shape.width,
        "fit": facts.fit,
        "knowsStrokes": facts.knows_strokes,
        "isLinear": facts.is_linear,
    })
}

fn written(facts: &Value, below: &str, scripts: &[&str]) -> String {
    // Within a script's text `<` is the only letter that could end it.
    let facts = facts.to_string().replace('<', "\\u003c");
    let mut page = String::new();
    let mut rest = include_str!("page.html");
    for (mark, text) in [
        ("/*style*/", include_str!("style.css")),
        ("<!--below-->", below),
        ("/*models*/", &facts),
        ("/*script*/", &scripts.concat()),
    ] {
        let (before, after) = rest.split_once(mark).expect("the page has each mark, in this order");
        page += before;
        page += text;
        rest = after;
    }
    page + rest
}
