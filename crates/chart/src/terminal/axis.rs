//! A horizontal axis as two lines of characters.

use crate::span::Tick;

/// The axis with `mark` at its ticks, and the labels; a tick whose label finds no room is left out.
pub(super) fn axis(ticks: &[Tick], columns: usize, mark: char) -> [String; 2] {
    let mut line = vec!['─'; columns];
    let mut labels = vec![' '; columns];
    let mut free = 0;
    for tick in ticks {
        let column = column(tick.at, columns);
        let length = tick.label.chars().count();
        let start = column.saturating_sub(length / 2).min(columns.saturating_sub(length));
        if start >= free && start + length <= columns {
            line[column] = mark;
            labels.splice(start..start + length, tick.label.chars());
            free = start + length + 1;
        }
    }
    [line, labels].map(String::from_iter)
}

/// The column of a fraction of the field.
pub(super) fn column(fraction: f64, columns: usize) -> usize {
    ((fraction * columns as f64) as usize).min(columns.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_that_finds_no_room_goes_with_its_tick() {
        let tick = |at: f64, label: &str| Tick { at, label: label.into() };
        let ticks = [tick(0.0, "zero"), tick(0.2, "fifth"), tick(1.0, "one")];
        assert_eq!(axis(&ticks, 12, '┬'), ["┬──────────┬", "zero     one"]);
    }
}
