//! Waxseal over HTTP.

pub mod config;
pub mod key_file;
