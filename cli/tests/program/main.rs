//! The real program, run as a person or a script would run it.

mod account;
mod faults;
mod home;
mod init;
mod promises;
mod serve;
mod settings;
