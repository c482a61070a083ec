//! Help: the commands in groups, and examples, in lines that fit the terminal.

use chart::terminal::behind;
use clap::{Command, CommandFactory as _};

use super::Cli;
use crate::terminal::room;

/// What each command is for.
const GROUPS: [(&str, &[&str]); 6] = [
    ("Train", &["fit", "lr-find", "sweep"]),
    ("Use a model", &["evaluate", "predict", "serve", "export"]),
    ("Runs and their pages", &["runs", "compare", "report"]),
    ("Before training", &["configs", "data", "show", "summary", "baseline"]),
    ("The book's chapter", &["tour", "verify"]),
    ("This program", &["backends", "completions"]),
];

/// Columns of the help where there are more, as clap has it.
const WIDEST: usize = 100;

/// The command line, whose help has a heading above each group of commands.
pub fn command() -> Command {
    for_width(room().map_or(WIDEST, |columns| columns.min(WIDEST)))
}

/// What clap does not lay out is laid out here: the groups and the examples.
fn for_width(columns: usize) -> Command {
    let command = Cli::command();
    let mut groups = String::new();
    for (heading, names) in GROUPS {
        groups += &format!("{heading}:\n");
        for name in names {
            let about = command.find_subcommand(name).and_then(Command::get_about).map(ToString::to_string);
            let about = about.unwrap_or_default();
            groups += &(behind(&format!("  {name:<13}"), first_sentence(&about), columns) + "\n");
        }
        groups.push('\n');
    }
    let template = format!(
        "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{groups}Arguments:\n{{positionals}}\n\nOptions:\n{{options}}{{after-help}}"
    );
    with_examples(command.help_template(template), columns)
}

/// What stands before a full stop, a colon or a semicolon: a line.
fn first_sentence(about: &str) -> &str {
    let end = [". ", ": ", "; "].into_iter().filter_map(|end| about.find(end)).min().unwrap_or(about.len());
    about[..end].trim_end_matches('.')
}

/// The same command whose examples, and those of the commands below it, fit.
fn with_examples(command: Command, columns: usize) -> Command {
    let command = match command.get_after_help().map(ToString::to_string) {
        Some(text) => command.after_help(examples(&text, columns)),
        None => command,
    };
    command.mut_subcommands(|command| with_examples(command, columns))
}

/// Where a line is too long, what each example does stands below it, as a shell's comment.
fn examples(text: &str, columns: usize) -> String {
    if text.lines().all(|line| line.chars().count() <= columns) {
        return text.to_owned();
    }
    let example = |line: &str| {
        let Some(example) = line.strip_prefix("  ") else { return line.to_owned() };
        let (typed, does) = example.split_once("  ").unwrap_or((example, ""));
        let program = "train ";
        let name = if typed.starts_with(program) { program } else { "" };
        let typed = behind(&format!("  {name}"), &typed[name.len()..], columns);
        match does.trim_start() {
            "" => typed,
            does => format!("{typed}\n{}", behind("    # ", does, columns)),
        }
    };
    text.lines().map(example).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_in_one_group_and_its_line_fits_a_terminal() {
        let mut grouped: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        grouped.sort_unstable();
        let command = Cli::command();
        let mut all: Vec<&str> =
            command.get_subcommands().filter(|command| !command.is_hide_set()).map(Command::get_name).collect();
        all.sort_unstable();
        assert_eq!(grouped, all);
        let help = for_width(80).render_help().to_string();
        for name in all {
            let has_a_line = |line: &str| line.starts_with(&format!("  {name} ")) && line.chars().count() <= 80;
            assert!(help.lines().any(has_a_line), "{name}: {help}");
        }
    }

    #[test]
    fn a_narrow_help_breaks_between_words() {
        let narrow = for_width(40).render_help().to_string();
        assert!(
            narrow.contains("\n  fit          Train a model (the same\n               as without a subcommand)\n"),
            "{narrow}"
        );
    }

    #[test]
    fn an_example_that_does_not_fit_has_what_it_does_below_it() {
        let text =
            "Examples:\n  train                        the chapter's net\n  train linear --set seed=1    another seed";
        assert_eq!(examples(text, 80), text);
        let expected =
            "Examples:\n  train\n    # the chapter's net\n  train linear --set\n        seed=1\n    # another seed";
        assert_eq!(examples(text, 24), expected);
    }
}
