//! Colours that can be told apart, on white and on black, also by the colour-blind.

/// A colour: red, green, blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rgb(pub u8, pub u8, pub u8);

/// For what is right, and for negative weights.
pub(crate) const BLUE: Rgb = Rgb(0x00, 0x72, 0xb2);
/// For what is wrong, and for positive weights.
pub(crate) const VERMILLION: Rgb = Rgb(0xd5, 0x5e, 0x00);

/// Colours of series in their order: those of Okabe and Ito (2008) whose contrast with white and with black suffices,
/// a darker shade of their orange, and grey.
const SERIES: [Rgb; 6] =
    [BLUE, VERMILLION, Rgb(0x00, 0x9e, 0x73), Rgb(0xcc, 0x79, 0xa7), Rgb(0xb0, 0x78, 0x00), Rgb(0x7a, 0x7a, 0x7a)];

/// The colour of the series or mark with this number, from 0; after the last the first again.
pub(crate) fn series(number: usize) -> Rgb {
    SERIES[number % SERIES.len()]
}

impl Rgb {
    /// A grey.
    pub const fn grey(value: u8) -> Self {
        Self(value, value, value)
    }

    /// As `#0072b2`.
    pub fn hex(self) -> String {
        format!("#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
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
    }

    #[test]
    fn luminance_is_that_of_wcag() {
        assert_eq!((Rgb::grey(0).luminance(), Rgb::grey(255).luminance()), (0.0, 1.0));
        assert!((Rgb(255, 0, 0).luminance() - 0.2126).abs() < 1e-9);
        assert!((Rgb::grey(0x7c).luminance() - 0.2016).abs() < 1e-4);
    }
}
