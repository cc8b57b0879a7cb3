//! Colours that can be read, whatever accent a brand has chosen.
//!
//! Luminance and contrast are those of WCAG 2.2. An accent keeps its hue and is
//! moved towards black or white only as far as needed. As a surface on light
//! grounds it stays just as it is, with a rim that can be seen.

/// Contrast that text must have (WCAG 1.4.3).
const TEXT: f64 = 4.5;
/// Contrast that the edge of a surface must have (WCAG 1.4.11).
const SURFACE: f64 = 3.0;

/// What an accent that is none becomes.
const FALLBACK: Colour = Colour([0x8a, 0x1c, 0x2b]);
/// The last step of the way from an accent to black or white.
const LAST_STEP: u16 = 2 * 255;

const BLACK: Colour = Colour([0; 3]);
const WHITE: Colour = Colour([255; 3]);

/// The grounds of `style/base.css`, page and card. A test compares them.
const LIGHT: [Colour; 2] = [Colour([0xf8, 0xf7, 0xf4]), WHITE];
const DARK: [Colour; 2] = [Colour([0x16, 0x15, 0x14]), Colour([0x20, 0x1f, 0x1d])];

/// The colours that depend on the accent, for light and for dark.
pub(super) struct Palette {
    light: Scheme,
    dark: Scheme,
}

/// The accent on one pair of grounds.
struct Scheme {
    /// A surface.
    fill: Colour,
    /// Text on that surface.
    on: Colour,
    /// The accent as text, and as the rim of the surface.
    ink: Colour,
}

impl Palette {
    /// From `#rrggbb`; from the usual accent if it is anything else.
    pub(super) fn of(accent: &str) -> Self {
        let accent = Colour::parse(accent).unwrap_or(FALLBACK);
        let bright = accent.readable(DARK, SURFACE, WHITE);
        Self { light: Scheme::of(accent, LIGHT, BLACK), dark: Scheme::of(bright, DARK, WHITE) }
    }

    /// As a style sheet.
    pub(super) fn css(&self) -> String {
        let (light, dark) = (self.light.css(), self.dark.css());
        format!("{light}@media(prefers-color-scheme:dark){{{dark}}}")
    }
}

impl Scheme {
    fn of(fill: Colour, grounds: [Colour; 2], away: Colour) -> Self {
        // One of the two has at least the square root of 21, 4.58, on any colour.
        let on = if fill.contrast(WHITE) >= fill.contrast(BLACK) { WHITE } else { BLACK };
        Self { fill, on, ink: fill.readable(grounds, TEXT, away) }
    }

    fn css(&self) -> String {
        let Self { fill, on, ink } = self;
        format!(":root{{--fill:{};--on:{};--ink:{}}}", fill.hex(), on.hex(), ink.hex())
    }
}

/// Red, green and blue, sRGB.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Colour([u8; 3]);

impl Colour {
    fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6)?;
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        let [_, red, green, blue] = u32::from_str_radix(digits, 16).ok()?.to_be_bytes();
        Some(Self([red, green, blue]))
    }

    fn hex(self) -> String {
        let [red, green, blue] = self.0;
        format!("#{red:02x}{green:02x}{blue:02x}")
    }

    /// The nearest colour on the way to `away` that has this contrast on both grounds.
    /// Contrast only grows on that way once it is more than next to nothing, so halving
    /// finds it.
    fn readable(self, grounds: [Colour; 2], contrast: f64, away: Colour) -> Self {
        let is_readable =
            |step| grounds.iter().all(|ground| self.step(step, away).contrast(*ground) >= contrast);
        let (mut least, mut most) = (0, LAST_STEP);
        while least < most {
            let half = least.midpoint(most);
            if is_readable(half) { most = half } else { least = half + 1 }
        }
        self.step(most, away)
    }

    /// The way to `away`, in [`LAST_STEP`] steps: to white it first leads to the
    /// brightest that the hue can be.
    fn step(self, step: u16, away: Colour) -> Self {
        let vivid = if away == WHITE { self.brightest() } else { self };
        if step <= 255 { self.mixed(vivid, step) } else { vivid.mixed(away, step - 255) }
    }

    /// All channels raised alike, until the strongest is full.
    fn brightest(self) -> Self {
        let strongest = self.0.into_iter().max().map_or(1, |strongest| u16::from(strongest.max(1)));
        Self(self.0.map(|channel| u8::try_from(u16::from(channel) * 255 / strongest).unwrap_or(u8::MAX)))
    }

    /// So many 255ths of `other` in this colour.
    fn mixed(self, other: Colour, share: u16) -> Self {
        let mix = |own: u8, other: u8| {
            let sum = u16::from(own) * (255 - share) + u16::from(other) * share;
            u8::try_from(sum / 255).unwrap_or(u8::MAX)
        };
        let ([a, b, c], [x, y, z]) = (self.0, other.0);
        Self([mix(a, x), mix(b, y), mix(c, z)])
    }

    /// 1 to 21.
    fn contrast(self, other: Colour) -> f64 {
        let (one, two) = (self.luminance(), other.luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    /// 0 to 1.
    fn luminance(self) -> f64 {
        let [red, green, blue] = self.0.map(|channel| {
            let share = f64::from(channel) / 255.0;
            if share <= 0.040_45 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accents() -> impl Iterator<Item = Colour> {
        let steps = || (0..=255).step_by(17);
        steps().flat_map(move |r| steps().flat_map(move |g| steps().map(move |b| Colour([r, g, b]))))
    }

    #[test]
    fn every_accent_can_be_read_on_every_ground() {
        for accent in accents() {
            let palette = Palette::of(&accent.hex());
            for (scheme, grounds) in [(palette.light, LIGHT), (palette.dark, DARK)] {
                for ground in grounds {
                    assert!(scheme.ink.contrast(ground) >= TEXT, "{accent:?} as text");
                }
                assert!(
                    grounds == LIGHT || scheme.fill.contrast(DARK[1]) >= SURFACE,
                    "{accent:?} in the dark"
                );
                assert!(scheme.on.contrast(scheme.fill) >= TEXT, "text on {accent:?}");
            }
        }
    }

    #[test]
    fn no_accent_is_moved_further_than_needed() {
        for accent in accents() {
            for (grounds, away) in [(LIGHT, BLACK), (DARK, WHITE)] {
                let is_readable =
                    |colour: &Colour| grounds.iter().all(|ground| colour.contrast(*ground) >= TEXT);
                let nearest = (0..=LAST_STEP).map(|step| accent.step(step, away)).find(is_readable);
                assert_eq!(Some(accent.readable(grounds, TEXT, away)), nearest, "{accent:?}");
            }
        }
    }

    #[test]
    fn an_accent_that_can_be_read_stays_as_it_is() {
        let css = Palette::of("#1D4ED8").css();
        assert!(css.starts_with(":root{--fill:#1d4ed8;--on:#ffffff;--ink:#1d4ed8}"), "{css}");
    }

    #[test]
    fn what_is_no_colour_becomes_the_usual_accent() {
        for text in ["", "red", "#12345", "#1234567", "#12345g", "#+12345", "#é1234", "#000}x{"] {
            assert_eq!(Palette::of(text).css(), Palette::of("#8a1c2b").css(), "{text}");
        }
    }

    #[test]
    fn contrast_is_that_of_the_standard() {
        assert!((BLACK.contrast(WHITE) - 21.0).abs() < 1e-9);
        assert!((Colour([0x76; 3]).contrast(WHITE) - 4.54).abs() < 0.01);
    }

    #[test]
    fn borders_can_be_seen_on_every_ground() {
        let grey = Colour([0x88; 3]);
        assert!(LIGHT.iter().chain(&DARK).all(|ground| grey.contrast(*ground) >= SURFACE));
    }

    #[test]
    fn the_grounds_are_those_of_the_style_sheet() {
        let style = include_str!("style/base.css");
        for [page, card] in [LIGHT, DARK] {
            let card = if card == WHITE { "#fff".into() } else { card.hex() };
            assert!(style.contains(&format!("--page: {}; --card: {card};", page.hex())));
        }
    }
}
