//! What the process asks of the system, as the system shows it.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::process::Command;

use crate::home::{Home, Server};

/// `nobody`, wherever there are users.
const NOBODY: u32 = 65_534;

fn proc(server: &Server, name: &str) -> String {
    format!("/proc/{}/{name}", server.pid())
}

/// Soft and hard.
fn limit(server: &Server, name: &str) -> (String, String) {
    let limits = fs::read_to_string(proc(server, "limits")).unwrap();
    let line = limits.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    let mut words = line.split_whitespace().map(str::to_owned);
    (words.next().unwrap(), words.next().unwrap())
}

#[test]
fn it_leaves_no_core_dump() {
    let server = Home::new().serve(&["--store", "memory:"]);
    assert_eq!(limit(&server, "Max core file size"), ("0".to_owned(), "0".to_owned()));
}

#[test]
fn it_asks_for_as_many_open_files_as_its_connections_need() {
    let home = Home::new();
    let plain = home.command(&["serve", "--listen", "127.0.0.1:0", "--store", "memory:"]);
    let mut limited = Command::new("sh");
    limited.args(["-c", "ulimit -S -n 64; exec \"$0\" \"$@\""]).arg(plain.get_program());
    limited.args(plain.get_args()).current_dir(home.path(""));
    let (soft, hard) = limit(&Server::start(&mut limited), "Max open files");
    assert!(soft != "64" || hard == "64", "{soft} of {hard}");
}

/// The system shows a process whose memory its own user may not read as root's.
#[test]
fn nobody_elses_process_may_read_its_memory() {
    let home = Home::new();
    let mut command = home.command(&["serve", "--listen", "127.0.0.1:0"]);
    if fs::metadata(home.path("")).unwrap().uid() == 0 {
        // Root's own processes look the same whether they are guarded or not.
        let program = home.path("waxseal");
        // Another process copies: a file that this one had open to write may be inherited
        // by what another test starts at that moment, and can't be run while it is.
        let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_waxseal")).arg(&program).status();
        assert!(copied.unwrap().success());
        std::os::unix::fs::chown(home.path(""), Some(NOBODY), None).unwrap();
        let arguments: Vec<_> = command.get_args().map(ToOwned::to_owned).collect();
        command = Command::new(program);
        command.args(arguments).current_dir(home.path("")).uid(NOBODY);
    }
    let server = Server::start(&mut command);
    let status = fs::read_to_string(proc(&server, "status")).unwrap();
    let user = status.lines().find_map(|line| line.strip_prefix("Uid:")).unwrap();
    let user: u32 = user.split_whitespace().next().unwrap().parse().unwrap();
    assert_ne!(user, 0);
    assert_ne!(fs::metadata(proc(&server, "mem")).unwrap().uid(), user, "its user may read its memory");
    assert_eq!(server.share("x")["state"], "new");
}
