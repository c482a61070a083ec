//! The README's commands, run in its order in one folder. A line that says what it `needs` is only read.

use std::{fs, path::Path};

use crate::harness::Place;

const RUN: &str = "cargo run -p train";

fn root(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file)).unwrap()
}

/// The lines of all blocks of shell commands.
fn commands(readme: &str) -> Vec<String> {
    let blocks = readme.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.flat_map(str::lines).map(str::to_owned).collect()
}

#[test]
fn every_command_of_the_readme_does_what_it_says() {
    let place = Place::new();
    for file in ["docs/seven.png", "configs/two-layer.toml", "configs/sweeps/learning-rate.toml"] {
        let (from, to) = (Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file), place.path().join(file));
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(from, to).unwrap();
    }
    let mut ran = 0;
    for line in commands(&root("README.md")).iter().filter(|line| !line.contains("# needs: ")) {
        let Some(arguments) = line.strip_prefix(RUN) else {
            assert_eq!(line, "cargo test --workspace", "a command that this test does not know");
            continue;
        };
        let arguments = arguments.trim_start().trim_start_matches("--").split_whitespace();
        // As a shell takes them.
        let arguments: Vec<&str> = arguments.map(|argument| argument.trim_matches('\'')).collect();
        println!("{line}");
        place.train(&arguments).ok();
        ran += 1;
    }
    assert!(ran > 10, "{ran}");
}

#[test]
fn every_recipe_that_the_readme_names_is_there() {
    let justfile = root("justfile");
    let readme = root("README.md") + &root("docs/backends.md");
    let mut named: Vec<&str> =
        readme.split("`just ").skip(1).filter_map(|rest| rest.split(['`', ' ']).next()).collect();
    named.retain(|name| !name.is_empty() && !name.contains('*'));
    assert!(named.len() > 5, "{named:?}");
    for name in named {
        let is_recipe = |line: &str| line.strip_prefix(name).is_some_and(|rest| rest.starts_with([' ', ':']));
        assert!(justfile.lines().any(is_recipe), "`just {name}`");
    }
}
