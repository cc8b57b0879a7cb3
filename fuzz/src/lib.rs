//! What the targets share: fields to compare with what other parsers read,
//! sealed bytes and damage to do to them, and a whole deployment in memory.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod fields;
mod pages;
pub mod sealing;
pub mod world;
