//! What HTML shows better than SVG.

use crate::{
    shade::{Cell, PixelTable},
    svg::escaped,
};

/// A whole page around `body`: light or dark as its reader likes it, as wide as a text is read well.
///
/// `title` is plain text, `body` is HTML.
pub fn page(title: &str, body: &str) -> String {
    let title = escaped(title);
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
         <style>\n:root {{ color-scheme: light dark }}\n\
         body {{ margin: 0 auto; padding: 1rem; max-width: 60rem; font: 1rem/1.5 system-ui, sans-serif }}\n\
         h1 {{ font-size: 1.4rem; line-height: 1.2 }}\nh2 {{ font-size: 1.1rem; margin: 2rem 0 0 }}\nsvg {{ display: block; margin: 1rem 0 }}\n</style>\n</head>\n\
         <body>\n<h1>{title}</h1>\n{body}</body>\n</html>\n"
    )
}

/// A part of a page with a heading; `heading` is plain text, `body` is HTML.
pub fn section(heading: &str, body: &str) -> String {
    format!("<section>\n<h2>{}</h2>\n{body}</section>\n", escaped(heading))
}

/// A `<table>` of names and numbers, all plain text.
pub fn table(caption: &str, rows: &[(String, String)]) -> String {
    let row = |(name, value): &(String, String)| {
        let (name, value) = (escaped(name), escaped(value));
        format!("<tr><th scope=\"row\" style=\"padding-right:2rem;font-weight:400\">{name}</th><td>{value}</td></tr>\n")
    };
    let rows: String = rows.iter().map(row).collect();
    format!(
        "<figure style=\"margin:1rem 0\">\n<figcaption style=\"overflow-wrap:anywhere\">{}</figcaption>\n\
         <table style=\"margin-top:0.5rem;border-spacing:0;text-align:left;font-variant-numeric:tabular-nums\">\n\
         <tbody>\n{rows}</tbody>\n</table>\n</figure>\n",
        escaped(caption)
    )
}

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
        "<figure class=\"pixels\" style=\"margin:1rem 0\">\n<figcaption>{caption}</figcaption>\n\
         <div style=\"overflow-x:auto\" tabindex=\"0\" role=\"region\" aria-label=\"{caption}\">\n\
         <table style=\"border-collapse:collapse;font:0.72rem/1.5 ui-monospace,monospace;text-align:right\">\n\
         <thead><tr><td></td>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table>\n</div>\n</figure>\n"
    )
}

fn header(scope: &str, number: usize) -> String {
    format!("<th scope=\"{scope}\" style=\"min-width:1.9em;padding:0 0.3em;font-weight:600\">{number}</th>")
}

fn cell(cell: &Cell) -> String {
    let (ground, text) = (cell.ground.hex(), cell.text.hex());
    format!("<td style=\"padding:0 0.3em;background:{ground};color:{text}\">{}</td>", cell.value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shade::{
        Shading,
        tests::{BOOK, book},
    };

    #[test]
    fn a_page_fetches_nothing_and_names_itself() {
        let page = page("3 < 7", "<p>body</p>");
        assert!(page.contains("<title>3 &lt; 7</title>") && page.contains("<h1>3 &lt; 7</h1>\n<p>body</p>"), "{page}");
        assert!(!["://", "<script", "<link", "url(", "@import"].iter().any(|bad| page.contains(bad)), "{page}");
    }

    #[test]
    fn names_and_numbers_stand_in_rows_below_a_heading() {
        let html = section("a < b", &table("run & model", &[("loss".into(), "0.5".into()), ("f1".into(), "-".into())]));
        let document = roxmltree::Document::parse(&html).unwrap();
        let texts = document.descendants().filter(|node| node.is_text()).filter_map(|node| node.text());
        let texts: Vec<_> = texts.filter(|text| !text.trim().is_empty()).collect();
        assert_eq!(texts, ["a < b", "run & model", "loss", "0.5", "f1", "-"]);
    }

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
        assert!(html.contains("background:#7c7c7c;color:#f1f1f1\">150<"), "{html}");
    }
}
