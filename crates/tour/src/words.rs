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

fn term(Word { term, meaning, file, item }: &Word) -> Term {
    Term {
        term: (*term).into(),
        meaning: (*meaning).into(),
        caption: format!("{}: {item}", file.path),
        lines: source::item(file, item).unwrap_or_else(|| panic!("`{}` has an item `{item}`", file.path)),
    }
}
