//! The real program, run as a person or a script would run it.

mod account;
mod home;
mod init;
mod key;
mod serve;
mod settings;
mod token;
