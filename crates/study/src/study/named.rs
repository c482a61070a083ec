//! Studies by their names.

use std::{
    io,
    path::{Path, PathBuf},
};

use plan::{Entry, Origin, PlanError, Problem, did_you_mean};

use super::file::StudyFile;
use crate::study_folder;

/// Where study files are that can be named without a path.
const FOLDER: &str = "configs/sweeps";

/// The studies that are compiled in, by name.
const BUILT_IN: [(&str, &str); 7] = [
    ("hidden", include_str!("../../../../configs/sweeps/hidden.toml")),
    ("learning-rate", include_str!("../../../../configs/sweeps/learning-rate.toml")),
    ("mnist", include_str!("../../../../configs/sweeps/mnist.toml")),
    ("models", include_str!("../../../../configs/sweeps/models.toml")),
    ("optimizer-schedule", include_str!("../../../../configs/sweeps/optimizer-schedule.toml")),
    ("seeds", include_str!("../../../../configs/sweeps/seeds.toml")),
    ("tpe", include_str!("../../../../configs/sweeps/tpe.toml")),
];

/// The studies that can be named.
#[must_use]
pub fn studies_by_name() -> Vec<Entry> {
    Entry::named(BUILT_IN, Path::new(FOLDER))
}

/// What STUDY means: the file, which may be named without its `.toml`, else the one of that name in `configs/sweeps`, else the name
/// of one that is compiled in. A study's folder means the file that it was run from.
///
/// # Errors
/// Where there is none: where it was looked for, and the nearest name, or all.
pub fn find_study(argument: &Path) -> Result<PathBuf, PlanError> {
    found(argument).ok_or_else(|| missing(argument))
}

fn found(argument: &Path) -> Option<PathBuf> {
    let with_end = argument.with_added_extension("toml");
    let shipped = Path::new(FOLDER).join(argument);
    let places = [argument.to_owned(), with_end, shipped.with_added_extension("toml"), shipped];
    let name = argument.to_str().map(|name| PathBuf::from(name.strip_suffix(".toml").unwrap_or(name)));
    let built_in = name.filter(|name| text_of(name).is_some());
    let of_folder = || study_folder::file_of(argument).filter(|file| is_file(file) || text_of(file).is_some());
    places.into_iter().find(|place| is_file(place)).or(built_in).or_else(of_folder)
}

/// With the nearest name, or all; a file that its name finds has that alone.
fn missing(argument: &Path) -> PlanError {
    let beside = argument.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut names: Vec<String> = studies_by_name().into_iter().map(|study| study.name).collect();
    let others = beside.into_iter().flat_map(Entry::all_in).filter(|it| found(Path::new(&it.name)) != it.path);
    names.extend(others.filter_map(|it| Some(it.path?.display().to_string())));
    if beside.is_none() {
        names.extend(Entry::all_in(Path::new(".")).into_iter().filter(is_study).map(|it| it.name));
    }
    let typed = argument.display().to_string();
    let word = argument.file_stem().unwrap_or_default().to_string_lossy();
    let near = [&*word, &typed].map(|word| did_you_mean(word, names.iter().map(String::as_str)));
    let all = format!("; there are {}", names.join(", "));
    let hint = near.into_iter().find(|near| !near.is_empty()).unwrap_or(all);
    let message = format!("no such study: no file, none of that name in `{FOLDER}`, and none is built in{hint}");
    Problem::Other { origin: Origin::Argument(typed), message }.into()
}

/// Whether a file is a study's, and not a config's or another program's: only a study has a space.
fn is_study(entry: &Entry) -> bool {
    let file = entry.path.as_ref().and_then(|path| StudyFile::read(path).ok());
    file.is_some_and(|file| !file.space.is_empty())
}

/// The text of a study file, or of the study that is compiled in under this name.
pub fn read(file: &Path) -> io::Result<String> {
    text_of(file).filter(|_| !is_file(file)).map_or_else(|| files::read_written(file), |text| Ok(text.to_owned()))
}

fn text_of(name: &Path) -> Option<&'static str> {
    BUILT_IN.iter().find(|(known, _)| Path::new(known) == name).map(|(_, text)| *text)
}

/// Whether there is something to read, as a pipe is too.
pub fn is_file(path: &Path) -> bool {
    path.exists() && !path.is_dir()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::Study;

    #[test]
    fn every_study_file_that_is_shipped_is_compiled_in_and_can_be_planned_anywhere() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs/sweeps");
        let files: Vec<String> = Entry::all_in(&folder).into_iter().map(|entry| entry.name).collect();
        assert_eq!(files, BUILT_IN.map(|(name, _)| name));
        for (name, text) in BUILT_IN {
            assert_eq!(fs::read_to_string(folder.join(name).with_added_extension("toml")).unwrap(), text);
            let study = Study::read(&find_study(Path::new(name)).unwrap(), &[]).unwrap();
            assert_eq!((study.name.as_str(), study.file.as_path()), (name, Path::new(name)));
            study.check(false).unwrap();
        }
    }
}
