//! Values made here: which characters, how many, and the making.

use zeroize::Zeroizing;

use crate::wiped::Wiped;

use crate::entropy::{Entropy, EntropyError};
use crate::secret::Plaintext;

/// Characters of a value when nobody asks for another length.
pub const USUAL_LENGTH: usize = 12;
/// The longest value that is made.
pub const LONGEST: usize = 128;

const UPPERCASE: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const LOWERCASE: &str = "abcdefghijklmnopqrstuvwxyz";
const NUMBERS: &str = "0123456789";
/// V1-N2: 31 symbols of ASCII. The backslash is not among them.
const SYMBOLS: &str = "!@#$%^&*()_-+=[]{}|:;\"'<>,.?/~`";
/// V1-N4: symbols of the usual alphabet, of which none need be there.
const USUAL_SYMBOLS: &str = "*$!?(";
/// What is read wrongly.
const AMBIGUOUS: &str = "ilo1IO0";

/// Bytes drawn at a time: enough for a usual value and its shuffling.
const DRAWN: usize = 64;
/// A byte is rejected in less than half of all cases; a source that gives so
/// many of those in a row is broken.
const MOST_REJECTED: usize = 256;

/// What a generated value is made of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Recipe {
    /// Characters, 1 to [`LONGEST`].
    pub length: usize,
    /// Which characters; `None` for the usual alphabet: letters and digits that
    /// are not read wrongly, and `*$!?(`.
    pub sets: Option<CharacterSets>,
}

impl Default for Recipe {
    fn default() -> Self {
        Self { length: USUAL_LENGTH, sets: None }
    }
}

/// Sets of characters, for callers who choose. One who names a few leaves the
/// others as they are by default.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CharacterSets {
    /// `A` to `Z`.
    pub uppercase: bool,
    /// `a` to `z`.
    pub lowercase: bool,
    /// `0` to `9`.
    pub numbers: bool,
    /// The punctuation of ASCII but the backslash.
    pub symbols: bool,
    /// Leaves out what is read wrongly: `i l o 1 I O 0`.
    pub exclude_ambiguous: bool,
}

impl Default for CharacterSets {
    fn default() -> Self {
        Self { uppercase: true, lowercase: true, numbers: true, symbols: false, exclude_ambiguous: true }
    }
}

impl Recipe {
    /// Makes a value: one character of each set if the length allows, the rest
    /// of all sets together, in random order. No character and no place is
    /// likelier than another. Without any set the usual alphabet is taken.
    ///
    /// # Errors
    /// [`EntropyError`] if the source fails.
    pub fn make(&self, entropy: &dyn Entropy) -> Result<Plaintext, EntropyError> {
        let (required, others) = self.alphabet();
        let union: Vec<u8> = required.iter().flatten().chain(&others).copied().collect();
        let mut dice = Dice::new(entropy);
        let mut value = Wiped::with_capacity(self.length);
        if required.len() <= self.length {
            for set in &required {
                value.push(dice.pick(set)?);
            }
        }
        while value.len() < self.length {
            value.push(dice.pick(&union)?);
        }
        dice.shuffle(&mut value)?;
        Plaintext::from_utf8(value).ok_or(EntropyError)
    }

    /// The sets that each give one character, and the characters that need not appear.
    fn alphabet(&self) -> (Vec<Vec<u8>>, Vec<u8>) {
        let named = self.sets.map(CharacterSets::members).unwrap_or_default();
        if named.is_empty() {
            (CharacterSets::default().members(), USUAL_SYMBOLS.into())
        } else {
            (named, Vec::new())
        }
    }
}

impl CharacterSets {
    /// The characters of each set that is on.
    fn members(self) -> Vec<Vec<u8>> {
        let sets = [
            (self.uppercase, UPPERCASE),
            (self.lowercase, LOWERCASE),
            (self.numbers, NUMBERS),
            (self.symbols, SYMBOLS),
        ];
        let read_well = |byte: &u8| !self.exclude_ambiguous || !AMBIGUOUS.as_bytes().contains(byte);
        let on = sets.into_iter().filter(|(on, _)| *on);
        on.map(|(_, set)| set.bytes().filter(read_well).collect()).collect()
    }
}

/// Fair numbers from a source of bytes. What was drawn is wiped on drop.
struct Dice<'a> {
    entropy: &'a dyn Entropy,
    drawn: Zeroizing<[u8; DRAWN]>,
    used: usize,
}

impl<'a> Dice<'a> {
    fn new(entropy: &'a dyn Entropy) -> Self {
        Self { entropy, drawn: Zeroizing::new([0; DRAWN]), used: DRAWN }
    }

    fn byte(&mut self) -> Result<u8, EntropyError> {
        if self.used == DRAWN {
            self.entropy.fill(&mut *self.drawn)?;
            self.used = 0;
        }
        self.used += 1;
        Ok(self.drawn[self.used - 1])
    }

    /// A number below `bound`, which is 1 to 256. Bytes above the last whole
    /// multiple of it are rejected, for they would favour small numbers.
    fn below(&mut self, bound: usize) -> Result<usize, EntropyError> {
        let fair = 256 - 256 % bound;
        for _ in 0..MOST_REJECTED {
            let byte = usize::from(self.byte()?);
            if byte < fair {
                return Ok(byte % bound);
            }
        }
        Err(EntropyError)
    }

    fn pick(&mut self, set: &[u8]) -> Result<u8, EntropyError> {
        Ok(set[self.below(set.len())?])
    }

    /// Fisher and Yates.
    fn shuffle(&mut self, value: &mut [u8]) -> Result<(), EntropyError> {
        for last in (1..value.len()).rev() {
            value.swap(last, self.below(last + 1)?);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts up, so that every byte comes equally often.
    #[derive(Debug, Default)]
    struct Counting(std::sync::atomic::AtomicU8);

    impl Entropy for Counting {
        fn fill(&self, out: &mut [u8]) -> Result<(), EntropyError> {
            out.fill_with(|| self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
            Ok(())
        }
    }

    /// Gives one byte for ever.
    #[derive(Debug)]
    struct Stuck(u8);

    impl Entropy for Stuck {
        fn fill(&self, out: &mut [u8]) -> Result<(), EntropyError> {
            out.fill(self.0);
            Ok(())
        }
    }

    #[test]
    fn v1_n2_the_alphabets_have_their_sizes() {
        assert_eq!(SYMBOLS.len(), 31);
        let members = CharacterSets { symbols: true, ..CharacterSets::default() }.members();
        assert_eq!(members.iter().map(Vec::len).collect::<Vec<_>>(), [24, 23, 8, 31]);
        let all = CharacterSets { exclude_ambiguous: false, ..CharacterSets::default() }.members();
        assert_eq!(all.iter().map(Vec::len).collect::<Vec<_>>(), [26, 26, 10]);
    }

    #[test]
    fn v1_n4_the_usual_value_has_upper_lower_and_digit() {
        let value = Recipe::default().make(&Counting::default()).unwrap();
        let text = value.expose();
        assert_eq!(text.len(), USUAL_LENGTH);
        assert!(text.contains(|c: char| c.is_ascii_uppercase()));
        assert!(text.contains(|c: char| c.is_ascii_lowercase()));
        assert!(text.contains(|c: char| c.is_ascii_digit()));
    }

    #[test]
    fn v1_n3_no_set_at_all_is_the_usual_alphabet() {
        let none = CharacterSets {
            uppercase: false,
            lowercase: false,
            numbers: false,
            symbols: false,
            exclude_ambiguous: false,
        };
        let recipe = Recipe { sets: Some(none), ..Recipe::default() };
        assert_eq!(recipe.alphabet(), Recipe::default().alphabet());
    }

    #[test]
    fn every_number_below_a_bound_is_equally_likely() {
        let source = Counting::default();
        let mut dice = Dice::new(&source);
        let mut seen = [0; 60];
        // Twice through all bytes: of each 256, 16 must be rejected.
        for _ in 0..480 {
            seen[dice.below(60).unwrap()] += 1;
        }
        assert_eq!(seen, [8; 60]);
    }

    #[test]
    fn every_character_may_go_to_every_place_and_stay_where_it_is() {
        let shuffled = |bytes: [u8; 2]| {
            let mut dice = Dice::new(&Stuck(0));
            dice.drawn[..2].copy_from_slice(&bytes);
            dice.used = 0;
            let mut value = *b"abc";
            dice.shuffle(&mut value).unwrap();
            value
        };
        let mut orders: Vec<_> = (0..3).flat_map(|a| [shuffled([a, 0]), shuffled([a, 1])]).collect();
        orders.sort_unstable();
        assert_eq!(orders, [*b"abc", *b"acb", *b"bac", *b"bca", *b"cab", *b"cba"]);
    }

    #[test]
    fn a_source_that_is_stuck_ends_in_an_error() {
        assert!(Recipe::default().make(&Stuck(0xff)).is_err());
        assert!(Recipe::default().make(&Stuck(0)).is_ok());
    }
}
