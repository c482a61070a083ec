//! Rows of text and numbers.

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, TableStyle};

use crate::document::Table;

/// A line below the header and no other.
const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// What a column needs beside its content.
const PADDING: usize = 3;
/// A text may be broken into lines of so many columns; a number never.
const LEAST_TEXT: usize = 12;

/// Draws the rows below their header. A `width` that is too small for them breaks the longest texts; where that is not
/// enough, the columns stand in several tables below each other, each with the first column.
pub fn table(table: &Table, width: Option<usize>) -> String {
    let caption = match width {
        _ if table.caption.is_empty() => String::new(),
        Some(width) => textwrap::fill(&table.caption, width.max(1)) + "\n",
        None => format!("{}\n", table.caption),
    };
    let parts = width.map_or_else(|| vec![(0..columns(table)).collect()], |width| parts(table, width));
    let drawn: Vec<String> = parts.iter().map(|columns| part(table, columns, width)).collect();
    caption + &drawn.join("\n")
}

fn columns(table: &Table) -> usize {
    table.rows.iter().chain([&table.header]).map(Vec::len).max().unwrap_or(0)
}

/// Which columns stand in one table: the first in each, of the others as many as fit.
fn parts(table: &Table, width: usize) -> Vec<Vec<usize>> {
    let needed = |column: usize| {
        let cells = table.rows.iter().chain([&table.header]).filter_map(|row| row.get(column));
        let widest = cells.map(|cell| cell.chars().count()).max().unwrap_or(0);
        PADDING + if column < table.numbers_from { widest.min(LEAST_TEXT) } else { widest }
    };
    let first = if columns(table) > 0 { vec![0] } else { vec![] };
    let mut parts = vec![first.clone()];
    let mut used = needed(0);
    for column in 1..columns(table) {
        let part = parts.last_mut().filter(|part| part.len() < 2 || used + needed(column) <= width);
        match part {
            Some(part) => {
                part.push(column);
                used += needed(column);
            }
            None => {
                parts.push([&first[..], &[column]].concat());
                used = needed(0) + needed(column);
            }
        }
    }
    parts
}

fn part(table: &Table, columns: &[usize], width: Option<usize>) -> String {
    let cells = |row: &Vec<String>| -> Vec<String> {
        columns.iter().map(|column| row.get(*column).cloned().unwrap_or_default()).collect()
    };
    let mut drawn = comfy_table::Table::new();
    drawn.load_style(STYLE);
    if let Some(width) = width {
        let width = width.try_into().unwrap_or(u16::MAX);
        drawn.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    }
    if !table.header.is_empty() {
        drawn.set_header(cells(&table.header));
    }
    drawn.add_rows(table.rows.iter().map(cells));
    for (column, number) in drawn.column_iter_mut().zip(columns) {
        if *number >= table.numbers_from {
            column.set_cell_alignment(CellAlignment::Right);
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    drawn.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Table {
        let mut rows = Table::new(["name", "count"], 1);
        rows.add_row(["images of the class 3", "1010"]);
        rows.add_row(["7", "9"]);
        rows
    }

    #[test]
    fn columns_stand_below_their_header_and_numbers_right() {
        let drawn = table(&rows(), None);
        let lines: Vec<&str> = drawn.lines().collect();
        assert!(lines[0].trim_start().starts_with("name") && lines[1].starts_with('─'), "{drawn}");
        assert!(lines[2].ends_with("1010") && lines[3].ends_with("   9"), "{drawn}");
    }

    #[test]
    fn a_narrow_terminal_breaks_long_texts() {
        let drawn = table(&rows(), Some(22));
        assert!(drawn.lines().all(|line| line.chars().count() <= 22), "{drawn}");
        assert!(drawn.lines().count() > 4 && drawn.contains("1010"), "{drawn}");
    }

    #[test]
    fn numbers_are_never_broken_but_stand_in_a_second_table() {
        let mut wide = Table::new(["run", "accuracy", "precision", "recall"], 1).captioned("a caption of some words");
        wide.add_row(["16ab4156b885", "0.9711", "0.9703", "0.9713"]);
        let drawn = table(&wide, Some(38));
        assert!(drawn.lines().all(|line| line.chars().count() <= 38), "{drawn}");
        assert_eq!(drawn.matches("16ab4156b885").count(), 2, "{drawn}");
        for text in ["accuracy", "precision", "recall", "0.9711", "0.9703", "0.9713"] {
            assert_eq!(drawn.matches(text).count(), 1, "{text}: {drawn}");
        }
        assert_eq!(table(&wide, Some(60)).matches("16ab4156b885").count(), 1);
        for width in [0, 1, 5] {
            table(&wide, Some(width));
            table(&Table::default(), Some(width));
        }
    }
}
