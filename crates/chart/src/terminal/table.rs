//! Rows of text and numbers.

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, TableStyle, Width};

use super::wrap::{behind, wrapped};
use crate::document::Table;

/// A line below the header and no other.
const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// Columns that a cell takes beside its text: a space at each side, and one between two cells.
const ROOM: usize = 3;

/// Draws the rows below their header. A `width` that is too small for them breaks the longest texts between words; where words
/// would have to be broken too, or the columns are so narrow that it takes half the lines, each row becomes lines of its own.
pub fn table(table: &Table, width: Option<usize>) -> String {
    let caption = match width {
        _ if table.caption.is_empty() => String::new(),
        Some(width) => wrapped(&table.caption, width) + "\n",
        None => format!("{}\n", table.caption),
    };
    let Some(width) = width else { return caption + &grid(table, None) };
    caption + &grid_within(table, width).unwrap_or_else(|| records(table, width))
}

/// Whether the columns of a table stand side by side in so many of a terminal.
pub fn fits(table: &Table, width: usize) -> bool {
    grid_within(table, width).is_some()
}

fn grid_within(table: &Table, width: usize) -> Option<String> {
    let grid = (narrowest(table) <= width).then(|| grid(table, Some(width)))?;
    (grid.lines().count() <= 2 * records(table, width).lines().count()).then_some(grid)
}

/// Columns that the table needs if only words stay whole.
fn narrowest(table: &Table) -> usize {
    let columns = table.rows.iter().map(Vec::len).chain([table.header.len()]).max().unwrap_or(0);
    (0..columns).map(|number| longest_word(table, number) + ROOM).sum()
}

fn longest_word(table: &Table, column: usize) -> usize {
    let cells = table.rows.iter().filter_map(|row| row.get(column)).chain(table.header.get(column));
    longest(cells.flat_map(|text| text.split_whitespace()))
}

fn longest<'a>(texts: impl Iterator<Item = &'a str>) -> usize {
    texts.map(|text| text.chars().count()).max().unwrap_or(0)
}

/// Each row as a line for every cell, behind the name of its column; without such names behind the row's own.
fn records(table: &Table, width: usize) -> String {
    if table.header.is_empty() {
        let names = longest(table.rows.iter().filter_map(|row| row.first()).map(String::as_str));
        let rows = table.rows.iter().filter_map(|row| row.split_first());
        return rows
            .map(|(name, cells)| behind(&format!("{name:<names$}  "), &cells.join("  "), width) + "\n")
            .collect();
    }
    let names = longest(table.header.iter().take(table.numbers_from).skip(1).map(String::as_str));
    let record = |row: &Vec<String>| -> String {
        let cells = table.header.iter().zip(row).enumerate().filter(|(_, (_, text))| !text.is_empty());
        let (texts, numbers): (Vec<_>, Vec<_>) = cells.partition(|(number, _)| *number < table.numbers_from.max(1));
        let lines = texts.into_iter().map(|(number, (name, text))| match number {
            0 => behind(&format!("{name}  "), text, width) + "\n",
            _ => behind(&format!("  {name:<names$}  "), text, width) + "\n",
        });
        lines.collect::<String>()
            + &beside(numbers.into_iter().map(|(_, (name, text))| format!("{name} {text}")), width)
    };
    // What has but one line of text is told apart without an empty line.
    let between = if table.numbers_from <= 1 { "" } else { "\n" };
    table.rows.iter().map(record).collect::<Vec<_>>().join(between)
}

/// Numbers with their names, as many in a line as there is room for.
fn beside(pairs: impl Iterator<Item = String>, width: usize) -> String {
    let mut lines: Vec<String> = Vec::new();
    for pair in pairs {
        match lines.last_mut() {
            Some(line) if !line.contains('\n') && line.chars().count() + 2 + pair.chars().count() <= width => {
                *line += "  ";
                *line += &pair;
            }
            _ if 2 + pair.chars().count() <= width => lines.push(format!("  {pair}")),
            _ => lines.push(behind("  ", &pair, width)),
        }
    }
    lines.into_iter().map(|line| line + "\n").collect()
}

fn grid(table: &Table, width: Option<usize>) -> String {
    let mut drawn = comfy_table::Table::new();
    drawn.load_style(STYLE);
    if let Some(width) = width {
        let width = width.try_into().unwrap_or(u16::MAX);
        drawn.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    }
    let is_narrow = width.is_some();
    if !table.header.is_empty() {
        drawn.set_header(&table.header);
    }
    drawn.add_rows(&table.rows);
    // Where a column has to give way, it is one whose words stay whole.
    for (number, column) in drawn.column_iter_mut().enumerate().filter(|_| is_narrow) {
        let word = (longest_word(table, number) + ROOM - 1).try_into().unwrap_or(u16::MAX);
        column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(word)));
    }
    for column in drawn.column_iter_mut().skip(table.numbers_from) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let lines = drawn.lines().map(|line| line.trim_end().to_owned() + "\n");
    lines.collect()
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
    fn a_long_word_keeps_its_column_and_the_others_break() {
        let mut rows = Table::new(["run", "began", "state"], 3);
        rows.add_row(["runs/linear/20260101-120000-2\n  training.epochs=5", "30 min ago", "study: 4 finished"]);
        let drawn = table(&rows, Some(52));
        assert!(drawn.contains(" runs/linear/20260101-120000-2 "), "{drawn}");
        assert!(
            drawn.contains("  training.epochs=5") && drawn.lines().all(|line| line.chars().count() <= 52),
            "{drawn}"
        );
    }

    #[test]
    fn where_words_would_break_each_row_has_lines_of_its_own() {
        let mut rows = rows().captioned("images");
        rows.header.push("a long heading".into());
        rows.rows[0].push("one two three".into());
        rows.rows[1].push(String::new());
        let expected = "images\nname  images of the\n      class 3\n  count 1010\n  a long heading one\n  two three\nname  7\n  count 9\n";
        assert_eq!(table(&rows, Some(23)), expected);
        let mut tall = Table::new(["a", "b"], usize::MAX);
        tall.add_row(["a-name-of-one", "one two three four five six seven eight nine ten"]);
        assert!(
            table(&tall, Some(24)).starts_with("a  a-name-of-one\n"),
            "all words fit, in more than twice the lines"
        );
        assert!(table(&rows, Some(40)).contains('─'), "all words fit");
        let mut named = Table::new(["key", "runs/two-layer/20260102-030405"], usize::MAX);
        named.add_row(["loss", "binary cross-entropy"]);
        let expected = "key  loss\n  runs/two-layer/20260102-030405\n    binary cross-entropy\n";
        assert_eq!(table(&named, Some(36)), expected);
        let without_header = Table::of_names([("loss", "binary cross-entropy"), ("model", "two-layer")]);
        let expected = "loss   binary\n       cross-entropy\nmodel  two-layer\n";
        assert_eq!(table(&without_header, Some(20)), expected);
    }
}
