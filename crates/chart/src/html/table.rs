//! Rows of text and numbers.

use crate::{document::Table, svg::escaped};

/// A `<table>` in a box that scrolls where the page is narrower than the table.
pub fn table(table: &Table) -> String {
    let caption = escaped(&table.caption);
    let figcaption = if caption.is_empty() { String::new() } else { format!("<figcaption>{caption}</figcaption>\n") };
    let head: String =
        table.header.iter().enumerate().map(|(i, name)| cell("th scope=\"col\"", table, i, name)).collect();
    let head = if head.is_empty() { head } else { format!("<thead><tr>{head}</tr></thead>\n") };
    let body: String = table.rows.iter().map(|cells| row(table, cells)).collect();
    // What may have to be scrolled is reached by the tab key, under a name.
    let stop = match (table.header.is_empty(), caption.is_empty()) {
        (true, _) => String::new(),
        (false, false) => format!(" tabindex=\"0\" role=\"region\" aria-label=\"{caption}\""),
        (false, true) => {
            let columns = escaped(&table.header.join(", "));
            format!(" tabindex=\"0\" role=\"region\" aria-label=\"table of {columns}\"")
        }
    };
    format!(
        "<figure>\n{figcaption}<div class=\"scroll\"{stop}>\n\
         <table class=\"data\">\n{head}<tbody>\n{body}</tbody>\n</table>\n</div>\n</figure>\n"
    )
}

fn row(table: &Table, cells: &[String]) -> String {
    let kind = |column| if column == 0 { "th scope=\"row\"" } else { "td" };
    let cells = cells.iter().enumerate().map(|(column, text)| cell(kind(column), table, column, text));
    format!("<tr>{}</tr>\n", cells.collect::<String>())
}

fn cell(kind: &str, table: &Table, column: usize, text: &str) -> String {
    let class = if column >= table.numbers_from { " class=\"number\"" } else { "" };
    let name = kind.split(' ').next().unwrap_or(kind);
    format!("<{kind}{class}>{}</{name}>", escaped(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(html: &str, name: &str) -> Vec<String> {
        let document = roxmltree::Document::parse(html).unwrap();
        let nodes = document.descendants().filter(|node| node.has_tag_name(name));
        nodes.filter_map(|node| node.text().map(str::to_owned)).collect()
    }

    #[test]
    fn names_stand_beside_what_belongs_to_them() {
        let html = table(&Table::of_names([("loss & more", "0.5"), ("f1", "-")]).captioned("a run"));
        assert_eq!(
            (texts(&html, "th"), texts(&html, "td")),
            (vec!["loss & more".into(), "f1".into()], vec!["0.5".into(), "-".into()])
        );
        assert_eq!(texts(&html, "figcaption"), ["a run"]);
    }

    #[test]
    fn numbers_stand_right_below_their_name() {
        let mut rows = Table::new(["name", "count"], 1);
        rows.add_row(["3", "1010"]);
        let html = table(&rows);
        assert!(html.contains("<th scope=\"col\" class=\"number\">count</th>"), "{html}");
        assert!(html.contains("<th scope=\"row\">3</th><td class=\"number\">1010</td>"), "{html}");
    }
}
