//! What holds between the languages.
