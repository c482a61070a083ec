//! Runs that are out of the way and not lost: `<root>/.trash/<removal>/<name>/<id>`, from where the last removal can be undone.

use std::{
    fs,
    path::{Path, PathBuf},
};

use time::OffsetDateTime;

use crate::{Error, RunFolder, folder, list};

/// The folder below an output root; as a hidden one it is no name of runs.
const NAME: &str = ".trash";

/// What was moved.
#[derive(Debug, PartialEq)]
pub struct Removal {
    /// Its folder in the trash.
    pub path: PathBuf,
    /// What deleting that folder would free.
    pub bytes: u64,
}

/// Moves folders, `<root>/<name>` of a study or `<root>/<name>/<id>` of a run, into the trash of their root.
///
/// # Errors
/// Where a process works in one of them, before anything is moved; or where one cannot be moved.
pub fn remove(root: &Path, folders: &[PathBuf]) -> Result<Removal, Error> {
    // Held until all is moved: nobody can begin to train in a run meanwhile.
    let _locks = lock_all(folders)?;
    let bytes = folders.iter().map(|folder| size(folder)).sum();
    let path = new_removal(root)?;
    for from in folders {
        let to = path.join(from.strip_prefix(root).unwrap_or(from));
        files::create_folder(files::folder_of(&to))?;
        rename(from, &to)?;
        // The folder of a name that has no run any more; with something in it it stays.
        let _ = from.parent().filter(|name| *name != root).map(fs::remove_dir);
    }
    Ok(Removal { path, bytes })
}

/// Brings the last removal back; returns what is back, none where the trash is empty.
///
/// # Errors
/// Where something has taken its place, before anything is moved; or where it cannot be moved.
pub fn undo(root: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut removals = list::folders(&root.join(NAME))?;
    removals.sort();
    let Some(last) = removals.pop() else { return Ok(Vec::new()) };
    let mut moves = Vec::new();
    for name in list::folders(&last)? {
        let to = root.join(name.strip_prefix(&last).unwrap_or(&name));
        if to.exists() {
            let runs = list::folders(&name)?;
            moves.extend(runs.into_iter().map(|run| (to.join(run.file_name().unwrap_or_default()), run)));
        } else {
            moves.push((to, name));
        }
    }
    if let Some((taken, _)) = moves.iter().find(|(to, _)| to.exists()) {
        return Err(Error::Taken { path: taken.clone(), removal: last });
    }
    for (to, from) in &moves {
        rename(from, to)?;
    }
    // Empty folders are left; nothing in the trash is ever deleted.
    for name in list::folders(&last)?.iter().chain([&last, &root.join(NAME)]) {
        let _ = fs::remove_dir(name);
    }
    Ok(moves.into_iter().map(|(to, _)| to).collect())
}

/// The locks of all runs in the folders.
fn lock_all(folders: &[PathBuf]) -> Result<Vec<RunFolder>, Error> {
    let mut locks = Vec::new();
    for path in folders {
        let runs = if folder::check(path).is_ok() { vec![path.clone()] } else { list::folders(path)? };
        for run in runs.iter().filter(|run| folder::check(run).is_ok()) {
            locks.push(RunFolder::open(run)?);
        }
    }
    Ok(locks)
}

/// A folder for one removal, whose name is later than those before.
fn new_removal(root: &Path) -> Result<PathBuf, files::Error> {
    let now = OffsetDateTime::now_utc();
    let path = root.join(NAME).join(format!("{}-{:09}", folder::id(now), now.nanosecond()));
    files::create_folder(&path)?;
    Ok(path)
}

fn rename(from: &Path, to: &Path) -> Result<(), files::Error> {
    fs::rename(from, to).map_err(|cause| files::Error::Write { path: to.into(), cause })
}

/// Bytes of all files below a folder; what cannot be read counts as none.
fn size(path: &Path) -> u64 {
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    let sizes = entries.filter_map(|entry| {
        let metadata = entry.metadata().ok()?;
        Some(if metadata.is_dir() { size(&entry.path()) } else { metadata.len() })
    });
    sizes.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(root: &Path, name: &str) -> PathBuf {
        let path = root.join(name);
        fs::create_dir_all(&path).unwrap();
        fs::write(folder::config_path(&path), "12345").unwrap();
        path
    }

    #[test]
    fn what_is_removed_is_in_the_trash_and_comes_back() {
        let root = tempfile::tempdir().unwrap();
        let runs = [run(root.path(), "a/1"), run(root.path(), "a/2"), run(root.path(), "study/x")];
        let removal = remove(root.path(), &[runs[0].clone(), root.path().join("study")]).unwrap();
        assert_eq!(removal.bytes, 10);
        assert!(removal.path.join("a/1/config.toml").is_file() && removal.path.join("study/x/config.toml").is_file());
        assert_eq!(list::list(root.path()).unwrap().len(), 1);
        let mut back = undo(root.path()).unwrap();
        back.sort();
        assert_eq!(back, [runs[0].clone(), root.path().join("study")]);
        assert_eq!(list::list(root.path()).unwrap().len(), 3);
        assert_eq!(undo(root.path()).unwrap(), Vec::<PathBuf>::new());
    }

    #[test]
    fn removals_are_undone_one_by_one_the_last_first() {
        let root = tempfile::tempdir().unwrap();
        let runs = [run(root.path(), "a/1"), run(root.path(), "a/2")];
        for run in &runs {
            remove(root.path(), std::slice::from_ref(run)).unwrap();
        }
        assert!(!root.path().join("a").exists());
        assert_eq!(undo(root.path()).unwrap(), [root.path().join("a")]);
        assert!(runs[1].exists() && !runs[0].exists());
        assert_eq!(undo(root.path()).unwrap(), [runs[0].clone()]);
        assert!(!root.path().join(NAME).exists());
    }

    #[test]
    fn a_run_in_use_stays_and_so_do_those_beside_it() {
        let root = tempfile::tempdir().unwrap();
        let runs = [run(root.path(), "a/1"), run(root.path(), "a/2")];
        let _held = RunFolder::open(&runs[1]).unwrap();
        let error = remove(root.path(), &runs).unwrap_err();
        assert!(matches!(error, Error::InUse { .. }), "{error}");
        assert!(runs.iter().all(|run| run.exists()) && !root.path().join(NAME).exists());
    }

    #[test]
    fn what_has_taken_the_place_of_a_run_is_named_and_stays() {
        let root = tempfile::tempdir().unwrap();
        let path = run(root.path(), "a/1");
        remove(root.path(), std::slice::from_ref(&path)).unwrap();
        run(root.path(), "a/1");
        let message = undo(root.path()).unwrap_err().to_string();
        assert!(message.starts_with(&format!("cannot bring `{}` back", path.display())), "{message}");
    }
}
