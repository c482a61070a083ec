//! What HTML shows better than SVG.

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
    format!(
        "<div style=\"overflow-x:auto\" role=\"region\" tabindex=\"0\" aria-label=\"{caption}\">\n\
         <table class=\"pixels\" style=\"border-collapse:collapse;font:0.72rem/1.5 ui-monospace,monospace;\
         text-align:right\">\n<caption style=\"text-align:left;padding:0 0 0.4em\">{caption}</caption>\n\
         <thead><tr><td></td>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table>\n</div>\n",
        caption = escaped(caption),
    )
}

fn header(scope: &str, number: usize) -> String {
    format!("<th scope=\"{scope}\" style=\"padding:0 0.35em;font-weight:600\">{number}</th>")
}

fn cell(cell: &Cell) -> String {
    let (ground, text) = (cell.ground.hex(), cell.text.hex());
    format!("<td style=\"padding:0 0.35em;background:{ground};color:{text}\">{}</td>", cell.value)
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
        assert_eq!((texts("th"), texts("caption")), (numbers, vec!["a 3 & its pixels".to_owned()]));
        assert!(html.contains("background:#7c7c7c;color:#f1f1f1\">150<"), "{html}");
    }
}
