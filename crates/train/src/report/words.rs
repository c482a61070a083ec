//! Numbers and paths as a person reads them.

use std::{path::Path, time::Duration};

/// Four decimals, or a dash where a metric is undefined.
pub fn fraction(metric: Option<f64>) -> String {
    metric.map_or_else(|| "-".into(), |value| format!("{value:.4}"))
}

/// Seconds as a person reads them; none where they come from a file that says what cannot be.
pub fn clock(seconds: f64) -> String {
    let duration = Duration::try_from_secs_f64(seconds).unwrap_or_default();
    let seconds = duration.as_secs();
    match seconds {
        0..60 => format!("{:.1} s", duration.as_secs_f64()),
        60..3600 => format!("{}:{:02} min", seconds / 60, seconds % 60),
        _ => format!("{}:{:02} h", seconds / 3600, seconds / 60 % 60),
    }
}

/// A probability: four decimals, or an exponent where they would be zeros.
pub fn small(p: f64) -> String {
    if p < 0.0001 { format!("{p:.1e}") } else { format!("{p:.4}") }
}

/// A path in a command that can be pasted. One that is not UTF-8, or would not show as it is, has its bytes in `$'..'`, as bash,
/// ksh and zsh take it.
pub fn quoted(path: &Path) -> String {
    match path.to_str() {
        Some(text) if !text.chars().any(char::is_control) => for_shell(text),
        _ => format!("$'{}'", path.as_os_str().as_encoded_bytes().escape_ascii()),
    }
}

/// As any POSIX shell takes it for one word.
pub(crate) fn for_shell(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "/._-=,:".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.into()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_with_a_space_or_a_quote_is_one_word() {
        let quoted = |path: &str| quoted(Path::new(path));
        assert_eq!(quoted("runs/two-layer/1"), "runs/two-layer/1");
        assert_eq!(quoted("my runs/it's"), r"'my runs/it'\''s'");
        assert_eq!(quoted(""), "''");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_path_that_is_no_text_is_pasted_by_its_bytes() {
        use std::{ffi::OsStr, os::unix::ffi::OsStrExt as _, process::Command};
        for bytes in [&b"caf\xe9 1/a"[..], b"it's\n\x1b[2J", b"\xff'\"\\$x"] {
            let word = quoted(Path::new(OsStr::from_bytes(bytes)));
            assert!(word.is_ascii() && !word.contains(char::is_control), "{word}");
            let Ok(said) = Command::new("bash").args(["-c", &format!("printf %s {word}")]).output() else { return };
            assert_eq!(said.stdout, bytes, "{word}");
        }
    }

    #[test]
    fn a_duration_has_the_unit_that_suits_it() {
        let texts = [0.84, 75.0, 7500.0].map(clock);
        assert_eq!(texts, ["0.8 s", "1:15 min", "2:05 h"]);
    }

    #[test]
    fn seconds_that_cannot_be_are_none() {
        assert_eq!([-1.0, 1e300, f64::NAN, f64::INFINITY].map(clock), ["0.0 s"; 4]);
    }
}
