//! The real program, run as a person or a script would run it.

mod account;
mod config;
#[cfg(unix)]
mod doctor;
mod domain;
mod faults;
mod home;
mod init;
mod key;
#[cfg(feature = "mail")]
mod mail;
mod nodes;
mod pages;
#[cfg(target_os = "linux")]
mod process;
mod promises;
mod serve;
mod settings;
mod token;
