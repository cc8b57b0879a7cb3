//! `waxseal completions` and `waxseal man`: made of the definitions that the command
//! line is read by.

use std::io::Write;
use std::path::Path;
use std::{fs, io};

use anyhow::Context;
use clap::Command;
use clap_complete::Shell;
use clap_mangen::Man;

use crate::args;
use crate::exit::Failure;
use crate::out;

/// Prints the completions for a shell.
pub(crate) fn completions(shell: Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut args::definition(), "waxseal", &mut script);
    print(&script)
}

/// Prints the man page of the program, or writes those of all commands into a folder.
pub(crate) fn man(folder: Option<&Path>) -> Result<(), Failure> {
    let mut command = args::definition();
    command.build();
    let Some(folder) = folder else { return print(&page(&command, "waxseal").map_err(Failure::other)?) };
    fs::create_dir_all(folder).context("cannot make the folder").map_err(Failure::other)?;
    let mut pages = Vec::new();
    collect(&command, "waxseal", &mut pages).map_err(Failure::other)?;
    for (name, page) in &pages {
        let path = folder.join(format!("{name}.1"));
        let written = fs::write(&path, page);
        written.with_context(|| format!("cannot write {}", path.display())).map_err(Failure::other)?;
    }
    out::remark(format_args!("{} man pages in {}", pages.len(), folder.display()));
    Ok(())
}

fn collect(command: &Command, name: &str, pages: &mut Vec<(String, Vec<u8>)>) -> io::Result<()> {
    pages.push((name.to_owned(), page(command, name)?));
    let shown = |sub: &&Command| sub.get_name() != "help" && !sub.is_hide_set();
    command
        .get_subcommands()
        .filter(shown)
        .try_for_each(|sub| collect(sub, &format!("{name}-{}", sub.get_name()), pages))
}

fn page(command: &Command, name: &str) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    Man::new(command.clone().disable_help_subcommand(true).display_name(name))
        .title(name)
        .render(&mut page)?;
    Ok(page)
}

fn print(bytes: &[u8]) -> Result<(), Failure> {
    io::stdout().write_all(bytes).context("cannot write to standard output").map_err(Failure::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every command that is not hidden, as `waxseal-account-token-add`.
    fn all(command: &Command, name: &str) -> Vec<String> {
        let below = command.get_subcommands().filter(|sub| sub.get_name() != "help");
        let below = below.flat_map(|sub| all(sub, &format!("{name}-{}", sub.get_name())));
        [name.to_owned()].into_iter().chain(below).collect()
    }

    #[test]
    fn every_command_has_its_page() {
        let mut command = args::definition();
        command.build();
        let mut pages = Vec::new();
        collect(&command, "waxseal", &mut pages).unwrap();
        let names: Vec<&String> = pages.iter().map(|(name, _)| name).collect();
        assert_eq!(names, all(&command, "waxseal").iter().collect::<Vec<_>>());
        assert!(names.len() > 25 && names.iter().any(|name| *name == "waxseal-account-token-add"));
        for (name, page) in &pages {
            let text = String::from_utf8(page.clone()).unwrap();
            assert!(text.contains(".SH NAME") && text.contains(&name.replace('-', "\\-")), "{name}: {text}");
        }
    }

    #[test]
    fn every_shell_completes_every_command() {
        let mut command = args::definition();
        command.build();
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::Elvish, Shell::PowerShell] {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut args::definition(), "waxseal", &mut script);
            let script = String::from_utf8(script).unwrap();
            for name in all(&command, "waxseal") {
                let last = name.rsplit('-').next().unwrap();
                assert!(script.contains(last), "{shell}: {name}");
            }
        }
    }
}
