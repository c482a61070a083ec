//! `docs/run.svg`, the README's picture of a run, says what the program says.

use std::{fs, path::Path};

use crate::harness::{Place, real_archive};

/// The lines of the picture; what has another colour is a text of its own at the same height.
fn drawn() -> Vec<String> {
    let picture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/run.svg");
    let picture = fs::read_to_string(picture).unwrap();
    let mut lines: Vec<(&str, String)> = Vec::new();
    for element in picture.split("<text ").skip(1) {
        let (attributes, rest) = element.split_once('>').unwrap();
        let y = attributes.split(" y=\"").nth(1).unwrap().split('"').next().unwrap();
        let text = rest.split("</text>").next().unwrap();
        match lines.last_mut().filter(|line| line.0 == y) {
            Some((_, line)) => *line += &format!(" {text}"),
            None => lines.push((y, text.into())),
        }
    }
    lines.into_iter().map(|(_, text)| text).collect()
}

/// A line without what differs from run to run: the run's folder, times, images a second, and digits that another processor may round.
fn alike(line: &str) -> String {
    let words: Vec<&str> = line.split_whitespace().collect();
    let is_unit = |word: &str| ["ms", "s", "k", "M"].contains(&word);
    let is_time = |at: usize| is_unit(words[at]) || words.get(at + 1).is_some_and(|next| is_unit(next));
    let alike = |word: &str| match (
        word.strip_prefix("runs/two-layer/"),
        word.trim_end_matches([':', ';', ',']).parse::<f64>(),
    ) {
        (Some(below), _) => below.split_once('/').map_or("RUN".into(), |(_, file)| format!("RUN/{file}")),
        (None, Ok(number)) if word.contains('.') => format!("{number:.3}"),
        _ => word.to_owned(),
    };
    (0..words.len()).filter(|at| !is_time(*at)).map(|at| alike(words[at])).collect::<Vec<_>>().join(" ")
}

#[cfg(target_os = "linux")]
#[test]
fn the_picture_of_a_run_says_what_the_program_says() {
    let Some(archive) = real_archive() else { return };
    // A terminal that can show nothing live has a line for each epoch.
    let ran = Place::new()
        .in_a_shell(80, &[], |train| format!("exec env MNIST_SAMPLE_ARCHIVE='{archive}' TERM=dumb {train}"))
        .ok();
    let said: Vec<String> = ran.stdout.lines().map(alike).collect();
    let drawn = drawn();
    assert!(drawn.len() > 20 && drawn[0] == "$ train", "{drawn:?}");
    let is_live = |line: &str| line.contains('━') || line.starts_with("the same terminal");
    for line in drawn[1..].iter().filter(|line| !is_live(line)) {
        assert!(said.contains(&alike(line)), "`just pictures` makes docs/run.svg anew: `{line}` is not in {said:#?}");
    }
}
