//! The pages that people meet: requests in, HTML out. No socket, no hyper.

pub mod field;
pub mod view;
