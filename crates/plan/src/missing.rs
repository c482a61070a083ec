//! What to say of a config that is not there.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{
    choices::BuiltIn,
    config::Config,
    nearest::{nearest, suggestion},
};

/// The config that was likely meant, else those that are made for running.
pub(super) fn hint(path: &Path) -> String {
    let beside = toml_files(path.parent().unwrap_or(Path::new("")));
    let made = made_for_running(path, &beside);
    let wanted = stem(path);
    let near = |configs: &[PathBuf]| {
        let stems: Vec<String> = configs.iter().map(|config| stem(config)).collect();
        let near = nearest(&wanted, stems.iter().map(String::as_str))?;
        stems.iter().position(|stem| stem == near).map(|index| suggestion(&as_typed(&configs[index])))
    };
    near(&beside).or_else(|| near(&made)).unwrap_or_else(|| {
        let names: Vec<_> = made.iter().map(|config| as_typed(config)).collect();
        format!("; there are {}", names.join(", "))
    })
}

/// As a command takes a config: its name, where that finds the same file, else its path.
fn as_typed(config: &Path) -> String {
    let name = stem(config);
    let is_found = Config::find(Path::new(&name)) == Config::File(config.into());
    if is_found { name } else { config.display().to_string() }
}

/// The name of a config given without folder, its `.toml` left off.
pub(super) fn plain_name(argument: &Path) -> Option<&str> {
    let name = argument.to_str().filter(|_| argument.file_name() == Some(argument.as_os_str()))?;
    Some(name.strip_suffix(".toml").unwrap_or(name))
}

/// The files beside the one asked for, or, where no folder was given, those of `configs/`; and the built-in configs.
fn made_for_running(path: &Path, beside: &[PathBuf]) -> Vec<PathBuf> {
    let mut configs = match plain_name(path) {
        Some(_) => toml_files(Path::new("configs")),
        None => beside.to_vec(),
    };
    let built_in = BuiltIn::NAMES.iter().map(PathBuf::from);
    let missing: Vec<PathBuf> =
        built_in.filter(|name| configs.iter().all(|config| stem(config) != stem(name))).collect();
    configs.extend(missing);
    configs
}

pub(super) fn toml_files(folder: &Path) -> Vec<PathBuf> {
    let readable = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let entries = fs::read_dir(readable).into_iter().flatten().flatten();
    let paths = entries.map(|entry| folder.join(entry.file_name()));
    let mut files: Vec<PathBuf> = paths.filter(|path| path.extension().is_some_and(|end| end == "toml")).collect();
    files.sort();
    files
}

pub(super) fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use crate::Config;
    use std::fs;

    #[test]
    fn a_missing_file_names_the_near_one_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        for file in ["linear.toml", "deep.toml"] {
            fs::write(folder.path().join(file), "").unwrap();
        }
        let missing = folder.path().join("linaer.toml");
        let near = folder.path().join("linear.toml");
        let message = Config::File(missing.clone()).layer(None).unwrap_err().to_string();
        let (missing, near) = (missing.display(), near.display());
        assert_eq!(message, format!("{missing}: no such config; did you mean `{near}`?"));
    }

    #[test]
    fn a_missing_file_names_the_built_in_of_its_name() {
        let message = Config::File("nowhere/linear.toml".into()).layer(None).unwrap_err().to_string();
        assert_eq!(message, "nowhere/linear.toml: no such config; did you mean `linear`?");
    }

    #[test]
    fn a_missing_file_without_a_near_one_lists_all() {
        let message = Config::File("nowhere/transformer.toml".into()).layer(None).unwrap_err().to_string();
        assert_eq!(
            message,
            "nowhere/transformer.toml: no such config; there are base, linear, two-layer, resnet, resnet-augmented, mnist-linear, mnist-two-layer, mnist-simple-cnn, mnist, mnist-augmented, mnist-best, cifar-10, cifar-10-best, folder"
        );
    }
}
