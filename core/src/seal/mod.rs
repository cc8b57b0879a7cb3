//! Sealing: keys, layouts, and the one place that calls cryptographic primitives.

pub mod labels;
