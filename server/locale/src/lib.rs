//! What pages and messages say, in every language: one file a language.
//!
//! [`Words`] has one field for each text, so that a language which lacks one does
//! not compile. Texts that tell a value have named places, `{max}`, which
//! [`fill`] fills; that all languages have the same places is tested. What
//! depends on a number is a [`Plural`]; how numbers, dates and lengths of time
//! are written is in [`Words::number`], [`Words::date`] and [`Words::duration`].
//!
//! # To add a language
//! A file beside `en.rs`, a line in [`Words::of`], and its tag in
//! [`waxseal_core::contract::locale::LOCALES`]; a test compares the two.
//!
//! # How readers are addressed
//! Spanish *usted*, German *Sie*, French *vous*, Portuguese *você*, in words that
//! are understood on both sides of the Atlantic.

mod date;
mod de;
mod en;
mod es;
mod fr;
mod number;
mod pt;
mod text;
mod words;

pub use date::{Date, machine};
pub use number::{Plural, Rule};
pub use text::fill;
pub use words::{
    Burn, Create, Frame, Front, Gone, Lost, Mail, Problems, Receipt, Shown, Trouble, Units, Words,
};

impl Words {
    /// Every language, in the order in which they are offered.
    pub const ALL: [&'static Self; 5] = [&en::EN, &es::ES, &fr::FR, &de::DE, &pt::PT];

    /// The words of a language, by its tag; English for one that is not spoken here.
    #[must_use]
    pub fn of(locale: &str) -> &'static Self {
        Self::ALL.into_iter().find(|words| words.tag == locale).unwrap_or(&en::EN)
    }
}

#[cfg(test)]
mod tests;
