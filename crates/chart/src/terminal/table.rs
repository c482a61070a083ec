//! Rows of text and numbers.

use comfy_table::{CellAlignment, ContentArrangement, LineStyle, TableStyle};

use crate::document::Table;

/// A line below the header and no other.
const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// Draws the rows below their header. A `width` that is too small for them breaks the longest texts.
pub fn table(table: &Table, width: Option<usize>) -> String {
    let mut drawn = comfy_table::Table::new();
    drawn.load_style(STYLE);
    if let Some(width) = width {
        let width = width.try_into().unwrap_or(u16::MAX);
        drawn.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    }
    if !table.header.is_empty() {
        drawn.set_header(&table.header);
    }
    drawn.add_rows(&table.rows);
    for column in drawn.column_iter_mut().skip(table.numbers_from) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let caption = if table.caption.is_empty() { String::new() } else { format!("{}\n", table.caption) };
    let lines = drawn.lines().map(|line| line.trim_end().to_owned() + "\n");
    caption + &lines.collect::<String>()
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
}
