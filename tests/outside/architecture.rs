//! `docs/architecture.svg` shows the crates as they are.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::Command,
};

use serde_json::Value;

type Arrows = BTreeSet<(String, String)>;

/// Which package of the workspace needs which, not counting what only tests need.
fn needed() -> Arrows {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let name = |package: &Value| package["name"].as_str().unwrap().to_owned();
    let names: BTreeSet<String> = packages.iter().map(name).filter(|name| name != "tests").collect();
    let mut needed = Arrows::new();
    for package in packages.iter().filter(|package| names.contains(&name(package))) {
        let uses = package["dependencies"].as_array().unwrap().iter().filter(|used| used["kind"].is_null());
        needed.extend(uses.map(name).filter(|used| names.contains(used)).map(|used| (name(package), used)));
    }
    needed
}

fn drawn() -> Arrows {
    let picture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/architecture.svg");
    let text = fs::read_to_string(picture).unwrap();
    let arrows = text.split("data-arrow=\"").skip(1).map(|rest| rest.split('"').next().unwrap());
    arrows.filter_map(|arrow| arrow.split_once(' ')).map(|(from, to)| (from.to_owned(), to.to_owned())).collect()
}

/// Where one comes to by these arrows.
fn reached<'a>(arrows: &'a Arrows, from: &'a str) -> BTreeSet<&'a str> {
    let mut ways: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    arrows.iter().for_each(|(from, to)| ways.entry(from).or_default().push(to));
    let (mut reached, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(at) = open.pop() {
        open.extend(ways.get(at).into_iter().flatten().copied().filter(|to| reached.insert(*to)));
    }
    reached
}

#[test]
fn the_picture_has_an_arrow_or_a_way_for_each_dependency_and_no_other() {
    let (needed, drawn) = (needed(), drawn());
    let lacking: Vec<_> = needed.iter().filter(|(from, to)| !reached(&drawn, from).contains(to.as_str())).collect();
    assert!(lacking.is_empty(), "docs/architecture.svg lacks {lacking:?}");
    let wrong: Vec<_> = drawn.difference(&needed).collect();
    assert!(wrong.is_empty() && drawn.len() > 10, "docs/architecture.svg has arrows that are no dependency: {wrong:?}");
}

#[test]
fn no_arrow_leads_back() {
    let needed = needed();
    let back = needed.iter().find(|(from, to)| reached(&needed, to).contains(from.as_str()));
    assert_eq!(back, None);
}

#[test]
fn the_files_that_the_documents_name_are_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for document in ["README.md", "docs/architecture.md"] {
        let text = fs::read_to_string(root.join(document)).unwrap();
        let named =
            text.split('`').skip(1).step_by(2).filter(|code| code.starts_with("crates/") && !code.contains(' '));
        for path in named {
            assert!(root.join(path).exists(), "{document} names `{path}`");
        }
    }
}
