//! Documents as pages: self-contained, light or dark as their reader likes it, for wide windows and narrow ones.

mod bars;
mod command;
mod embedded;
mod parallel;
mod pictures;
mod pixel_table;
mod rust_code;
mod spread;
mod table;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::{
    document::{Block, Document, Section, Slider, Term, Tile},
    palette, svg,
    svg::escaped,
};

pub use pixel_table::pixel_table;

/// Sections from which on a page has a table of contents.
const MANY: usize = 3;

/// The most that a page takes, as far as its pictures can be made smaller.
const MOST_BYTES: usize = 290_000;

/// Pixels a side of large pictures, of which a page takes the first that it is small enough with. It shows them at most as large as
/// the first.
const SIDES: [usize; 7] = [112, 80, 56, 40, embedded::LITTLE, 24, 16];

/// A whole page. It fetches nothing, and is whole without its script.
pub fn page(document: &Document) -> String {
    page_with(document, "")
}

/// The page of what is still going on and will be written again: its script lets it come anew after so many seconds, as long as what it
/// shows, of this moment, is not too old to be alive, and says so when it is.
pub fn live_page(document: &Document, every: u64) -> String {
    let written = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since: Duration| since.as_secs());
    page_with(document, &format!(" data-every=\"{every}\" data-written=\"{written}\""))
}

fn page_with(document: &Document, of_body: &str) -> String {
    let [first, between @ .., last] = SIDES;
    let with = |side| page_of(document, of_body, side);
    let whole = with(first);
    if whole.len() <= MOST_BYTES {
        return whole;
    }
    let smallest = with(last);
    // Where it is not the pictures that take the room, they are left as they are.
    if smallest.len() > MOST_BYTES && 10 * smallest.len() > 9 * whole.len() {
        return whole;
    }
    between.into_iter().map(with).find(|page| page.len() <= MOST_BYTES).unwrap_or(smallest)
}

fn page_of(document: &Document, of_body: &str, side: usize) -> String {
    let Document { title, lead, sections } = document;
    let (title, heading, lead) = (escaped(title), whole_names(title), blocks(lead, side));
    let style = include_str!("html/style.css").to_owned() + &palette::on_dark();
    // As it is but for what only its source needs: indents, and comments on lines of their own.
    let script = include_str!("html/script.js").lines().map(str::trim_start).filter(|line| !line.starts_with("//"));
    let script = script.flat_map(|line| [line, "\n"]).collect::<String>();
    let contents = if sections.len() >= MANY { contents(sections) } else { String::new() };
    let sections: String = sections.iter().enumerate().map(|(index, one)| section(index + 1, one, side)).collect();
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n<style>\n{style}</style>\n</head>\n\
         <body{of_body}>\n<header>\n<h1>{heading}</h1>\n</header>\n{contents}<main>\n{lead}{sections}</main>\n<script>\n{script}</script>\n</body>\n</html>\n"
    )
}

fn contents(sections: &[Section]) -> String {
    let item = |(index, section): (usize, &Section)| {
        format!("<li><a href=\"#section-{}\">{}</a></li>\n", index + 1, escaped(&section.heading))
    };
    let items: String = sections.iter().enumerate().map(item).collect();
    format!(
        "<nav aria-label=\"contents\">\n<details open=\"\"><summary>Contents</summary>\n<ul>\n{items}</ul>\n</details>\n</nav>\n"
    )
}

/// A heading and a chart after it are one, so that paper has both on one page.
fn section(number: usize, Section { heading, blocks: body }: &Section, side: usize) -> String {
    let heading = format!("<h2>{}</h2>\n", escaped(heading));
    let body = match to_chart(body) {
        0 => heading + &blocks(body, side),
        count => {
            let (first, rest) = body.split_at(count);
            let first: String = first.iter().map(|one| block(one, side)).collect();
            whole(&(heading + &first)) + &blocks(rest, side)
        }
    };
    format!("<section id=\"section-{number}\">\n{body}</section>\n")
}

/// A chart and what leads to it are one.
fn blocks(all: &[Block], side: usize) -> String {
    let mut html = String::new();
    let mut rest = all;
    while !rest.is_empty() {
        let (first, more) = rest.split_at(to_chart(rest).max(1));
        let body: String = first.iter().map(|one| block(one, side)).collect();
        html += &if first.len() > 1 { whole(&body) } else { body };
        rest = more;
    }
    html
}

/// How many blocks it takes to the end of the chart that these begin with, or with what leads to it; 0 without one.
fn to_chart(blocks: &[Block]) -> usize {
    let is_chart = |block: &Block| {
        matches!(block, Block::Lines(_) | Block::Parallel(_) | Block::Bars(_) | Block::Spread(_) | Block::Slider(_))
    };
    match blocks {
        [chart, ..] if is_chart(chart) => 1,
        [Block::Text(text), chart, ..] if is_leading(text) && is_chart(chart) => 2,
        _ => 0,
    }
}

/// Whether a paragraph is of what follows it.
fn is_leading(text: &str) -> bool {
    text.ends_with(':')
}

/// What paper has on one page.
fn whole(html: &str) -> String {
    format!("<div class=\"whole\">\n{html}</div>\n")
}

fn block(block: &Block, side: usize) -> String {
    match block {
        Block::Text(text) if is_leading(text) => format!("<p class=\"leading\">{}</p>\n", with_code(text)),
        Block::Text(text) => format!("<p>{}</p>\n", with_code(text)),
        Block::Tiles(tiles) => format!("<dl class=\"tiles\">\n{}</dl>\n", tiles.iter().map(tile).collect::<String>()),
        Block::Link { text, address } => format!("<p><a href=\"{}\">{}</a></p>\n", escaped(address), escaped(text)),
        Block::Fold { summary, blocks: folded } => {
            format!("<details><summary>{}</summary>\n{}</details>\n", escaped(summary), blocks(folded, side))
        }
        Block::Code { caption, lines } => code(caption, lines),
        Block::Table(rows) => table::table(rows),
        Block::Terms(terms) => format!("<dl>\n{}</dl>\n", terms.iter().map(term).collect::<String>()),
        Block::Pictures { alt, pictures, columns } => pictures::pictures(alt, pictures, *columns, side),
        Block::Large { alt, pictures } => pictures::large(alt, pictures, side),
        Block::Pixels { caption, table } => pixel_table(caption, table),
        Block::Beside(beside) => format!("<div class=\"beside\">\n{}</div>\n", blocks(beside, side)),
        Block::Together(together) => format!("<div>\n{}</div>\n", blocks(together, side)),
        Block::Weights { alt, weights } => svg::weights(alt, &weights.reduced(side)),
        Block::Slider(positions) => slider(positions, side),
        Block::Lines(chart) => svg::in_page(chart),
        Block::Parallel(chart) => parallel::parallel(chart),
        Block::Spread(chart) => spread::spread(chart),
        Block::Bars(chart) => bars::bars(chart),
        Block::Confusion { alt, matrix } => {
            let matrix = svg::confusion_matrix(alt, matrix);
            format!(
                "<div class=\"scroll matrix\" tabindex=\"0\" role=\"region\" aria-label=\"{}\">\n{matrix}</div>\n",
                escaped(alt)
            )
        }
    }
}

fn tile(Tile { name, value, note }: &Tile) -> String {
    let note = if note.is_empty() { String::new() } else { format!("<dd class=\"note\">{}</dd>", breakable(note)) };
    format!("<div><dt>{}</dt><dd>{}</dd>{note}</div>\n", escaped(name), breakable(value))
}

/// A text whose names are broken behind `/` alone, not at the hyphens of an id.
fn whole_names(text: &str) -> String {
    let part = |part: &str| format!("<span class=\"whole-name\">{}</span>", escaped(part));
    let word = |word: &str| match word.contains('/') {
        true => word.split_inclusive('/').map(part).collect::<Vec<_>>().join("<wbr/>"),
        false => escaped(word),
    };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// A text that is broken behind `/` and `_` where there is no room for it.
fn breakable(text: &str) -> String {
    escaped(text).replace('/', "/<wbr/>").replace('_', "_<wbr/>")
}

/// Lines as they are, those of a Rust file in colours, commands whole from argument to argument.
fn code(caption: &str, lines: &str) -> String {
    let is_rust = caption.split(':').next().is_some_and(|file| file.ends_with(".rs"));
    let lines = if is_rust { rust_code::coloured(lines) } else { command::lines(lines) };
    let caption = escaped(caption);
    format!("<figure class=\"code\">\n<figcaption>{caption}</figcaption>\n<pre><code>{lines}</code></pre>\n</figure>\n")
}

/// Only one of its positions is shown; the script adds what chooses another.
fn slider(Slider { name, positions, start }: &Slider, side: usize) -> String {
    let position = |(number, (value, shown)): (usize, &(String, Block))| {
        let hidden = if number == *start { "" } else { " hidden=\"\"" };
        format!("<div data-value=\"{}\"{hidden}>\n{}</div>\n", escaped(value), block(shown, side))
    };
    let positions: String = positions.iter().enumerate().map(position).collect();
    format!("<div class=\"slider\" data-name=\"{}\">\n{positions}</div>\n", escaped(name))
}

/// A word that opens to the code that does it.
fn term(Term { term, meaning, caption, lines }: &Term) -> String {
    let (term, meaning, name) = (escaped(term), with_code(meaning), escaped(caption));
    format!(
        "<dt>{term}</dt>\n<dd>{meaning}\n<details><summary>{name}</summary>\n{}</details></dd>\n",
        code(caption, lines)
    )
}

/// Plain text with code between backticks.
fn with_code(text: &str) -> String {
    let parts = text.split('`').enumerate();
    let part = |(number, part): (usize, &str)| match number % 2 {
        1 => format!("<code>{}</code>", command::words(part)),
        _ => escaped(part),
    };
    parts.map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Picture, Pixels, Weights, document::Table};

    fn document(sections: usize) -> Document {
        let one = |number| Section::new(format!("part {number} < 7"), [Block::text("see `a < b` & c")]);
        let lead = vec![Block::Table(Table::of_names([("loss", "0.5")]).captioned("run & model"))];
        Document { title: "3 < 7".into(), lead, sections: (1..=sections).map(one).collect() }
    }

    /// The page as XML, which its own syntax allows.
    fn parsed(page: &str) -> String {
        let (before, rest) = page.split_once("<script>").unwrap();
        let page = before.to_owned() + rest.split_once("</script>").unwrap().1;
        page.replace("<!DOCTYPE html>\n", "").replace("\"utf-8\">", "\"utf-8\"/>").replace("=1\">", "=1\"/>")
    }

    #[test]
    fn a_page_fetches_nothing_and_names_itself() {
        let page = page(&document(2));
        assert!(page.contains("<title>3 &lt; 7</title>") && page.contains("<h1>3 &lt; 7</h1>"), "{page}");
        let name = "Run <span class=\"whole-name\">a-b/</span><wbr/><span class=\"whole-name\">2026-1</span>";
        assert_eq!(whole_names("Run a-b/2026-1"), name);
        assert!(!["://", "<script ", "<link", "url(", "@import"].iter().any(|bad| page.contains(bad)), "{page}");
        assert!(!page.contains("<nav"), "two sections need no contents: {page}");
    }

    #[test]
    fn contents_lead_to_every_section() {
        let page = parsed(&page(&document(3)));
        let xml = roxmltree::Document::parse(&page).unwrap();
        let attributes = |name: &str, attribute: &str| -> Vec<String> {
            let nodes = xml.descendants().filter(|node| node.has_tag_name(name));
            nodes.filter_map(|node| node.attribute(attribute)).map(str::to_owned).collect()
        };
        let ids: Vec<String> = attributes("section", "id").iter().map(|id| format!("#{id}")).collect();
        assert_eq!(ids, ["#section-1", "#section-2", "#section-3"]);
        assert_eq!(attributes("a", "href"), ids);
    }

    #[test]
    fn text_and_code_are_told_apart_and_escaped() {
        assert_eq!(block(&Block::text("see `a < b` & c"), 112), "<p>see <code>a &lt; b</code> &amp; c</p>\n");
        let code = block(&Block::Code { caption: "src/x.rs".into(), lines: "a && b".into() }, 112);
        assert!(
            code.contains("<code><span class=\"line\">a &amp;&amp; b</span></code>")
                && code.contains("<figcaption>src/x.rs"),
            "{code}"
        );
    }

    #[test]
    fn what_leads_to_a_chart_stays_with_it_on_paper() {
        let [text, leading] = ["see", "see:"].map(Block::text);
        let chart = || Block::Bars(crate::Bars::default());
        let of = |blocks_of: &[Block]| blocks(blocks_of, 112);
        assert_eq!(of(&[text.clone(), chart()]), format!("<p>see</p>\n{}", block(&chart(), 112)));
        let both = format!("<div class=\"whole\">\n<p class=\"leading\">see:</p>\n{}</div>\n", block(&chart(), 112));
        assert_eq!(of(&[leading.clone(), chart(), text.clone()]), format!("{both}<p>see</p>\n"));
        assert_eq!(of(&[leading.clone(), text.clone()]), "<p class=\"leading\">see:</p>\n<p>see</p>\n");
        let headed = section(1, &Section::new("a", [leading, chart(), text]), 112);
        assert!(headed.contains("<div class=\"whole\">\n<h2>a</h2>\n<p class=\"leading\">see:</p>"), "{headed}");
        assert!(headed.ends_with("</div>\n<p>see</p>\n</section>\n"), "{headed}");
    }

    #[test]
    fn only_the_code_of_a_rust_file_has_colours() {
        let of = |caption: &str| block(&Block::Code { caption: caption.into(), lines: "fn a() {}".into() }, 112);
        for caption in ["x.rs", "src/x.rs: a"] {
            assert!(
                of(caption).contains("<code><span class=\"line\"><b>fn</b> a() {}</span></code>"),
                "{}",
                of(caption)
            );
        }
        assert!(of("what x.rs printed").contains("<code>fn a() {}</code>"));
    }

    #[test]
    fn a_slider_shows_its_start_alone() {
        let positions = ["0.1", "0.5"].map(|value| (value.to_owned(), Block::text(value))).to_vec();
        let html = block(&Block::Slider(Slider { name: "rate".into(), positions, start: 1 }), 112);
        let expected = "<div class=\"slider\" data-name=\"rate\">\n<div data-value=\"0.1\" hidden=\"\">\n<p>0.1</p>\n</div>\n\
                        <div data-value=\"0.5\">\n<p>0.5</p>\n</div>\n</div>\n";
        assert_eq!(html, expected);
    }

    #[test]
    fn a_word_opens_to_its_code() {
        let word = Term {
            term: "step".into(),
            meaning: "One change.".into(),
            caption: "x.rs: step".into(),
            lines: "fn step() {}".into(),
        };
        let html = block(&Block::Terms(vec![word]), 112);
        let parts = [
            "<dt>step</dt>",
            "<dd>One change.",
            "<summary>x.rs: step</summary>",
            "<code><span class=\"line\"><b>fn</b> step() {}</span></code>",
        ];
        assert!(parts.iter().all(|part| html.contains(part)), "{html}");
    }

    #[test]
    fn a_page_of_many_large_pictures_is_small_whatever_they_show() {
        let noise = |number: usize| {
            (0..3 * 224 * 224).map(|at| (((at + number) * 2_654_435_761) >> 13) as u8).collect::<Vec<u8>>()
        };
        let picture = |number| Picture { pixels: Pixels::of_planes(224, 224, &noise(number)), ..Picture::default() };
        let pictures = Block::Pictures { alt: "noise".into(), pictures: (0..60).map(picture).collect(), columns: 12 };
        let weights = Block::Weights { alt: "w".into(), weights: Weights::new(200, 300, vec![0.5; 60_000]) };
        let bytes = page(&Document { lead: vec![pictures, weights], ..Document::default() }).len();
        assert!(bytes <= MOST_BYTES, "{bytes} bytes");
    }

    #[test]
    fn a_page_that_its_text_makes_large_keeps_its_pictures() {
        let picture = Picture {
            pixels: Pixels::new(28, 28, (0..784).map(|at| (at % 251) as u8).collect()),
            ..Picture::default()
        };
        let pictures = Block::Pictures { alt: "a digit".into(), pictures: vec![picture.clone()], columns: 1 };
        let text = Block::text("x".repeat(MOST_BYTES));
        let page = page(&Document { lead: vec![pictures, text], ..Document::default() });
        assert!(page.contains(&svg::png_address(&picture.pixels)));
    }

    #[test]
    fn a_tile_is_broken_where_its_words_end() {
        let html = block(&Block::Tiles(vec![Tile::new("data", "a/b_c", "data.path=x/y")]), 112);
        assert!(html.contains("<dd>a/<wbr/>b_<wbr/>c</dd><dd class=\"note\">data.path=x/<wbr/>y</dd>"), "{html}");
    }
}
