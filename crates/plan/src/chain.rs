//! The files that build on each other by `extends`.

use toml::Value;

use super::{
    config::Config,
    error::{Origin, PlanError, Problem},
    layer::Layer,
    setting::Setting,
};

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
    let Setting { key, value, text: found, origin } = extends;
    let expected = "a string, the path of a config".to_string();
    value.as_ref().and_then(Value::as_str).ok_or_else(|| {
        let (origin, key, found) = (origin.clone(), key.clone(), found.clone());
        Problem::Value { origin, key, found, expected, hint: String::new() }.into()
    })
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
    use crate::{ModelKind, Plan};
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
