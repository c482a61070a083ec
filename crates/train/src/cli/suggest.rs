//! The right words for what was typed nearly right: a key of the plan as a flag, a command with a wrong letter.

use std::path::Path;

use clap::{
    Command, CommandFactory as _,
    error::{ContextKind, ContextValue, ErrorKind},
};
use plan::{BuiltIn, Config, Entry, Plan, SourceKind, did_you_mean};

use super::Cli;

/// Short names of plan keys, as other programs have them for flags.
const FLAGS: [(&str, &str); 11] = [
    ("lr", "optimizer.learning_rate"),
    ("batch", "training.batch_size"),
    ("bs", "training.batch_size"),
    ("wd", "optimizer.weight_decay"),
    ("optimizer", "optimizer.kind"),
    ("opt", "optimizer.kind"),
    ("schedule", "schedule.kind"),
    ("model", "model.kind"),
    ("source", "data.source"),
    ("data", "data.source"),
    ("workers", "data.workers"),
];

/// What to type instead of what clap does not know, where that is clear.
pub fn instead(error: &clap::Error, arguments: &[String]) -> Option<String> {
    let typed = match (error.kind(), error.get(ContextKind::InvalidArg)) {
        (ErrorKind::UnknownArgument, Some(ContextValue::String(typed))) => typed,
        // A command after a word that was meant as one.
        (ErrorKind::ArgumentConflict | ErrorKind::InvalidSubcommand, _) => {
            return misspelt(arguments).or_else(|| one_config(arguments));
        }
        (ErrorKind::MissingRequiredArgument, Some(ContextValue::Strings(missing))) => {
            let is_missing = |name: &str| missing.iter().any(|missing| missing.contains(name));
            let said = is_missing("STUDY").then(|| studies(arguments)).flatten();
            return said.or_else(|| is_missing("RUN").then(|| a_run(arguments)));
        }
        _ => return None,
    };
    match typed.strip_prefix("--") {
        Some(flag) => setting(flag.split('=').next().unwrap_or(flag), arguments),
        // A word too many: the one before was meant as a command.
        None => misspelt(arguments).or_else(|| one_config(arguments)),
    }
}

/// `--epochs 5` means `--set training.epochs=5`, where a command takes `--set`.
fn setting(flag: &str, arguments: &[String]) -> Option<String> {
    let command = command_of(arguments);
    command.get_arguments().find(|argument| argument.get_long() == Some("set"))?;
    let key = key(flag)?;
    let typed = format!("--{flag}");
    let value = arguments.iter().enumerate().find_map(|(place, argument)| match argument.strip_prefix(&typed)? {
        "" => arguments.get(place + 1).filter(|next| !next.starts_with('-')).map(String::as_str),
        rest => rest.strip_prefix('='),
    });
    let value = value.unwrap_or("VALUE");
    Some(format!(
        "unexpected argument `{typed}`; did you mean `--set {}`?",
        files::for_shell(&format!("{key}={value}"))
    ))
}

/// The plan key that a flag is named after, or nearly.
fn key(flag: &str) -> Option<&'static str> {
    let flag = flag.replace('_', "-").to_lowercase();
    if let Some((_, key)) = FLAGS.iter().find(|(name, _)| *name == flag) {
        return Some(key);
    }
    let keys = Plan::resolve(&Config::BuiltIn(BuiltIn::Base), &[]).ok()?.entries();
    let keys: Vec<(&str, String)> = keys.iter().map(|(key, _)| (*key, last(key))).collect();
    let of_name = |name: &str| {
        let mut found = keys.iter().filter(|(key, last)| *last == name || key.replace('_', "-") == name);
        found.next().filter(|_| found.next().is_none()).map(|(key, _)| *key)
    };
    of_name(&flag).or_else(|| {
        let hint = did_you_mean(&flag, keys.iter().map(|(_, last)| last.as_str()));
        of_name(hint.split('`').nth(1)?)
    })
}

/// The last part of a dotted key, as a flag has it.
fn last(key: &str) -> String {
    key.rsplit('.').next().unwrap_or(key).replace('_', "-")
}

/// The command that the arguments lead to.
fn command_of(arguments: &[String]) -> Command {
    let mut command = Cli::command();
    for argument in arguments {
        if let Some(found) = command.find_subcommand(argument) {
            command = found.clone();
        }
    }
    command
}

/// The word that stands in the place of a command and is none.
fn misspelt(arguments: &[String]) -> Option<String> {
    let command = command_of(arguments);
    let word = arguments
        .iter()
        .skip(1)
        .find(|word| !word.starts_with('-') && command_of(&[(*word).clone()]).get_name() == "train")?;
    near_command(word, &command)
}

/// What to say of a word that is no config, but nearly a command of `train`.
pub fn instead_of_config(word: &Path) -> Option<String> {
    near_command(word.to_str()?, &Cli::command())
}

/// What to say of a word that is no study, but nearly a command of `train sweep`.
pub fn instead_of_study(word: &Path) -> Option<String> {
    near_command(word.to_str()?, Cli::command().find_subcommand("sweep")?)
}

/// What to say of several words in the place of the one config; one of them may be meant as the data.
fn one_config(arguments: &[String]) -> Option<String> {
    let words: Vec<&str> =
        arguments.iter().skip(1).map(String::as_str).take_while(|word| !word.starts_with('-')).collect();
    if words.len() < 2 || command_of(arguments).get_name() != "train" {
        return None;
    }
    let source = words.iter().find(|word| SourceKind::NAMES.contains(word));
    let hint = source.map_or_else(String::new, |name| format!("; the data is a key: `--set data.source={name}`"));
    Some(format!("a run has one config, not `{}`{hint}", words.join("` and `")))
}

/// Where a run was to be named.
fn a_run(arguments: &[String]) -> String {
    let name = command_of(arguments).get_name().to_owned();
    let runs = if name == "compare" { "two runs or more are" } else { "a run is" };
    format!("{runs} to be named, as `latest` or by its folder; `train runs` lists them")
}

fn near_command(word: &str, command: &Command) -> Option<String> {
    let names = command.get_subcommands().filter(|command| !command.is_hide_set()).map(Command::get_name);
    let is_file =
        Path::new(word).exists() || !matches!(Config::find(Path::new(word)), Config::File(path) if !path.exists());
    let configs: Vec<String> = Entry::configs().into_iter().map(|config| config.name).collect();
    let is_near_config = !did_you_mean(word, configs.iter().map(String::as_str)).is_empty();
    let hint = did_you_mean(word, names);
    (!is_file && !is_near_config && !hint.is_empty()).then(|| format!("there is no command `{word}`{hint}"))
}

/// The studies there are, where one was to be named.
fn studies(arguments: &[String]) -> Option<String> {
    arguments.get(1).filter(|command| *command == "sweep")?;
    let names: Vec<String> = study::studies_by_name().into_iter().map(|study| study.name).collect();
    let there = if names.is_empty() { String::new() } else { format!("; there are {}", names.join(", ")) };
    Some(format!("a study is to be named, or its file{there}"))
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    fn said(line: &str) -> Option<String> {
        let arguments: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        instead(&Cli::try_parse_from(&arguments).unwrap_err(), &arguments)
    }

    fn set(line: &str) -> String {
        let said = said(line).unwrap_or_default();
        said.split("`--set ").nth(1).and_then(|rest| rest.split('`').next()).unwrap_or(&said).to_owned()
    }

    #[test]
    fn a_key_as_a_flag_is_named_as_a_setting() {
        assert_eq!(
            said("train --epochs 5").unwrap(),
            "unexpected argument `--epochs`; did you mean `--set training.epochs=5`?"
        );
        assert_eq!(set("train linear --lr=0.1"), "optimizer.learning_rate=0.1");
        assert_eq!(set("train fit linear --batch-size 64"), "training.batch_size=64");
        assert_eq!(set("train --seed 3"), "seed=3");
        assert_eq!(set("train lr-find --seed"), "seed=VALUE");
        assert_eq!(set("train sweep s.toml --epoch 5"), "training.epochs=5");
        assert_eq!(set("train --weight_decay 0.1"), "optimizer.weight_decay=0.1");
        assert_eq!(said("train evaluate latest --epochs 5"), None, "it takes no `--set`");
        assert_eq!(said("train --nonsense 5"), None);
    }

    #[test]
    fn what_is_missing_or_too_much_is_named() {
        assert_eq!(
            said("train mnist-sample linear").unwrap(),
            "a run has one config, not `mnist-sample` and `linear`; the data is a key: `--set data.source=mnist-sample`"
        );
        let how = "to be named, as `latest` or by its folder; `train runs` lists them";
        assert_eq!(said("train compare").unwrap(), format!("two runs or more are {how}"));
        assert_eq!(said("train evaluate").unwrap(), format!("a run is {how}"));
        assert_eq!(said("train runs tag").unwrap(), format!("a run is {how}"));
    }

    #[test]
    fn a_misspelt_command_is_named() {
        assert_eq!(said("train evalute latest").unwrap(), "there is no command `evalute`; did you mean `evaluate`?");
        assert_eq!(said("train sweep stauts x.toml").unwrap(), "there is no command `stauts`; did you mean `status`?");
        assert_eq!(said("train linear latest").unwrap(), "a run has one config, not `linear` and `latest`");
        assert_eq!(
            instead_of_config(Path::new("evalute")).unwrap(),
            "there is no command `evalute`; did you mean `evaluate`?"
        );
        assert_eq!(instead_of_config(Path::new("linaer")), None, "it is nearly a config");
        assert_eq!(instead_of_config(Path::new("linear")), None);
    }
}
