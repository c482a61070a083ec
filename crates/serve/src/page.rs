//! The pages: to draw on, that of a server and the one that has its model in itself; the list of runs, and what a run's own page
//! becomes while somebody watches.

use std::sync::Arc;

use axum::{
    extract::{Query, State, rejection::QueryRejection},
    http::StatusCode,
    response::{Html, IntoResponse as _, Redirect, Response},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use crate::{
    api::Api,
    few::failed,
    model::Facts,
    watch::{Pairs, Watch, named},
};

/// Models that one page asks.
const MOST_MODELS: usize = 8;

/// The page that asks the server: its own models, or those of the runs that are named.
pub(crate) async fn page(
    State((api, watch)): State<(Arc<Api>, Arc<Watch>)>,
    pairs: Result<Query<Pairs>, QueryRejection>,
) -> Response {
    let names = match named(pairs, MOST_MODELS) {
        Ok(names) => names,
        Err(refusal) => return refusal.into_response(),
    };
    let mut models = if names.is_empty() { api.models().to_vec() } else { Vec::new() };
    for name in names {
        if let Some(own) = api.models().iter().find(|served| served.facts.run.as_ref() == Some(&name)) {
            models.push(own.clone());
            continue;
        }
        match watch.runs.ask(move |runs| runs.model(&name)).await {
            Some(Ok(served)) => models.push(api.open(served)),
            Some(Err(reason)) => {
                let page = with_bar(&plain(&escaped(&reason)));
                return (StatusCode::BAD_REQUEST, Html(page)).into_response();
            }
            None => return failed(),
        }
    }
    if models.is_empty() {
        return Redirect::temporary("/runs").into_response();
    }
    let facts = models.iter().map(|served| of(&served.facts)).collect();
    let scripts =
        [include_str!("draw.js"), include_str!("ask.js"), include_str!("server.js"), include_str!("data_set.js")];
    let parts = [include_str!("data_set.html"), include_str!("server.html")];
    Html(with_bar(&written(&facts, parts, &scripts))).into_response()
}

/// The list of runs.
pub(crate) fn runs() -> String {
    filled(
        include_str!("runs.html"),
        &[
            ("/*style*/", include_str!("style.css")),
            ("<!--bar-->", include_str!("bar.html")),
            ("/*script*/", concat!(include_str!("runs.js"), include_str!("ask.js"))),
        ],
    )
}

/// A document with the way to the other pages above it.
pub(crate) fn with_bar(document: &str) -> String {
    moving(document, "", "")
}

/// A comparison of runs, which stays as it is.
pub(crate) fn compared(document: &str) -> String {
    let without = "JavaScript does not run here. The page is whole, but charts stay as they are drawn, and tables are not sorted.";
    moving(&with_icon(document), "", without)
}

/// Without one a browser asks for one that is not there.
fn with_icon(document: &str) -> String {
    document.replacen("<head>", &format!("<head>\n{ICON}"), 1)
}

/// The same with a script below, and what is said where none runs.
fn moving(document: &str, script: &str, without: &str) -> String {
    let place = ["<header>", "<body>"].into_iter().find_map(|tag| Some(document.find(tag)? + tag.len()));
    let (before, after) = document.split_at(place.unwrap_or(0));
    let (after, end) = after.split_at(after.rfind("</body>").unwrap_or(after.len()));
    let script = if script.is_empty() { String::new() } else { format!("<script>\n{script}</script>\n") };
    let without = if without.is_empty() { String::new() } else { format!("<noscript><p>{without}</p></noscript>\n") };
    [before, "\n", include_str!("bar.html"), &without, after, &script, end].concat()
}

/// The page of a run that comes anew when its files change, instead of by its own clock.
pub(crate) fn watched(document: &str, name: &str, stamp: u64) -> String {
    let document = with_icon(document);
    let without = "JavaScript does not run here. The page is whole, but charts stay as they are drawn, and what is new is there when it is \
                   loaded again; <code>train runs stop</code> and <code>train --resume</code> stop a run and let it go on.";
    moving(&of_run(&document, name, stamp), include_str!("watched.js"), without)
}

/// No icon.
const ICON: &str = "<link rel=\"icon\" href=\"data:,\">";

/// A document that says whose it is, and what is shown of that.
fn of_run(document: &str, name: &str, stamp: u64) -> String {
    document.replacen("<html", &format!("<html data-watched=\"{}\" data-stamp=\"{stamp}\"", escaped(name)), 1)
}

/// In the place of the page of a run that has none.
pub(crate) fn missing(name: &str, stamp: u64) -> String {
    let said = format!("Nobody has written the page of <code>{}</code> yet; ", escaped(name));
    let html = format!("{said}<button type=\"button\" id=\"write\">write it</button>");
    let script = concat!(include_str!("watched.js"), include_str!("missing.js"));
    let without = format!(
        "The button needs JavaScript, which does not run here; <code>train report</code> writes the page, with the folder of \
         <code>{}</code>.",
        escaped(name)
    );
    moving(&of_run(&plain(&html), name, stamp), script, &without)
}

/// In the place of the page of a run that is not there.
pub(crate) fn gone(name: &str) -> String {
    with_bar(&plain(&format!("There is no run <code>{}</code>, or no longer.", escaped(name))))
}

fn plain(html: &str) -> String {
    let head = "<meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">";
    let style = include_str!("style.css");
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head>{head}{ICON}<title>Runs</title><style>\n{style}</style></head>\n\
         <body><p id=\"said\" role=\"status\">{html}</p></body></html>\n"
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A part of an address.
pub(crate) fn encoded(part: &str) -> String {
    let kept = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    part.bytes().map(|byte| if kept(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// The page of a model that computes in it, by its ONNX file: one file, which works without a server.
pub fn alone(facts: &Facts, onnx: &[u8]) -> String {
    let mut model = of(facts);
    model["onnx"] = BASE64_STANDARD.encode(onnx).into();
    let scripts = [include_str!("draw.js"), include_str!("onnx.js"), include_str!("alone.js")];
    written(&json!([model]), ["", include_str!("alone.html")], &scripts)
}

/// What the script knows of a model.
fn of(facts: &Facts) -> Value {
    json!({
        "name": facts.name,
        "about": facts.about,
        "quality": facts.quality,
        "run": facts.run,
        "classes": facts.task.classes(),
        "channels": facts.shape.channels,
        "height": facts.shape.height,
        "width": facts.shape.width,
        "fit": facts.fit,
        "knowsStrokes": facts.knows_strokes,
        "isLinear": facts.is_linear,
    })
}

/// The page to draw on, with what belongs to a data set and what stands below.
fn written(facts: &Value, [data_set, below]: [&str; 2], scripts: &[&str]) -> String {
    // Within a script's text `<` is the only letter that could end it.
    let facts = facts.to_string().replace('<', "\\u003c");
    filled(
        include_str!("page.html"),
        &[
            ("/*style*/", include_str!("style.css")),
            ("<!--data set-->", data_set),
            ("<!--below-->", below),
            ("/*models*/", &facts),
            ("/*script*/", &scripts.concat()),
        ],
    )
}

/// A page with texts in the places of its marks.
fn filled(page: &str, texts: &[(&str, &str)]) -> String {
    let mut rest = page;
    let mut page = String::new();
    for (mark, text) in texts {
        let (before, after) = rest.split_once(*mark).expect("the page has each mark, in this order");
        page += before;
        page += text;
        rest = after;
    }
    page + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_script_the_page_of_a_run_and_that_of_one_without_say_what_is_missing() {
        let document = "<html><head></head><body>\n<header>\n<h1>run</h1></header></body></html>";
        let of = |page: &str| {
            page.split_once("<noscript><p>").unwrap().1.split_once("</p></noscript>").unwrap().0.to_owned()
        };
        assert!(of(&watched(document, "linear/1", 7)).contains("<code>train runs stop</code>"));
        let missing = missing("a<b/1", 7);
        assert!(
            of(&missing).contains("<code>train report</code> writes the page") && of(&missing).contains("a&lt;b/1")
        );
        assert!(!with_bar(document).contains("noscript"));
    }
}
