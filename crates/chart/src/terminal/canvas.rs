//! A field of characters to draw on: fine dots (braille) where colours tell the series apart, else a sign per series.

use super::Colours;
use crate::palette;

/// Dots of a braille character: columns and rows.
const DOTS: [usize; 2] = [2, 4];
/// The bit of each dot, `[row][column]` (Unicode, block Braille Patterns).
const BITS: [[u32; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];
/// Signs of series and of marks.
const SERIES: [char; 6] = ['*', '+', 'o', 'x', '#', '%'];
const MARKS: [char; 6] = ['A', 'B', 'C', 'D', 'E', 'F'];

/// How lines are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ink {
    /// Eight dots a character.
    Braille,
    Signs,
}

/// Characters with the number of the series that drew them last.
#[derive(Debug)]
pub(super) struct Canvas {
    width: usize,
    height: usize,
    ink: Ink,
    cells: Vec<Cell>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Cell {
    dots: u32,
    sign: Option<char>,
    number: usize,
}

impl Canvas {
    pub fn new(width: usize, height: usize, ink: Ink) -> Self {
        Self { width, height, ink, cells: vec![Cell::default(); width * height] }
    }

    /// Points along a line between two places, each from 0, 0 (bottom left) to 1, 1; a dashed one has gaps.
    pub fn line(&mut self, from: (f64, f64), to: (f64, f64), is_dashed: bool, number: usize) {
        let [columns, rows] = self.resolution();
        let (dx, dy) = ((to.0 - from.0) * columns as f64, (to.1 - from.1) * rows as f64);
        let steps = dx.abs().max(dy.abs()).ceil().max(1.0) as usize;
        for step in 0..=steps {
            let t = step as f64 / steps as f64;
            let place = (from.0 + t * (to.0 - from.0), from.1 + t * (to.1 - from.1));
            if !is_dashed || self.is_in_dash(place) {
                self.dot(place, number);
            }
        }
    }

    /// A point on its own, in the middle of a line too.
    pub fn point(&mut self, place: (f64, f64), number: usize) {
        let sign = if self.ink == Ink::Braille { '•' } else { SERIES[number % SERIES.len()] };
        self.set(place, sign, number);
    }

    /// A mark, the `nth`.
    pub fn mark(&mut self, place: (f64, f64), nth: usize, number: usize) {
        let sign = if self.ink == Ink::Braille { '●' } else { MARKS[nth % MARKS.len()] };
        self.set(place, sign, number);
    }

    /// The lines from top to bottom.
    pub fn lines(&self, colours: Colours) -> Vec<String> {
        let drawn = |cell: &Cell| match cell.character() {
            ' ' => " ".to_owned(),
            character => colours.text(palette::series(cell.number), &character.to_string()),
        };
        self.cells.chunks(self.width).map(|row| row.iter().map(drawn).collect()).collect()
    }

    /// Places a line can tell apart.
    fn resolution(&self) -> [usize; 2] {
        match self.ink {
            Ink::Braille => [self.width * DOTS[0], self.height * DOTS[1]],
            Ink::Signs => [self.width, self.height],
        }
    }

    /// By the place across, so that many short pieces make one dashed line.
    fn is_in_dash(&self, place: (f64, f64)) -> bool {
        let (column, _) = pixel(place, self.resolution());
        match self.ink {
            Ink::Braille => column % 5 < 3,
            Ink::Signs => column.is_multiple_of(2),
        }
    }

    fn dot(&mut self, place: (f64, f64), number: usize) {
        if self.ink == Ink::Signs {
            return self.set(place, SERIES[number % SERIES.len()], number);
        }
        let (x, y) = pixel(place, self.resolution());
        let cell = &mut self.cells[y / DOTS[1] * self.width + x / DOTS[0]];
        cell.dots |= BITS[y % DOTS[1]][x % DOTS[0]];
        cell.number = number;
    }

    fn set(&mut self, place: (f64, f64), sign: char, number: usize) {
        let (x, y) = pixel(place, [self.width, self.height]);
        let cell = &mut self.cells[y * self.width + x];
        (cell.sign, cell.number) = (Some(sign), number);
    }
}

impl Cell {
    fn character(&self) -> char {
        let braille = || char::from_u32(0x2800 + self.dots).filter(|_| self.dots > 0);
        self.sign.or_else(braille).unwrap_or(' ')
    }
}

/// The sign that stands for a series, or the nth mark, in a legend.
pub(super) fn sign(number: usize, nth_mark: Option<usize>) -> char {
    nth_mark.map_or(SERIES[number % SERIES.len()], |nth| MARKS[nth % MARKS.len()])
}

/// Column and row, from the top.
fn pixel((x, y): (f64, f64), [columns, rows]: [usize; 2]) -> (usize, usize) {
    let index = |fraction: f64, count: usize| ((fraction * count as f64) as usize).min(count - 1);
    (index(x, columns), rows - 1 - index(y, rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rising_line_goes_from_bottom_left_to_top_right() {
        let mut canvas = Canvas::new(2, 1, Ink::Braille);
        canvas.line((0.0, 0.0), (1.0, 1.0), false, 0);
        assert_eq!(canvas.lines(Colours::Plain), ["⡠⠊"]);
        let mut canvas = Canvas::new(3, 3, Ink::Signs);
        canvas.line((0.0, 0.0), (1.0, 1.0), false, 1);
        assert_eq!(canvas.lines(Colours::Plain), ["  +", " + ", "+  "]);
    }

    #[test]
    fn a_dashed_line_has_gaps_and_marks_stand_above_lines() {
        let mut canvas = Canvas::new(5, 1, Ink::Signs);
        canvas.line((0.0, 0.5), (1.0, 0.5), true, 0);
        canvas.mark((0.5, 0.5), 0, 1);
        assert_eq!(canvas.lines(Colours::Plain), ["* A *"]);
        let mut canvas = Canvas::new(5, 1, Ink::Braille);
        canvas.line((0.0, 0.9), (1.0, 0.9), true, 0);
        canvas.point((0.0, 0.5), 0);
        assert_eq!(canvas.lines(Colours::Plain), ["•⠁⠈⠉ "]);
    }

    #[test]
    fn a_character_has_the_colour_of_its_series() {
        let mut canvas = Canvas::new(1, 1, Ink::Braille);
        canvas.point((0.0, 0.0), 1);
        assert_eq!(canvas.lines(Colours::TrueColour), ["\u{1b}[38;2;213;94;0m•\u{1b}[0m"]);
    }
}
