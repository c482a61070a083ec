//! What is read from top to bottom: sections of text, code, tables and pictures.

use crate::{Bars, Confusion, LineChart, Parallel, Picture, PixelTable, Spread, Weights};

/// A whole text with its pictures.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Document {
    pub title: String,
    /// What stands before the first section.
    pub lead: Vec<Block>,
    /// Its sections, in order.
    pub sections: Vec<Section>,
}

/// A part of a document.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Section {
    pub heading: String,
    /// What it shows, in order.
    pub blocks: Vec<Block>,
}

/// Something to be seen in a section.
#[derive(Clone, Debug, PartialEq)]
pub enum Block {
    /// A paragraph; what stands between backticks is code.
    Text(String),
    /// Numbers that matter most, beside each other.
    Tiles(Vec<Tile>),
    /// Another page.
    Link {
        text: String,
        /// As seen from this page.
        address: String,
    },
    /// What is there for who asks for it.
    Fold {
        summary: String,
        blocks: Vec<Block>,
    },
    /// Lines of a source file.
    Code {
        /// Where they stand.
        caption: String,
        lines: String,
    },
    /// Rows of text and numbers.
    Table(Table),
    /// Words with what they mean.
    Terms(Vec<Term>),
    /// Lines over two axes.
    Lines(LineChart),
    /// Lines over parallel axes.
    Parallel(Parallel),
    /// Groups of values along an axis.
    Spread(Spread),
    Bars(Bars),
    /// The counts of a confusion matrix.
    Confusion {
        /// What there is to see, in a sentence.
        alt: String,
        matrix: Confusion,
    },
    /// Images with captions.
    Pictures {
        /// What there is to see, in a sentence.
        alt: String,
        pictures: Vec<Picture>,
        /// How many stand in a row on a page; a row of more than six is broken where the page ends.
        columns: usize,
    },
    /// Images to be looked at one by one, as large as there is room for; the first line of a caption stands out.
    Large {
        /// What there is to see, in a sentence.
        alt: String,
        pictures: Vec<Picture>,
    },
    /// Pixel values with their shades.
    Pixels {
        caption: String,
        table: PixelTable,
    },
    /// The weights of a linear model in the place of pixels.
    Weights {
        /// What there is to see, in a sentence.
        alt: String,
        weights: Weights,
    },
    /// Blocks beside each other where there is room.
    Beside(Vec<Block>),
    /// Blocks that stay together, as one of those beside each other.
    Together(Vec<Block>),
    /// One of several blocks, which a reader of a page chooses.
    Slider(Slider),
}

/// What there is to see for each value of something.
#[derive(Clone, Debug, PartialEq)]
pub struct Slider {
    /// What has these values.
    pub name: String,
    /// Each value with what it leads to.
    pub positions: Vec<(String, Block)>,
    /// The one to begin with, and the only one where nothing can be chosen.
    pub start: usize,
}

/// A number that matters, with what it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tile {
    pub name: String,
    pub value: String,
    /// What it is to be held against; may be empty.
    pub note: String,
}

/// Rows of text and numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// What it shows; may be empty.
    pub caption: String,
    /// The names of the columns; none where the first column names each row.
    pub header: Vec<String>,
    /// Each as long as the header.
    pub rows: Vec<Vec<String>>,
    /// Columns from here on are numbers, set right.
    pub numbers_from: usize,
    /// What the rows stand for, as [`crate::Series::items`]; none, or as many as rows.
    pub items: Vec<usize>,
    /// The page that each row's first cell leads to, as seen from this one, empty where there is none; none, or as many as rows.
    pub links: Vec<String>,
    /// The column of each row that holds the best, on a page in its colour, as are numbers that read the same; none, or as many as rows.
    pub best: Vec<Option<usize>>,
    /// Whether the last row is of all others.
    pub has_total: bool,
    /// Whether a narrow page has the values of a row below each other, each behind the name of its column.
    pub stacks: bool,
}

/// A word with what it means.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Term {
    pub term: String,
    pub meaning: String,
    /// Where the code that does it stands.
    pub caption: String,
    pub lines: String,
}

impl Document {
    /// A document of one section, which it is named after.
    pub fn of(section: Section) -> Self {
        Self { title: section.heading, lead: section.blocks, sections: vec![] }
    }
}

impl Section {
    pub fn new(heading: impl Into<String>, blocks: impl IntoIterator<Item = Block>) -> Self {
        Self { heading: heading.into(), blocks: blocks.into_iter().collect() }
    }
}

impl Block {
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }
}

impl Tile {
    pub fn new(name: impl Into<String>, value: impl Into<String>, note: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into(), note: note.into() }
    }
}

impl Table {
    /// A table without rows.
    pub fn new<T: Into<String>>(header: impl IntoIterator<Item = T>, numbers_from: usize) -> Self {
        let header = header.into_iter().map(Into::into).collect();
        Self { header, numbers_from, ..Self::default() }
    }

    /// Names and what belongs to them.
    pub fn of_names<N: Into<String>, V: Into<String>>(rows: impl IntoIterator<Item = (N, V)>) -> Self {
        let rows = rows.into_iter().map(|(name, value)| vec![name.into(), value.into()]).collect();
        Self { rows, numbers_from: usize::MAX, ..Self::default() }
    }

    pub fn captioned(self, caption: impl Into<String>) -> Self {
        Self { caption: caption.into(), ..self }
    }

    pub fn add_row<T: Into<String>>(&mut self, row: impl IntoIterator<Item = T>) {
        self.rows.push(row.into_iter().map(Into::into).collect());
    }
}
