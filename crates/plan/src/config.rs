//! Which config a run starts from: a file, or one of those compiled in.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

use super::{
    choices::BuiltIn,
    error::{Origin, PlanError, Problem},
    layer::Layer,
    missing::{hint, plain_name},
};

/// A config that can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Config {
    BuiltIn(BuiltIn),
    File(PathBuf),
}

impl Default for Config {
    /// What runs without a CONFIG: `two-layer`, found as if it had been typed.
    fn default() -> Self {
        Config::find(Path::new("two-layer"))
    }
}

impl fmt::Display for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Config::BuiltIn(name) => write!(f, "built-in {name}.toml"),
            Config::File(path) => write!(f, "{}", path.display()),
        }
    }
}

impl Config {
    /// What CONFIG means: the file, else for a name without folder (`linear`, `linear.toml`) `configs/<name>.toml`,
    /// else the built-in config of that name. Resolving says so if none of them is there.
    #[must_use]
    pub fn find(argument: &Path) -> Self {
        Config::find_in(Path::new(""), argument)
    }

    /// The same, seen from `folder`.
    fn find_in(folder: &Path, argument: &Path) -> Self {
        let path = folder.join(argument);
        let Some(name) = plain_name(argument).filter(|_| !path.is_file()) else {
            return Config::File(path);
        };
        let shipped = folder.join("configs").join(format!("{name}.toml"));
        if shipped.is_file() { Config::File(shipped) } else { built_in(name).unwrap_or(Config::File(path)) }
    }

    /// What `extends = "<written>"` in this config means: a file beside it, which may be named without its `.toml`, else the
    /// built-in config of that name.
    pub(super) fn parent(&self, written: &str) -> Config {
        let shipped = plain_name(Path::new(written)).and_then(built_in);
        let Config::File(file) = self else {
            return shipped.unwrap_or_else(|| Config::File(written.into()));
        };
        let path = file.with_file_name(written);
        let named = [path.clone(), path.with_added_extension("toml")].into_iter().find(|path| path.is_file());
        named.map(Config::File).or(shipped).unwrap_or(Config::File(path))
    }

    /// Reads it; `named_by` is the `extends` that led here.
    pub(super) fn layer(&self, named_by: Option<&Origin>) -> Result<Layer, PlanError> {
        let text = match self {
            Config::File(path) => files::read_written(path).map_err(|cause| unreadable(path, named_by, cause))?,
            Config::BuiltIn(config) => config.text().to_string(),
        };
        Layer::parse(&self.to_string(), &text)
    }
}

impl BuiltIn {
    fn text(self) -> &'static str {
        match self {
            BuiltIn::Base => include_str!("../../../configs/base.toml"),
            BuiltIn::Linear => include_str!("../../../configs/linear.toml"),
            BuiltIn::TwoLayer => include_str!("../../../configs/two-layer.toml"),
            BuiltIn::ResNet => include_str!("../../../configs/resnet.toml"),
            BuiltIn::ResNetAugmented => include_str!("../../../configs/resnet-augmented.toml"),
            BuiltIn::MnistLinear => include_str!("../../../configs/mnist-linear.toml"),
            BuiltIn::MnistTwoLayer => include_str!("../../../configs/mnist-two-layer.toml"),
            BuiltIn::Mnist => include_str!("../../../configs/mnist.toml"),
            BuiltIn::MnistAugmented => include_str!("../../../configs/mnist-augmented.toml"),
        }
    }
}

fn built_in(name: &str) -> Option<Config> {
    BuiltIn::ALL.iter().find(|known| known.name() == name).copied().map(Config::BuiltIn)
}

fn unreadable(path: &Path, named_by: Option<&Origin>, cause: io::Error) -> PlanError {
    let file = path.display().to_string();
    let problem = match (cause.kind(), named_by) {
        (io::ErrorKind::NotFound, None) => Problem::MissingConfig { hint: hint(path), config: file },
        (io::ErrorKind::NotFound, Some(origin)) => {
            Problem::MissingParent { origin: origin.clone(), hint: hint(path), path: file }
        }
        _ => Problem::Unreadable { file, cause },
    };
    problem.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn folder(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        folder
    }

    #[test]
    fn a_name_is_the_file_then_the_one_in_configs_then_the_built_in() {
        let find = |files: &[&str], name: &str| {
            let folder = folder(files);
            match Config::find_in(folder.path(), Path::new(name)) {
                Config::File(path) => path.strip_prefix(folder.path()).unwrap().display().to_string(),
                built_in => built_in.to_string(),
            }
        };
        assert_eq!(find(&["linear", "configs/linear.toml"], "linear"), "linear");
        assert_eq!(find(&["linear.toml", "configs/linear.toml"], "linear.toml"), "linear.toml");
        assert_eq!(find(&["configs/linear.toml"], "linear"), "configs/linear.toml");
        assert_eq!(find(&["configs/mine.toml"], "mine.toml"), "configs/mine.toml");
        assert_eq!(find(&[], "linear"), "built-in linear.toml");
        assert_eq!(find(&[], "linear.toml"), "built-in linear.toml");
        assert_eq!(find(&[], "mine"), "mine");
        assert_eq!(find(&[], "configs/linear.toml"), "configs/linear.toml");
    }

    #[test]
    fn a_folder_cannot_be_read() {
        let folder = folder(&[]);
        let message = Config::File(folder.path().into()).layer(None).unwrap_err().to_string();
        assert!(
            message.starts_with(&format!("{}: cannot be read: is a directory", folder.path().display())),
            "{message}"
        );
    }
}
