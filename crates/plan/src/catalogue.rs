//! The configs that can be named, each with what its file says of itself.

use std::path::{Path, PathBuf};

use super::{
    choices::BuiltIn,
    missing::{stem, toml_files},
};

/// A file that a command takes by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub name: String,
    /// The first comment of the file.
    pub about: String,
    /// The file; none of what is compiled in.
    pub path: Option<PathBuf>,
}

impl Entry {
    /// The files of a folder, by name; of one that is not there none.
    #[must_use]
    pub fn all_in(folder: &Path) -> Vec<Self> {
        let entry = |path: PathBuf| Self {
            name: stem(&path),
            about: about(&files::read_written(&path).unwrap_or_default()),
            path: Some(path),
        };
        toml_files(folder).into_iter().map(entry).collect()
    }

    /// All configs: those compiled in, in the order in which they are shown, then others in `configs/`.
    #[must_use]
    pub fn configs() -> Vec<Self> {
        Self::named(BuiltIn::ALL.iter().map(|config| (config.name(), config.text())), Path::new("configs"))
    }

    /// What can be named: names and texts that are compiled in, then others in a folder. A file there goes before the text of
    /// its name.
    pub fn named<'a>(built_in: impl IntoIterator<Item = (&'a str, &'a str)>, folder: &Path) -> Vec<Self> {
        let mut files = Self::all_in(folder);
        let mut all = Vec::new();
        for (name, text) in built_in {
            let of_name = |entry: &mut Self| entry.name == name;
            let shipped = Self { name: name.into(), about: about(text), path: None };
            all.push(files.extract_if(.., of_name).next().unwrap_or(shipped));
        }
        all.extend(files);
        all
    }
}

/// The first sentence of the comment that a file begins with, on however many lines it stands.
fn about(text: &str) -> String {
    let lines = text.trim_start_matches('\u{feff}').lines().map_while(|line| line.strip_prefix('#')).map(str::trim);
    let comment = lines.take_while(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
    comment.split_once(". ").map_or_else(|| comment.clone(), |(sentence, _)| format!("{sentence}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_config_that_is_compiled_in_says_what_it_is() {
        let configs = Entry::configs();
        let names: Vec<&str> = configs.iter().map(|config| config.name.as_str()).collect();
        assert_eq!(names, BuiltIn::NAMES);
        assert!(configs.iter().all(|config| config.about.len() > 20), "{configs:?}");
    }

    #[test]
    fn a_file_without_a_comment_says_nothing() {
        assert_eq!(about("seed = 1\n# later\n"), "");
        assert_eq!(about("# What it is.\nseed = 1\n"), "What it is.");
        assert_eq!(about("# 0.98 after 2 epochs. More of it\n# here."), "0.98 after 2 epochs.");
        assert_eq!(about("# A net: 0.98\n# accuracy. More.\nseed = 1\n"), "A net: 0.98 accuracy.");
        assert_eq!(about("# A title\n#\n# More of it.\n"), "A title");
    }
}
