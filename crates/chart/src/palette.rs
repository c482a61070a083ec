//! Colours that can be told apart, on white and on black, also by the colour-blind.

/// A colour: red, green, blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rgb(pub u8, pub u8, pub u8);

/// For what is right, and for negative weights.
pub(crate) const BLUE: Rgb = Rgb(0x00, 0x72, 0xb2);
/// For what is wrong, and for positive weights.
pub(crate) const VERMILLION: Rgb = Rgb(0xd5, 0x5e, 0x00);

/// For the best, on pages and in the terminal.
pub(crate) const BEST: Rgb = Rgb(0x00, 0x9e, 0x73);
/// The number of that colour among those of series.
pub const BEST_SERIES: usize = 4;

/// Colours of series in their order: those of Okabe and Ito (2008) whose contrast with white and with black suffices,
/// a darker shade of their yellow, and grey.
const SERIES: [Rgb; 6] = [BLUE, VERMILLION, Rgb(0x8f, 0x8a, 0x00), Rgb(0xcc, 0x79, 0xa7), BEST, Rgb::grey(GREY)];

/// The same in their order on a dark page.
const ON_DARK: [Rgb; 6] = [
    Rgb(0x56, 0xb4, 0xe9),
    Rgb(0xf2, 0x79, 0x3a),
    Rgb(0xf0, 0xc0, 0x40),
    Rgb(0xe0, 0x9a, 0xc1),
    Rgb(0x2f, 0xc7, 0x9a),
    Rgb::grey(0xa3),
];

/// The same where they are text on a light page; on a dark one they are bright enough.
const TEXT: [Rgb; 6] =
    [RIGHT[0], WRONG[0], Rgb(0x6b, 0x67, 0x00), Rgb(0xa0, 0x47, 0x7a), Rgb(0x00, 0x73, 0x4f), Rgb::grey(0x66)];

/// What a page needs for charts of these colours to be seen as well where it is dark. An attribute has no second colour, but gives way
/// to a rule.
pub(crate) fn on_dark() -> String {
    let rule = |(light, dark): (&Rgb, Rgb)| {
        let (light, dark) = (light.hex(), dark.hex());
        format!("  [stroke=\"{light}\"] {{ stroke: {dark} }}\n  [fill=\"{light}\"] {{ fill: {dark} }}\n")
    };
    let rules: String = SERIES.iter().zip(ON_DARK).map(rule).collect();
    format!("@media screen and (prefers-color-scheme: dark) {{\n{rules}}}\n")
}

/// The number of grey among them.
pub(crate) const GREY_SERIES: usize = 5;

/// The colour of the series or mark with this number, from 0; after the last the first again.
pub(crate) fn series(number: usize) -> Rgb {
    SERIES[number % SERIES.len()]
}

/// The colour and the opacity of what is 0, the worst of many, to 1, the best of them: from a faint grey to a strong orange.
pub(crate) fn ranked(worth: f64) -> (Rgb, f64) {
    let worth = worth.clamp(0.0, 1.0);
    let mix = |from: u8, to: u8| (f64::from(from) + worth * (f64::from(to) - f64::from(from))).round() as u8;
    let Rgb(red, green, blue) = VERMILLION;
    (Rgb(mix(GREY, red), mix(GREY, green), mix(GREY, blue)), 0.6 + 0.35 * worth)
}

/// The attributes of text in the colour of what is right or wrong, which can be read on a light ground and on a dark one.
pub(crate) fn text(is_right: bool) -> String {
    in_colours(if is_right { RIGHT } else { WRONG })
}

/// The attributes of text in the colour of the series or mark with this number.
pub(crate) fn text_of_series(number: usize) -> String {
    let number = number % SERIES.len();
    in_colours([TEXT[number], ON_DARK[number]])
}

fn in_colours(colours: [Rgb; 2]) -> String {
    let [light, dark] = colours.map(Rgb::hex);
    format!(" style=\"fill:light-dark({light},{dark});color:light-dark({light},{dark})\"")
}

const RIGHT: [Rgb; 2] = [Rgb(0x00, 0x63, 0xa0), Rgb(0x6c, 0xb8, 0xea)];
const WRONG: [Rgb; 2] = [Rgb(0xa8, 0x48, 0x00), Rgb(0xff, 0x9a, 0x4d)];

/// What is neither good nor bad.
const GREY: u8 = 0x7a;

impl Rgb {
    pub const fn grey(value: u8) -> Self {
        Self(value, value, value)
    }

    /// As `#0072b2`.
    pub fn hex(self) -> String {
        format!("#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }

    /// How bright it is, 0 to 255, by the weights of ITU-R BT.601 (0.299, 0.587, 0.114).
    pub fn brightness(self) -> u8 {
        let [red, green, blue] = [self.0, self.1, self.2].map(u32::from);
        ((299 * red + 587 * green + 114 * blue + 500) / 1000) as u8
    }

    /// Relative luminance, 0 (black) to 1 (white), as in WCAG 2.1.
    pub fn luminance(self) -> f64 {
        let linear = |channel: u8| match f64::from(channel) / 255.0 {
            value if value <= 0.04045 => value / 12.92,
            value => ((value + 0.055) / 1.055).powf(2.4),
        };
        0.2126 * linear(self.0) + 0.7152 * linear(self.1) + 0.0722 * linear(self.2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// WCAG 2.1: 3 is the least for graphics, 21 is black on white.
    fn contrast(a: Rgb, b: Rgb) -> f64 {
        let (a, b) = (a.luminance() + 0.05, b.luminance() + 0.05);
        a.max(b) / a.min(b)
    }

    #[test]
    fn every_series_can_be_seen_on_white_and_on_a_dark_page() {
        assert_eq!(contrast(Rgb::grey(0), Rgb::grey(255)).round(), 21.0);
        for colour in SERIES {
            for ground in [Rgb::grey(255), Rgb::grey(0x1b)] {
                assert!(contrast(colour, ground) >= 3.0, "{} on {}", colour.hex(), ground.hex());
            }
        }
        for colour in ON_DARK {
            assert!(contrast(colour, Rgb::grey(0x1b)) >= 4.5, "{}", colour.hex());
        }
    }

    #[test]
    fn coloured_text_can_be_read_on_white_and_on_a_dark_page() {
        let of_series = TEXT.into_iter().zip(ON_DARK).map(|(light, dark)| [light, dark]);
        for [light, dark] in [RIGHT, WRONG].into_iter().chain(of_series) {
            assert!(contrast(light, Rgb::grey(255)) >= 4.5 && contrast(dark, Rgb::grey(0x1b)) >= 4.5);
        }
    }

    #[test]
    fn the_best_of_many_is_orange_and_the_worst_a_faint_grey() {
        assert_eq!((ranked(0.0), ranked(2.0)), ((Rgb::grey(GREY), 0.6), (VERMILLION, 0.95)));
        for worth in [0.0, 0.25, 0.5, 0.75, 1.0] {
            let (colour, _) = ranked(worth);
            assert!([Rgb::grey(255), Rgb::grey(0x1b)].iter().all(|ground| contrast(colour, *ground) >= 3.0), "{worth}");
        }
    }

    #[test]
    fn luminance_is_that_of_wcag() {
        assert_eq!((Rgb::grey(0).luminance(), Rgb::grey(255).luminance()), (0.0, 1.0));
        assert!((Rgb(255, 0, 0).luminance() - 0.2126).abs() < 1e-9);
        assert!((Rgb::grey(0x7c).luminance() - 0.2016).abs() < 1e-4);
    }
}
