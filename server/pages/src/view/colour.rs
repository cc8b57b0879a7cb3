//! Colours that can be read, whatever accent a brand has chosen.

/// The colours that depend on the accent, for light and for dark.
pub(super) struct Palette {
    accent: String,
}

impl Palette {
    pub(super) fn of(accent: &str) -> Self {
        Self { accent: accent.into() }
    }

    pub(super) fn css(&self) -> String {
        format!(":root{{--accent:{}}}", self.accent)
    }
}
