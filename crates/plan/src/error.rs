//! What can be wrong with a configuration, and where it stands.

use std::{fmt, io};

/// Where a value was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    Line {
        /// The file as the user would name it.
        file: String,
        /// The line, from 1.
        line: usize,
    },
    /// The command line, as typed: `--set training.epochs=3`, `--backend wgpu`.
    Argument(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Line { file, line } => write!(f, "{file}:{line}"),
            Origin::Argument(text) => f.write_str(text),
        }
    }
}

/// A configuration that cannot run; shows as one line per problem.
#[derive(Debug)]
pub struct PlanError {
    /// What is wrong, at least one thing.
    pub problems: Vec<Problem>,
}

impl std::error::Error for PlanError {}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.problems.iter().map(Problem::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl From<Problem> for PlanError {
    fn from(problem: Problem) -> Self {
        PlanError { problems: vec![problem] }
    }
}

/// One thing that is wrong. A `hint` is empty or starts with a semicolon: the nearest name, or the choices.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The config named on the command line is neither a file nor built in.
    #[error("{config}: no such config{hint}")]
    MissingConfig {
        /// What was asked for.
        config: String,
        /// Configs that are there.
        hint: String,
    },
    /// The file that `extends` names is not there.
    #[error("{origin}: `extends` names `{path}`: no such file{hint}")]
    MissingParent {
        /// Where `extends` stands.
        origin: Origin,
        /// The file it leads to.
        path: String,
        /// Configs that are there.
        hint: String,
    },
    /// A file that is there but cannot be read as text.
    #[error("{file}: cannot be read: {}", cause.to_string().to_lowercase())]
    Unreadable {
        file: String,
        /// The system's reason.
        cause: io::Error,
    },
    /// A file that leads back to itself.
    #[error("{origin}: circular `extends`: {}", chain.join(" -> "))]
    Circular {
        /// The `extends` that closes the circle.
        origin: Origin,
        /// The files in order; the last is one of those before.
        chain: Vec<String>,
    },
    /// Text that is not TOML.
    #[error("{file}:{line}:{column}: {message}")]
    Syntax {
        file: String,
        /// The line, from 1.
        line: usize,
        /// The character of the line, from 1.
        column: usize,
        message: String,
    },
    /// A `--set` without key or `=`.
    #[error("--set {argument}: expected key=value, such as --set training.epochs=3")]
    Setting {
        /// What was typed.
        argument: String,
    },
    /// A key that `base.toml`, or a study file, does not have.
    #[error("{origin}: unknown key `{key}`{hint}")]
    UnknownKey {
        origin: Origin,
        key: String,
        /// The nearest key, or the keys of the section.
        hint: String,
    },
    /// A section that `base.toml` does not have.
    #[error("{origin}: unknown section `{section}`{hint}")]
    UnknownSection {
        origin: Origin,
        section: String,
        /// The nearest section, or all.
        hint: String,
    },
    /// Something else, which the message says.
    #[error("{origin}: {message}")]
    Other { origin: Origin, message: String },
    /// A value of the wrong type, out of range, or at odds with another key.
    #[error("{origin}: `{key}` is {found}, expected {expected}{hint}")]
    Value {
        /// Where the value was given.
        origin: Origin,
        key: String,
        /// The value, in TOML.
        found: String,
        /// Type and allowed range.
        expected: String,
        /// The nearest choice, or a fix.
        hint: String,
    },
}
