//! What pages and messages say, in every language: one file a language.
