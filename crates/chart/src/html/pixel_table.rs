//! Pixel values as a table with shaded cells.

use crate::{
    shade::{Cell, PixelTable},
    svg::escaped,
};

/// A `<table>` of pixel values with shaded cells, in a box that scrolls where the page is narrower than the table.
///
/// `caption` says what it shows. The colours of the cells are fixed, as they are the picture.
pub fn pixel_table(caption: &str, table: &PixelTable) -> String {
    let columns = (0..table.pixels.width()).map(|column| header("col", table.first_column + column));
    let head: String = columns.collect();
    let row = |(number, cells): (usize, &Vec<Cell>)| {
        let cells: String = cells.iter().map(cell).collect();
        format!("<tr>{}{cells}</tr>\n", header("row", table.first_row + number))
    };
    let body: String = table.rows().iter().enumerate().map(row).collect();
    let caption = escaped(caption);
    format!(
        "<figure class=\"pixels\">\n<figcaption>{caption}</figcaption>\n\
         <div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{caption}\">\n\
         <table>\n\
         <thead><tr><td></td>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table>\n</div>\n</figure>\n"
    )
}

fn header(scope: &str, number: usize) -> String {
    format!("<th scope=\"{scope}\">{number}</th>")
}

fn cell(cell: &Cell) -> String {
    let (ground, text) = (cell.ground.hex(), cell.text.hex());
    format!("<td style=\"background:{ground};color:{text}\">{}</td>", cell.value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shade::{
        Shading,
        tests::{BOOK, book},
    };

    #[test]
    fn the_table_holds_every_value_with_its_colours_and_the_numbers_of_rows_and_columns() {
        let html = pixel_table("a 3 & its pixels", &book(Shading::Columns));
        let document = roxmltree::Document::parse(&html).unwrap();
        let texts = |name: &str| -> Vec<String> {
            let nodes = document.descendants().filter(|node| node.has_tag_name(name));
            nodes.filter_map(|node| node.text().map(str::to_owned)).collect()
        };
        assert_eq!(texts("td"), BOOK.concat().iter().map(u8::to_string).collect::<Vec<_>>());
        let numbers: Vec<String> = (4..22).chain(4..15).map(|number| number.to_string()).collect();
        assert_eq!((texts("th"), texts("figcaption")), (numbers, vec!["a 3 & its pixels".to_owned()]));
        assert!(html.contains("background:#7c7c7c;color:#000000\">150<"), "{html}");
    }
}
