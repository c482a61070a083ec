//! Pixel values as a table.

use super::Colours;
use crate::shade::{Cell, PixelTable};

/// Width of a cell: three digits and a space.
const CELL: usize = 4;

/// Draws the values with the numbers of rows and columns, in as many blocks of columns as the width asks for.
pub fn pixel_table(table: &PixelTable, width: usize, colours: Colours) -> String {
    let last_row = table.first_row + table.pixels.height();
    let label = last_row.to_string().len();
    let last_column = table.first_column + table.pixels.width();
    let cell = CELL.max(last_column.to_string().len() + 1);
    let columns = (width.saturating_sub(label) / cell).max(1);
    let rows = table.rows();
    let block = |first: usize| {
        let last = (first + columns).min(table.pixels.width());
        let numbers = (first..last).map(|column| format!("{:>cell$}", table.first_column + column));
        let head = format!("{:label$}{}\n", "", numbers.collect::<String>());
        let row = |(number, cells): (usize, &Vec<Cell>)| {
            let cells: String = cells[first..last].iter().map(|one| drawn(one, cell, colours)).collect();
            format!("{:>label$}{cells}\n", table.first_row + number)
        };
        head + &rows.iter().enumerate().map(row).collect::<String>()
    };
    (0..table.pixels.width()).step_by(columns).map(block).collect::<Vec<_>>().join("\n")
}

fn drawn(cell: &Cell, width: usize, colours: Colours) -> String {
    colours.paint(Some(cell.text), Some(cell.ground), &format!("{:>width$}", cell.value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        picture::Pixels,
        shade::{
            Shading,
            tests::{BOOK, book},
        },
        terminal::tests::check_plain,
    };

    #[test]
    fn the_books_table_is_eleven_rows_of_eighteen_numbers() {
        let text = pixel_table(&book(Shading::Columns), 80, Colours::Plain);
        check_plain(&text, 80);
        let numbers = |line: &str| line.split_whitespace().map(|n| n.parse().unwrap()).collect::<Vec<u8>>();
        let lines: Vec<Vec<u8>> = text.lines().map(numbers).collect();
        assert_eq!(lines[0], (4..22).collect::<Vec<u8>>());
        for (row, expected) in BOOK.iter().enumerate() {
            assert_eq!((lines[row + 1][0], &lines[row + 1][1..]), (row as u8 + 4, &expected[..]));
        }
    }

    #[test]
    fn a_narrow_terminal_gets_blocks_of_columns() {
        let table = PixelTable { pixels: Pixels::new(1, 3, vec![7, 80, 255]), ..PixelTable::default() };
        assert_eq!(pixel_table(&table, 10, Colours::Plain), "    0   1\n0   7  80\n\n    2\n0 255\n");
        check_plain(&pixel_table(&book(Shading::Columns), 40, Colours::Plain), 40);
        assert_eq!(pixel_table(&table, 0, Colours::Plain).lines().count(), 8);
    }

    #[test]
    fn cells_have_colours() {
        let table = PixelTable { pixels: Pixels::new(2, 1, vec![0, 9]), ..PixelTable::default() };
        let text = pixel_table(&table, 80, Colours::TrueColour);
        assert!(text.contains("\u{1b}[38;2;0;0;0m\u{1b}[48;2;255;255;255m   0\u{1b}[0m"), "{text:?}");
        assert!(text.contains("\u{1b}[38;2;255;255;255m\u{1b}[48;2;0;0;0m   9\u{1b}[0m"), "{text:?}");
    }
}
