//! The real program, run as a person or a script would run it.

mod account;
mod client;
mod client_old;
#[cfg(target_os = "linux")]
mod client_terminal;
mod client_tls;
mod config;
#[cfg(unix)]
mod copies;
#[cfg(target_os = "linux")]
mod crash;
#[cfg(unix)]
mod doctor;
mod domain;
mod faults;
#[cfg(all(unix, feature = "mail"))]
#[allow(dead_code, reason = "shared with another test, which uses all of it")]
#[path = "../figures/mod.rs"]
mod figures;
mod home;
mod init;
mod key;
#[cfg(feature = "mail")]
mod mail;
mod nodes;
#[cfg(target_os = "linux")]
mod overload;
mod pages;
#[cfg(target_os = "linux")]
mod process;
mod promises;
mod recorded;
#[cfg(target_os = "linux")]
mod residue;
mod serve;
mod settings;
#[cfg(all(unix, feature = "mail"))]
mod tls;
mod token;
mod upkeep;
