//! What a terminal can do, and the escape codes for it (ECMA-48, select graphic rendition).

use crate::palette::{BEST, Rgb};

/// The colours that a terminal has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Colours {
    /// 24 bits.
    TrueColour,
    /// The 256 of xterm.
    Ansi256,
    /// None: text alone.
    #[default]
    Plain,
}

impl Colours {
    /// What the output has, by what it is and by environment variables: `NO_COLOR` (no-color.org), `TERM`, `COLORTERM`.
    ///
    /// A terminal that does not say that it has 256 colours or more gets none.
    pub fn of(is_terminal: bool, variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let kind = set("TERM").unwrap_or_default();
        if !is_terminal || set("NO_COLOR").is_some() || kind == "dumb" {
            return Self::Plain;
        }
        let says_so = set("COLORTERM").is_some_and(|value| ["truecolor", "24bit"].contains(&value.as_str()));
        // Windows Terminal sets neither variable.
        if says_so || kind.ends_with("-direct") || set("WT_SESSION").is_some() {
            Self::TrueColour
        } else if kind.contains("256color") {
            Self::Ansi256
        } else {
            Self::Plain
        }
    }

    pub fn text(self, rgb: Rgb, text: &str) -> String {
        self.paint(Some(rgb), None, text)
    }

    /// What is under way.
    #[must_use]
    pub fn running(self, text: &str) -> String {
        self.text(Rgb(0x2a, 0xa1, 0x98), text)
    }

    /// The best.
    #[must_use]
    pub fn best(self, text: &str) -> String {
        self.text(BEST, text)
    }

    /// What failed or is wrong.
    #[must_use]
    pub fn bad(self, text: &str) -> String {
        self.text(Rgb(0xd5, 0x5e, 0x00), text)
    }

    /// What is there for completeness.
    #[must_use]
    pub fn dim(self, text: &str) -> String {
        self.text(Rgb::grey(0x80), text)
    }

    /// Text in a colour on a ground; `None` leaves what the terminal has.
    pub(super) fn paint(self, text_colour: Option<Rgb>, ground: Option<Rgb>, text: &str) -> String {
        let code = |layer: u8, rgb: Rgb| match self {
            Self::TrueColour => format!("\u{1b}[{layer};2;{};{};{}m", rgb.0, rgb.1, rgb.2),
            Self::Ansi256 => format!("\u{1b}[{layer};5;{}m", nearest(rgb)),
            Self::Plain => String::new(),
        };
        let codes = text_colour.map(|rgb| code(38, rgb)).unwrap_or_default()
            + &ground.map(|rgb| code(48, rgb)).unwrap_or_default();
        if codes.is_empty() { text.to_owned() } else { format!("{codes}{text}\u{1b}[0m") }
    }
}

/// The number of the nearest of xterm's colours 16 to 255: a cube of 6 x 6 x 6, then 24 greys.
fn nearest(rgb: Rgb) -> u8 {
    let distance = |number: &u8| {
        let Rgb(red, green, blue) = xterm(*number);
        [(red, rgb.0), (green, rgb.1), (blue, rgb.2)].iter().map(|(a, b)| u32::from(a.abs_diff(*b)).pow(2)).sum::<u32>()
    };
    (16..=255).min_by_key(distance).unwrap_or(16)
}

/// One of xterm's colours 16 to 255.
fn xterm(number: u8) -> Rgb {
    const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    if number >= 232 {
        return Rgb::grey(8 + 10 * (number - 232));
    }
    let level = |divisor: u8| LEVELS[usize::from((number - 16) / divisor % 6)];
    Rgb(level(36), level(6), level(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(is_terminal: bool, variables: &[(&str, &str)]) -> Colours {
        Colours::of(is_terminal, |name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn a_terminal_has_the_colours_it_says() {
        let xterm = ("TERM", "xterm-256color");
        assert_eq!(of(true, &[xterm, ("COLORTERM", "truecolor")]), Colours::TrueColour);
        assert_eq!(of(true, &[("TERM", "xterm-direct")]), Colours::TrueColour);
        assert_eq!(of(true, &[xterm]), Colours::Ansi256);
        assert_eq!((of(true, &[("TERM", "linux")]), of(true, &[])), (Colours::Plain, Colours::Plain));
    }

    #[test]
    fn no_color_a_dumb_terminal_and_a_file_get_none() {
        let rich = [("TERM", "xterm-256color"), ("COLORTERM", "truecolor")];
        assert_eq!(of(false, &rich), Colours::Plain);
        assert_eq!(of(true, &[&rich[..], &[("NO_COLOR", "1")]].concat()), Colours::Plain);
        assert_eq!(of(true, &[&rich[..], &[("NO_COLOR", "")]].concat()), Colours::TrueColour);
        assert_eq!(of(true, &[("TERM", "dumb"), ("COLORTERM", "truecolor")]), Colours::Plain);
    }

    #[test]
    fn each_kind_of_terminal_gets_its_codes() {
        let paint = |colours: Colours| colours.paint(Some(Rgb(255, 0, 0)), Some(Rgb::grey(8)), "x");
        assert_eq!(paint(Colours::TrueColour), "\u{1b}[38;2;255;0;0m\u{1b}[48;2;8;8;8mx\u{1b}[0m");
        assert_eq!(paint(Colours::Ansi256), "\u{1b}[38;5;196m\u{1b}[48;5;232mx\u{1b}[0m");
        assert_eq!(paint(Colours::Plain), "x");
        assert_eq!(Colours::TrueColour.paint(None, None, "x"), "x");
    }

    #[test]
    fn the_nearest_of_256_colours_is_taken() {
        let greys = [0, 3, 5, 8, 128, 240, 255].map(|value| nearest(Rgb::grey(value)));
        assert_eq!(greys, [16, 16, 232, 232, 244, 255, 231]);
        assert_eq!((nearest(Rgb(0, 0x72, 0xb2)), xterm(25)), (25, Rgb(0, 95, 175)));
    }
}
