//! From a config to a plan: which file or built-in one is meant, what it extends, and plans with settings over it.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

use toml::Value;

use super::{
    Plan,
    check::{self, Merged},
    choices::BuiltIn,
    error::{Origin, PlanError, Problem},
    layer::{Layer, Setting},
    missing::{hint, plain_name, stem},
    rules::RULES,
};

/// A config with all that it extends: one plan is made of it, or, as of what a study's trials have in common, many.
#[derive(Clone, Debug)]
pub struct Template {
    base: Layer,
    layers: Vec<Layer>,
}

impl Template {
    /// Reads the files of a config.
    ///
    /// # Errors
    /// The file that cannot be read, or is no TOML.
    pub fn read(config: &Config) -> Result<Self, PlanError> {
        Ok(Self { base: Config::BuiltIn(BuiltIn::Base).layer(None)?, layers: layers(config)? })
    }

    /// The plan with `settings` over the config, of which the last wins.
    ///
    /// # Errors
    /// Every unknown key and every wrong value at once.
    pub fn plan(&self, settings: &[Setting]) -> Result<Plan, PlanError> {
        let (merged, mut problems) = Merged::new(&self.base, &self.layers, settings);
        problems.extend(check::values(RULES, |key| merged.get(key)));
        if !problems.is_empty() {
            return Err(PlanError { problems });
        }
        let plan = merged.plan();
        match check::combinations(&plan, &merged) {
            problems if problems.is_empty() => Ok(plan),
            problems => Err(PlanError { problems }),
        }
    }
}

impl Template {
    /// The keys of `settings` that have another value than the config by itself, in the order of `base.toml`.
    #[must_use]
    pub fn changed(&self, settings: &[Setting]) -> Vec<(&'static str, Value)> {
        let [before, after] = [&[], settings].map(|settings| Merged::new(&self.base, &self.layers, settings).0);
        let pairs = RULES.iter().filter_map(|(key, _)| {
            let [before, after] = [&before, &after].map(|merged| merged.get(key)?.value.clone());
            Some((*key, before?, after?))
        });
        let is_changed = |before: &Value, after: &Value| match (number(before), number(after)) {
            (Some(before), Some(after)) => before != after,
            _ => before != after,
        };
        pairs.filter(|(_, before, after)| is_changed(before, after)).map(|(key, _, after)| (key, after)).collect()
    }
}

/// A number, however it is written: 1 is 1.0.
fn number(value: &Value) -> Option<f64> {
    value.as_float().or_else(|| value.as_integer().map(|integer| integer as f64))
}

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

    /// As a command takes it wherever it is run: the name of one that is compiled in, also where a file of that name with the same
    /// text was found; else the file's path.
    #[must_use]
    pub fn typed(&self) -> String {
        let path = match self {
            Config::BuiltIn(config) => return config.to_string(),
            Config::File(path) => path,
        };
        let has_text = |config: &BuiltIn| files::read_written(path).is_ok_and(|text| text == config.text());
        let name = stem(path);
        let is_shipped = BuiltIn::ALL.iter().any(|config| config.name() == name && has_text(config));
        if is_shipped && Config::find(Path::new(&name)) == *self { name } else { path.display().to_string() }
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
    pub(super) fn text(self) -> &'static str {
        match self {
            BuiltIn::Base => include_str!("../../../configs/base.toml"),
            BuiltIn::Linear => include_str!("../../../configs/linear.toml"),
            BuiltIn::TwoLayer => include_str!("../../../configs/two-layer.toml"),
            BuiltIn::ResNet => include_str!("../../../configs/resnet.toml"),
            BuiltIn::ResNetAugmented => include_str!("../../../configs/resnet-augmented.toml"),
            BuiltIn::MnistLinear => include_str!("../../../configs/mnist-linear.toml"),
            BuiltIn::MnistTwoLayer => include_str!("../../../configs/mnist-two-layer.toml"),
            BuiltIn::MnistSimpleCnn => include_str!("../../../configs/mnist-simple-cnn.toml"),
            BuiltIn::Mnist => include_str!("../../../configs/mnist.toml"),
            BuiltIn::MnistAugmented => include_str!("../../../configs/mnist-augmented.toml"),
            BuiltIn::MnistBest => include_str!("../../../configs/mnist-best.toml"),
            BuiltIn::Cifar10 => include_str!("../../../configs/cifar-10.toml"),
            BuiltIn::Cifar10Best => include_str!("../../../configs/cifar-10-best.toml"),
            BuiltIn::Folder => include_str!("../../../configs/folder.toml"),
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

/// The layers of `config` and of all that it extends, the farthest first.
pub(super) fn layers(config: &Config) -> Result<Vec<Layer>, PlanError> {
    let mut read = Vec::new();
    let mut layers = vec![config.layer(None)?];
    let mut current = config.clone();
    while let Some(extends) = layers.last().and_then(|layer| layer.extends.as_ref()) {
        let parent = current.parent(path(extends)?);
        read.push(current);
        refuse_circle(&extends.origin, &read, &parent)?;
        layers.push(parent.layer(Some(&extends.origin))?);
        current = parent;
    }
    layers.reverse();
    Ok(layers)
}

fn path(extends: &Setting) -> Result<&str, PlanError> {
    let path = extends.value.as_ref().and_then(Value::as_str);
    path.ok_or_else(|| extends.refused("a string, the path of a config", "").into())
}

fn refuse_circle(origin: &Origin, read: &[Config], parent: &Config) -> Result<(), PlanError> {
    if read.iter().all(|config| identity(config) != identity(parent)) {
        return Ok(());
    }
    let chain = read.iter().chain([parent]).map(Config::to_string).collect();
    Err(Problem::Circular { origin: origin.clone(), chain }.into())
}

/// The same for two ways to name one file.
fn identity(config: &Config) -> Config {
    match config {
        Config::File(path) => Config::File(path.canonicalize().unwrap_or_else(|_| path.clone())),
        Config::BuiltIn(_) => config.clone(),
    }
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

#[cfg(test)]
mod tests_of_extends {
    use super::*;
    use crate::ModelKind;
    use std::fs;

    /// Writes the files and resolves the first; the folder's name is taken out of messages.
    fn resolve(files: &[(&str, &str)]) -> Result<Plan, String> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let prefix = format!("{}/", folder.path().display());
        let config = Config::File(folder.path().join(files[0].0));
        Plan::resolve(&config, &[]).map_err(|error| error.to_string().replace(&prefix, ""))
    }

    #[test]
    fn later_files_win_over_those_they_extend() {
        let a = ("a.toml", "extends = \"sub/b.toml\"\n[training]\nepochs = 1");
        let b = ("sub/b.toml", "extends = \"../c.toml\"\n[training]\nepochs = 2\nbatch_size = 2");
        let c = ("c.toml", "[training]\nepochs = 3\nbatch_size = 3\naccumulate = 3");
        let plan = resolve(&[a, b, c]).unwrap().training;
        assert_eq!((plan.epochs, plan.batch_size, plan.accumulate), (1, 2, 3));
    }

    #[test]
    fn a_file_without_extends_builds_on_the_base() {
        let plan = resolve(&[("a.toml", "seed = 7")]).unwrap();
        assert_eq!((plan.seed, plan.training.batch_size), (7, 256));
    }

    #[test]
    fn what_settings_change_of_a_config_is_known() {
        let settings = ["training.epochs=9", "optimizer.learning_rate=1", "seed=0", "model.kind=two-layer", "seed=3"];
        let settings: Vec<Setting> = settings.iter().map(|text| Setting::parse(text).unwrap()).collect();
        let linear = Template::read(&Config::BuiltIn(BuiltIn::Linear)).unwrap();
        let expected = [("seed", Value::from(3)), ("model.kind", "two-layer".into()), ("training.epochs", 9.into())];
        assert_eq!(linear.changed(&settings), expected, "the rate is 1.0 in linear.toml");
        assert_eq!(linear.changed(&[]), []);
    }

    #[test]
    fn a_shipped_config_can_be_extended_from_any_folder() {
        let plan = resolve(&[("a.toml", "extends = \"linear.toml\"\nseed = 7")]).unwrap();
        assert_eq!((plan.seed, plan.model.kind), (7, ModelKind::Linear));
    }

    #[test]
    fn a_parent_can_be_named_as_on_the_command_line() {
        let plan = resolve(&[("a.toml", "extends = \"linear\"\nseed = 7")]).unwrap();
        assert_eq!((plan.seed, plan.model.kind), (7, ModelKind::Linear));
        let beside = [("a.toml", "extends = \"linear\""), ("linear.toml", "seed = 5")];
        assert_eq!(resolve(&beside).unwrap().seed, 5);
        let message = "a.toml:1: `extends` names `linaer`: no such file; did you mean `linear`?";
        assert_eq!(resolve(&[("a.toml", "extends = \"linaer\"")]).unwrap_err(), message);
    }

    #[test]
    fn the_file_beside_goes_before_the_shipped_one() {
        let files = [("a.toml", "extends = \"linear.toml\""), ("linear.toml", "seed = 5")];
        assert_eq!(resolve(&files).unwrap().seed, 5);
    }

    #[test]
    fn rejects_a_circle_and_names_its_files() {
        let files = [
            ("a.toml", "extends = \"b.toml\""),
            ("b.toml", "seed = 1\nextends = \"sub/c.toml\""),
            ("sub/c.toml", "extends = \"../b.toml\""),
        ];
        let message = "sub/c.toml:1: circular `extends`: a.toml -> b.toml -> sub/c.toml -> sub/../b.toml";
        assert_eq!(resolve(&files).unwrap_err(), message);
        let message = "a.toml:1: circular `extends`: a.toml -> a.toml";
        assert_eq!(resolve(&[("a.toml", "extends = \"a.toml\"")]).unwrap_err(), message);
    }

    #[test]
    fn rejects_a_parent_that_is_not_there() {
        let files = [("a.toml", "seed = 1\nextends = \"common.toml\""), ("comon.toml", "")];
        let message = "a.toml:2: `extends` names `common.toml`: no such file; did you mean `comon.toml`?";
        assert_eq!(resolve(&files).unwrap_err(), message);
    }

    #[test]
    fn rejects_a_parent_that_is_no_path() {
        let message = "a.toml:1: `extends` is 3, expected a string, the path of a config";
        assert_eq!(resolve(&[("a.toml", "extends = 3")]).unwrap_err(), message);
    }
}
