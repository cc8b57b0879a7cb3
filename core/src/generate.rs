//! Values made here: which characters, how many.

/// Characters of a value when nobody asks for another length.
pub const USUAL_LENGTH: usize = 12;
/// The longest value that is made.
pub const LONGEST: usize = 128;

/// What a generated value is made of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Recipe {
    /// Characters, 1 to [`LONGEST`].
    pub length: usize,
    /// `A` to `Z`.
    pub uppercase: bool,
    /// `a` to `z`.
    pub lowercase: bool,
    /// `0` to `9`.
    pub numbers: bool,
    /// Punctuation.
    pub symbols: bool,
    /// Leaves out what is read wrongly: `i l o 1 I O 0`.
    pub exclude_ambiguous: bool,
}
impl Recipe {
    /// tmp
    pub fn make(
        &self,
        _e: &dyn crate::entropy::Entropy,
    ) -> Result<crate::secret::Plaintext, crate::entropy::EntropyError> {
        Ok("tmp".into())
    }
}
