//! What a program did to its files, and when it answered, as strace wrote it down.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

/// The calls that are written down: all by which a file of ours can be changed, and all
/// by which an answer leaves.
const CALLS: &str = "trace=openat,mkdir,mkdirat,write,writev,pwrite64,pwritev,pwritev2,sendto,sendmsg,ftruncate,\
                     fallocate,fsync,fdatasync,link,linkat,rename,renameat,renameat2,unlink,unlinkat";

/// What strace is told to write `into`: every byte, in hexadecimal.
pub(super) fn arguments(into: &Path) -> Vec<String> {
    let told = ["-f", "-q", "-y", "-xx", "-s", "8000000", "-e", CALLS, "-e", "signal=none", "-o"];
    told.map(str::to_owned).into_iter().chain([into.display().to_string()]).collect()
}

/// One step, in the order in which they were seen.
#[derive(Debug)]
pub(super) enum Event {
    Folder(PathBuf),
    Opened {
        path: PathBuf,
        cut: bool,
    },
    Written {
        path: PathBuf,
        offset: u64,
        bytes: Vec<u8>,
    },
    Length {
        path: PathBuf,
        bytes: u64,
    },
    Linked {
        from: PathBuf,
        to: PathBuf,
    },
    Renamed {
        from: PathBuf,
        to: PathBuf,
    },
    Removed(PathBuf),
    /// What was written to it before is on the disk.
    Synced(PathBuf),
    /// A sync failed: nobody knows what of it is on the disk, and no later sync will tell.
    SyncFailed(PathBuf),
    /// The answer to a request of this number began to leave.
    Answered(u64),
}

/// Reads what was written down, of files below `folder`. A step is placed where its call
/// returned, an answer where its call began: so nothing counts as written too early, and
/// nothing as answered too late.
pub(super) fn read(trace: &Path, folder: &Path) -> Vec<Event> {
    let mut reader = Reader { folder: folder.to_owned(), ..Reader::default() };
    let mut lines = BufReader::new(File::open(trace).unwrap());
    let mut line = String::new();
    while lines.read_line(&mut line).unwrap() > 0 {
        reader.line(line.trim_end());
        line.clear();
    }
    reader.events
}

#[derive(Default)]
struct Reader {
    folder: PathBuf,
    events: Vec<Event>,
    /// The beginnings of calls that have not returned, by thread.
    begun: HashMap<String, String>,
    /// Where the next plain write to a descriptor goes.
    offsets: HashMap<String, u64>,
}

impl Reader {
    fn line(&mut self, line: &str) {
        let Some((thread, call)) = line.split_once(' ') else { return };
        let call = call.trim_start();
        if let Some(begun) = call.strip_suffix("<unfinished ...>") {
            self.answer(begun);
            self.begun.insert(thread.to_owned(), begun.to_owned());
        } else if let Some(resumed) = call.strip_prefix("<... ") {
            let rest = resumed.split_once("resumed>").unwrap().1;
            let begun = self.begun.remove(thread).unwrap_or_default();
            self.returned(&format!("{}{rest}", begun.trim_end()));
        } else {
            self.answer(call);
            self.returned(call);
        }
    }

    /// Notes an answer, if the call sends one.
    fn answer(&mut self, call: &str) {
        let sends = ["write", "writev", "sendto", "sendmsg"].iter().any(|name| is(call, name));
        if !sends || !described(call).is_some_and(|path| path.starts_with("socket:")) {
            return;
        }
        let sent: String = strings(call).map(|text| String::from_utf8_lossy(&text).into_owned()).collect();
        let carried = sent.split_once("x-request-id: ").and_then(|(_, rest)| rest.split_once("\r\n"));
        self.events.extend(carried.and_then(|(id, _)| id.parse().ok()).map(Event::Answered));
    }

    fn returned(&mut self, call: &str) {
        let Some((call, result)) = call.rsplit_once(" = ") else { return };
        let (name, failed) = (call.split('(').next().unwrap(), result.starts_with('-'));
        if failed && !matches!(name, "fsync" | "fdatasync") {
            return;
        }
        let event = match name {
            "openat" => self.opened(call, result),
            "write" | "pwrite64" => self.written(name, call, result),
            "mkdir" | "mkdirat" => self.named(call).next().map(Event::Folder),
            "unlink" | "unlinkat" => self.named(call).next().map(Event::Removed),
            "link" | "linkat" => self.two(call).map(|(from, to)| Event::Linked { from, to }),
            "rename" | "renameat" | "renameat2" => {
                self.two(call).map(|(from, to)| Event::Renamed { from, to })
            }
            "ftruncate" => self.file(call).map(|path| Event::Length { path, bytes: last_number(call) }),
            "fsync" | "fdatasync" if failed => self.file(call).map(Event::SyncFailed),
            "fsync" | "fdatasync" => self.file(call).map(Event::Synced),
            _ => {
                let unread = self.file(call).filter(|_| !matches!(name, "writev" | "sendto" | "sendmsg"));
                assert!(unread.is_none(), "{name} changes a file, and is not read");
                None
            }
        };
        self.events.extend(event);
    }

    fn opened(&mut self, call: &str, result: &str) -> Option<Event> {
        let descriptor = result.split('<').next()?.to_owned();
        self.offsets.insert(descriptor, 0);
        let path = described(result).and_then(|path| self.ours(Path::new(&path)))?;
        let made = call.contains("O_CREAT") || call.contains("O_TRUNC");
        made.then(|| Event::Opened { path, cut: call.contains("O_TRUNC") })
    }

    fn written(&mut self, name: &str, call: &str, result: &str) -> Option<Event> {
        let path = self.file(call)?;
        let mut bytes = strings(call).next().unwrap_or_default();
        bytes.truncate(result.trim().parse().unwrap());
        let descriptor = call.split_once('(')?.1.split('<').next()?.to_owned();
        let next = self.offsets.entry(descriptor).or_default();
        let offset = if name == "write" { *next } else { last_number(call) };
        if name == "write" {
            *next += bytes.len() as u64;
        }
        Some(Event::Written { path, offset, bytes })
    }

    /// The file of ours that a call's descriptor stands for.
    fn file(&self, call: &str) -> Option<PathBuf> {
        self.ours(Path::new(&described(call)?))
    }

    fn two(&self, call: &str) -> Option<(PathBuf, PathBuf)> {
        let mut names = self.named(call);
        Some((names.next()?, names.next()?))
    }

    /// The files of ours that a call names.
    fn named<'a>(&'a self, call: &'a str) -> impl Iterator<Item = PathBuf> + 'a {
        strings(call).filter_map(|name| self.ours(Path::new(std::str::from_utf8(&name).ok()?)))
    }

    /// What lies below our folder; not what may be gone after any crash: SQLite's index
    /// of the log, and the room that is kept back.
    fn ours(&self, path: &Path) -> Option<PathBuf> {
        let path = self.folder.join(path);
        let name = path.file_name()?.to_str()?;
        let lasting = !name.ends_with("-shm") && !name.ends_with("-reserve");
        (lasting && path.starts_with(&self.folder)).then_some(path)
    }
}

fn is(call: &str, name: &str) -> bool {
    call.strip_prefix(name).is_some_and(|rest| rest.starts_with('('))
}

/// What strace says of the first descriptor: the path of a file, or `socket:[…]`.
fn described(text: &str) -> Option<String> {
    let path = text.split_once('<')?.1.split_once('>')?.0;
    String::from_utf8(bytes(path)).ok()
}

/// The strings of a call, as they were.
fn strings(call: &str) -> impl Iterator<Item = Vec<u8>> + '_ {
    call.split('"').skip(1).step_by(2).map(bytes)
}

/// `\x2f\x74` as bytes.
fn bytes(text: &str) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok()).unwrap();
    text.as_bytes().chunks_exact(4).map(|byte| digit(byte[2]) << 4 | digit(byte[3])).collect()
}

fn last_number(call: &str) -> u64 {
    call.trim_end().trim_end_matches(')').rsplit_once(", ").unwrap().1.parse().unwrap()
}
