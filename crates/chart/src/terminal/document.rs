//! Documents as lines of text.

use super::{
    Colours, bars, confusion_matrix, image_grid, line_chart, parallel, pixel_table, spread, table, weights,
    wrap::{self, behind},
};
use crate::document::{Block, Document, Section, Slider, Table, Term, Tile};

/// Columns beyond which text is hard to read.
const WIDEST: usize = 90;

/// Draws title, lead and all sections.
pub fn document(document: &Document, width: usize, colours: Colours) -> String {
    let lead = blocks(&document.lead, width, colours);
    let title = format!("{}\n", wrapped(&document.title, width));
    let sections = document.sections.iter().map(|one| section(one, width, colours));
    [title, lead].into_iter().filter(|part| !part.is_empty()).chain(sections).collect::<Vec<_>>().join("\n")
}

/// Draws one section below its heading.
pub fn section(section: &Section, width: usize, colours: Colours) -> String {
    let heading = wrapped(&section.heading, width);
    let line = "═".repeat(heading.lines().map(|line| line.chars().count()).max().unwrap_or(0));
    format!("{heading}\n{line}\n\n{}", blocks(&section.blocks, width, colours))
}

/// Draws blocks one below the other, with an empty line between two.
pub fn blocks(all: &[Block], width: usize, colours: Colours) -> String {
    all.iter().map(|one| block(one, width, colours)).collect::<Vec<_>>().join("\n")
}

fn block(block: &Block, width: usize, colours: Colours) -> String {
    match block {
        Block::Text(text) => wrapped(text, width) + "\n",
        Block::Tiles(tiles) => table(&tiles_as_table(tiles), Some(width)),
        Block::Link { text, address } => wrapped(&format!("{text}: {address}"), width) + "\n",
        Block::Fold { summary, blocks: folded } => {
            format!("{}\n\n{}", wrapped(summary, width), blocks(folded, width, colours))
        }
        Block::Code { caption, lines } => code(caption, lines),
        Block::Table(rows) => table(rows, Some(width)),
        Block::Terms(terms) => terms.iter().map(|one| term(one, width)).collect::<Vec<_>>().join("\n"),
        Block::Lines(chart) => line_chart(chart, width, colours),
        Block::Parallel(chart) => parallel(chart, width, colours),
        Block::Spread(chart) => spread(chart, width, colours),
        Block::Bars(chart) => bars(chart, width, colours),
        Block::Confusion { matrix, .. } => confusion_matrix(matrix, width, colours),
        Block::Pictures { pictures, .. } | Block::Large { pictures, .. } => image_grid(pictures, width, colours),
        Block::Pixels { table, .. } => pixel_table(table, width, colours),
        Block::Weights { weights: values, .. } => weights(values, colours),
        Block::Beside(all) | Block::Together(all) => blocks(all, width, colours),
        Block::Slider(Slider { name, positions, start }) => {
            let shown = positions.get(*start);
            let shown = shown.map(|(value, shown)| {
                format!("{name} {value}\n\n{}", blocks(std::slice::from_ref(shown), width, colours))
            });
            shown.unwrap_or_default()
        }
    }
}

/// Code as it stands, whatever the width: a broken line would be other code.
fn code(caption: &str, lines: &str) -> String {
    let lines = lines.lines().map(|line| format!("    {line}").trim_end().to_owned() + "\n");
    format!("{caption}\n\n{}", lines.collect::<String>())
}

fn tiles_as_table(tiles: &[Tile]) -> Table {
    let line = |tile: &Tile| match tile.note.is_empty() {
        true => tile.value.clone(),
        false => format!("{}: {}", tile.value, tile.note),
    };
    Table::of_names(tiles.iter().map(|tile| (tile.name.clone(), line(tile))))
}

fn term(Term { term, meaning, caption, .. }: &Term, width: usize) -> String {
    format!("{}\n{}\n{}\n", wrapped(term, width), indented(meaning, width), indented(caption, width))
}

fn wrapped(text: &str, width: usize) -> String {
    wrap::wrapped(text, width.min(WIDEST))
}

fn indented(text: &str, width: usize) -> String {
    behind("  ", text, width.min(WIDEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(blocks: Vec<Block>, width: usize) -> String {
        let title = "A title that is long".into();
        let sections = vec![Section::new("A heading", blocks)];
        document(&Document { title, lead: vec![], sections }, width, Colours::Plain)
    }

    #[test]
    fn text_is_wrapped_and_code_is_not() {
        let code = Block::Code { caption: "x.rs".into(), lines: "let a_long_name = 1 + 2 + 3;\n\nnext".into() };
        let expected = "A title that\nis long\n\nA heading\n═════════\n\none two three\nfour\n\n\
            x.rs\n\n    let a_long_name = 1 + 2 + 3;\n\n    next\n";
        assert_eq!(shown(vec![Block::text("one two three four"), code], 14), expected);
    }

    #[test]
    fn a_word_stands_above_its_meaning_and_its_code() {
        let word = Term {
            term: "step".into(),
            meaning: "One change of all parameters.".into(),
            caption: "x.rs: step".into(),
            lines: "fn step() {}".into(),
        };
        let text = shown(vec![Block::Terms(vec![word])], 20);
        assert!(text.ends_with("step\n  One change of all\n  parameters.\n  x.rs: step\n"), "{text}");
    }
}
