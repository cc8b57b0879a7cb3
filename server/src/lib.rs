//! Waxseal over HTTP.

pub mod config;
