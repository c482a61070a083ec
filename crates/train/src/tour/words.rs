//! The words of the chapter.

use chapter::{
    source,
    words::{WORDS, Word},
};
use chart::{Block, Term};

pub(super) fn blocks() -> Vec<Block> {
    vec![
        Block::text("The words, in the order in which one needs them, each with the code that does it."),
        Block::Terms(WORDS.iter().map(term).collect()),
    ]
}

fn term(Word { term, meaning, path, item }: &Word) -> Term {
    Term {
        term: (*term).into(),
        meaning: (*meaning).into(),
        caption: format!("{path}: {item}"),
        lines: source::item(path, item).unwrap_or_else(|| panic!("`{path}` has an item `{item}`")),
    }
}
