//! Pictures of numbers: as SVG, as HTML and for the terminal.
//!
//! It takes plain numbers and gives text, and knows neither Burn nor files. What is shown is a value of its own
//! ([`LineChart`], [`Parallel`], [`Spread`], [`Bars`], [`Confusion`], [`Picture`], [`PixelTable`], [`Weights`], and a [`Document`] of them); [`svg`], [`html`]
//! and [`terminal`] draw it.
//!
//! Every SVG stands alone: no script, no font, no image from elsewhere. A page is one file; its script adds to what is there without it. It scales with its container, has an
//! alternative text, and draws text and axes in the colour of the text around it, so that it suits light pages and dark.

mod bars;
mod calibration;
mod clip;
mod confusion;
mod document;
pub mod html;
mod line_chart;
mod numbers;
mod palette;
mod parallel;
mod picture;
mod roc;
mod shade;
mod span;
mod spread;
pub mod svg;
pub mod terminal;
mod ticks;
mod weights;

pub use bars::{Bar, Bars};
pub use calibration::{calibration, histogram};
pub use confusion::Confusion;
pub use document::{Block, Document, Section, Slider, Table, Term, Tile};
pub use line_chart::{Axis, Cell, Field, LineChart, Mark, Scale, Series, Shape, Style};
pub use numbers::{decimals, fraction, grouped};
pub use palette::{BEST_SERIES, Rgb};
pub use parallel::{Dimension, Parallel, Strand};
pub use picture::{Picture, Pixels, Verdict};
pub use roc::{roc, roc_corner};
pub use shade::{PixelTable, Shading};
pub use spread::{Group, Spread};
pub use weights::Weights;
