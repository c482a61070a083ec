//! Rows of text and numbers.

use super::{breakable, command};
use crate::{document::Table, svg::escaped};

/// A `<table>` in a box that scrolls where the page is narrower than the table.
pub fn table(table: &Table) -> String {
    let caption = escaped(&table.caption);
    let figcaption = if caption.is_empty() { String::new() } else { format!("<figcaption>{caption}</figcaption>\n") };
    let head: String = table
        .header
        .iter()
        .enumerate()
        .map(|(i, name)| cell("th scope=\"col\"", table, i, name, &head(name)))
        .collect();
    let head = if head.is_empty() { head } else { format!("<thead><tr>{head}</tr></thead>\n") };
    let mut rows: Vec<String> = (0..table.rows.len()).map(|number| row(table, number)).collect();
    // What is of all rows is sorted with none.
    let total = if table.has_total { rows.pop() } else { None };
    let (body, foot) = (rows.concat(), total.map_or_else(String::new, |row| format!("<tfoot>\n{row}</tfoot>\n")));
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
         <table class=\"data{}\">\n{head}<tbody>\n{body}</tbody>\n{foot}</table>\n</div>\n</figure>\n",
        if table.stacks {
            " stacked"
        } else if is_long(table) {
            " numbers"
        } else {
            ""
        }
    )
}

/// The name of a column: that of a key is broken behind its sections and words, and before its value.
fn head(name: &str) -> String {
    let is_key = name.contains('.') && !name.contains(['=', ' ']);
    let broken = breakable(name).replace('=', "=<wbr/>");
    if is_key { broken.replace('.', ".<wbr/>") } else { broken }
}

fn row(table: &Table, number: usize) -> String {
    let kind = |column| if column == 0 { "th scope=\"row\"" } else { "td" };
    let link = table.links.get(number).filter(|link| !link.is_empty());
    let content = |column: usize, text: &str| match link {
        Some(link) if column == 0 => {
            format!("<a href=\"{}\">{}</a>", escaped(link), escaped(text).replace('\n', "<br/>"))
        }
        // Beside its name a point is broken as a person would break it.
        _ if table.header.is_empty() && column > 0 && text.contains('=') => breakable(text),
        _ => command::words(text).replace('\n', "<br/>"),
    };
    let cells = table.rows[number].iter().enumerate();
    let best = table.best.get(number).copied().flatten();
    let cells = cells.map(|(column, text)| {
        let content = content(column, text);
        let is_best = best.is_some_and(|best| {
            best == column || column >= table.numbers_from && table.rows[number].get(best) == Some(text)
        });
        let content = if is_best { format!("<b class=\"best\">{content}</b>") } else { content };
        cell(kind(column), table, column, text, &content)
    });
    let item = table.items.get(number).map_or_else(String::new, |item| format!(" data-item=\"{item}\""));
    format!("<tr{item}>{}</tr>\n", cells.collect::<String>())
}

/// Rows from which on what is a number is said once, of the table: of each cell it would take a third of the page.
const LONG: usize = 100;

fn is_long(table: &Table) -> bool {
    table.numbers_from == 1 && table.rows.len() > LONG
}

/// A cell with a text as it is drawn. A word among numbers may be broken where a number may not, and a dash stands back.
fn cell(kind: &str, table: &Table, column: usize, text: &str, content: &str) -> String {
    let is_said = is_long(table) && kind == "td";
    let is_word = kind == "td" && text.starts_with(char::is_alphabetic);
    let is_number = column >= table.numbers_from && !is_said;
    let is_none = kind == "td" && text == "-";
    let classes = [(is_number, "number"), (is_number && is_word, "word"), (is_none, "none")];
    let classes: Vec<&str> = classes.into_iter().filter(|(is, _)| *is).map(|(_, class)| class).collect();
    let class = if classes.is_empty() { String::new() } else { format!(" class=\"{}\"", classes.join(" ")) };
    let name = kind.split(' ').next().unwrap_or(kind);
    let of = table.header.get(column).filter(|_| table.stacks && name == "td");
    let of = of.map_or_else(String::new, |of| format!(" data-of=\"{}\"", escaped(of)));
    format!("<{kind}{class}{of}>{content}</{name}>")
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
    fn a_row_leads_to_its_page_and_that_of_all_stays_below() {
        let mut rows = Table::new(["trial", "count"], 1);
        rows.add_row(["1\nx", "7"]);
        rows.add_row(["all", "7"]);
        (rows.items, rows.links, rows.has_total) = (vec![1], vec!["a/report.html".into()], true);
        let html = table(&rows);
        assert!(
            html.contains("<tr data-item=\"1\"><th scope=\"row\"><a href=\"a/report.html\">1<br/>x</a></th>"),
            "{html}"
        );
        assert!(html.contains("</tbody>\n<tfoot>\n<tr><th scope=\"row\">all</th>"), "{html}");
    }

    #[test]
    fn a_long_table_says_once_that_it_is_of_numbers() {
        let mut rows = Table::new(["name", "count"], 1);
        (0..=LONG).for_each(|row| rows.add_row([row.to_string(), "7".into()]));
        let html = table(&rows);
        assert!(html.contains("<table class=\"data numbers\">") && html.contains("<td>7</td>"), "{html}");
    }

    #[test]
    fn words_among_numbers_and_heads_may_be_broken() {
        let mut rows = Table::new(["metric", "learning_rate=0.1"], 1);
        rows.add_row(["loss function", "cross-entropy"]);
        rows.add_row(["time", "1.4 s"]);
        rows.add_row(["top 3", "-"]);
        let html = table(&rows);
        assert!(html.contains("<td class=\"number none\">-</td>"), "{html}");
        assert!(html.contains("class=\"number\">learning_<wbr/>rate=<wbr/>0.1</th>"), "{html}");
        assert!(
            html.contains("<td class=\"number word\">cross-entropy") && html.contains("<td class=\"number\">1.4 s")
        );
    }

    #[test]
    fn numbers_stand_right_below_their_name() {
        let mut rows = Table::new(["name", "count"], 1);
        rows.add_row(["3", "1010"]);
        rows.best = vec![Some(1)];
        rows.stacks = true;
        assert!(
            table(&rows).contains("<table class=\"data stacked\">")
                && table(&rows).contains("<td class=\"number\" data-of=\"count\">")
        );
        rows.stacks = false;
        let html = table(&rows);
        assert!(html.contains("<th scope=\"col\" class=\"number\">count</th>"), "{html}");
        assert!(
            html.contains("<th scope=\"row\">3</th><td class=\"number\"><b class=\"best\">1010</b></td>"),
            "{html}"
        );
    }
}
