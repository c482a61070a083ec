//! `train --help` with its commands in groups.

use clap::{Command, CommandFactory as _};

use super::Cli;

/// What each command is for.
const GROUPS: [(&str, &[&str]); 6] = [
    ("Train", &["fit", "lr-find", "sweep"]),
    ("Use a model", &["evaluate", "predict", "export"]),
    ("Runs and their pages", &["runs", "compare", "report"]),
    ("Before training", &["configs", "data", "show", "summary", "baseline"]),
    ("The book's chapter", &["tour", "verify"]),
    ("This program", &["backends", "completions"]),
];

/// The command line, whose help has a heading above each group of commands.
pub fn command() -> Command {
    let command = Cli::command();
    let mut groups = String::new();
    for (heading, names) in GROUPS {
        groups += &format!("{heading}:\n");
        for name in names {
            let about = command.find_subcommand(name).and_then(Command::get_about).map(ToString::to_string);
            groups += &format!("  {name:<13}{}\n", first_sentence(&about.unwrap_or_default()));
        }
        groups.push('\n');
    }
    let template = format!(
        "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{groups}Arguments:\n{{positionals}}\n\nOptions:\n{{options}}{{after-help}}"
    );
    command.help_template(template)
}

/// What stands before a full stop, a colon or a semicolon: a line.
fn first_sentence(about: &str) -> &str {
    let end = [". ", ": ", "; "].into_iter().filter_map(|end| about.find(end)).min().unwrap_or(about.len());
    about[..end].trim_end_matches('.')
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
        let help = super::command().render_help().to_string();
        for line in help.lines().filter(|line| all.iter().any(|name| line.starts_with(&format!("  {name} ")))) {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }
}
