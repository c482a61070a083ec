//! Studies by their names.

use std::path::{Path, PathBuf};

use plan::{Entry, Origin, PlanError, Problem, did_you_mean};

/// Where study files are that can be named without a path.
const FOLDER: &str = "configs/sweeps";

/// The studies that can be named.
#[must_use]
pub fn studies_by_name() -> Vec<Entry> {
    Entry::all_in(Path::new(FOLDER))
}

/// What STUDY means: the file, which may be named without its `.toml`, else the one of that name in `configs/sweeps`.
///
/// # Errors
/// Where there is none: the nearest name, or all.
pub fn find_study(argument: &Path) -> Result<PathBuf, PlanError> {
    let with_end = argument.with_added_extension("toml");
    let shipped = Path::new(FOLDER).join(argument);
    let places = [argument.to_owned(), with_end, shipped.with_added_extension("toml"), shipped];
    if let Some(file) = places.into_iter().find(|place| place.exists() && !place.is_dir()) {
        return Ok(file);
    }
    let beside = argument.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut names: Vec<String> = studies_by_name().into_iter().map(|study| study.name).collect();
    names.extend(beside.into_iter().flat_map(Entry::all_in).filter_map(|it| Some(it.path?.display().to_string())));
    let typed = argument.display().to_string();
    let word = argument.file_stem().unwrap_or_default().to_string_lossy();
    let hint = match did_you_mean(&word, names.iter().map(String::as_str)) {
        near if near.is_empty() => did_you_mean(&typed, names.iter().map(String::as_str)),
        near => near,
    };
    let hint = match hint {
        hint if !hint.is_empty() => hint,
        _ if names.is_empty() => "; a study is a TOML file, of which the README has an example".into(),
        _ => format!("; there are {}", names.join(", ")),
    };
    Err(Problem::Other { origin: Origin::Argument(typed), message: format!("no such study{hint}") }.into())
}
