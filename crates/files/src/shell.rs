//! Paths in commands that can be pasted.

use std::path::Path;

/// A path in a command that can be pasted. One that is not UTF-8, or would not show as it is, has its bytes in `$'..'`, as bash,
/// ksh and zsh take it.
pub fn quoted(path: &Path) -> String {
    match path.to_str() {
        Some(text) if !text.chars().any(char::is_control) => for_shell(text),
        _ => format!("$'{}'", path.as_os_str().as_encoded_bytes().escape_ascii()),
    }
}

/// As any POSIX shell takes it for one word.
pub fn for_shell(word: &str) -> String {
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
}
