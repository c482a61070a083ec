//! How far something is.

use super::Colours;

/// A bar of so many columns, a part of it, 0 to 1, done.
#[must_use]
pub fn progress(part: f64, columns: usize, colours: Colours) -> String {
    let done = ((part.clamp(0.0, 1.0) * columns as f64) as usize).min(columns);
    let done_bar = if done > 0 { colours.running(&"━".repeat(done)) } else { String::new() };
    done_bar + &"─".repeat(columns - done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_the_bar_is_done() {
        let bar = |part| progress(part, 4, Colours::Plain);
        assert_eq!([0.0, 0.49, 0.5, 1.0].map(bar), ["────", "━───", "━━──", "━━━━"]);
        assert_eq!([-1.0, 7.0, f64::NAN].map(bar), ["────", "━━━━", "────"]);
    }
}
