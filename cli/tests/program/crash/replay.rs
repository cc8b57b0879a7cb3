//! A disk to which recorded steps are done, and which can lose what was not synced.
//!
//! It keeps what the system promises and no more: bytes of a file are there once that
//! file was synced, its name once the folder was. Of everything else any part may be
//! there after a power cut, in blocks of 512 bytes, in any order. What was written before
//! a sync that failed may be missing for ever, whatever later syncs say.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::Dice;
use super::trace::Event;

const BLOCK: u64 = 512;

/// What becomes of that which was not synced.
pub(super) enum Loss {
    /// All of it is gone.
    All,
    /// Nothing is: the process died, and not the machine.
    Nothing,
    /// Any part.
    Some(Dice),
}

#[derive(Default)]
pub(super) struct Disk {
    /// `None` for a folder.
    nodes: Vec<Option<Vec<Change>>>,
    /// As processes see them.
    names: BTreeMap<PathBuf, usize>,
    /// As they are on the disk.
    lasting: BTreeMap<PathBuf, usize>,
    /// Changes of names that no sync has reached. What changes together is kept together.
    waiting: Vec<Vec<(PathBuf, Option<usize>)>>,
}

struct Change {
    what: What,
    held: Held,
}

enum What {
    Bytes(u64, Vec<u8>),
    Length(u64),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Held {
    Synced,
    Waiting,
    /// A sync of it has failed.
    Doubtful,
}

impl Loss {
    fn keeps(&mut self) -> bool {
        match self {
            Self::All => false,
            Self::Nothing => true,
            Self::Some(dice) => dice.below(2) == 1,
        }
    }
}

impl Disk {
    pub(super) fn apply(&mut self, event: &Event) {
        match event {
            Event::Folder(path) => self.make(path, None),
            Event::Opened { path, cut } => {
                if !self.names.contains_key(path) {
                    self.make(path, Some(Vec::new()));
                } else if *cut {
                    self.change(path, What::Length(0));
                }
            }
            Event::Written { path, offset, bytes } => self.change(path, What::Bytes(*offset, bytes.clone())),
            Event::Length { path, bytes } => self.change(path, What::Length(*bytes)),
            Event::Linked { from, to } => self.rename(vec![(to.clone(), Some(self.names[from]))]),
            Event::Renamed { from, to } => {
                self.rename(vec![(from.clone(), None), (to.clone(), Some(self.names[from]))]);
            }
            Event::Removed(path) => self.rename(vec![(path.clone(), None)]),
            Event::Synced(path) => self.sync(path),
            Event::SyncFailed(path) => self.fail(path),
            Event::Answered(_) => {}
        }
    }

    fn make(&mut self, path: &Path, node: Option<Vec<Change>>) {
        self.nodes.push(node);
        self.rename(vec![(path.to_owned(), Some(self.nodes.len() - 1))]);
    }

    fn rename(&mut self, names: Vec<(PathBuf, Option<usize>)>) {
        set(&mut self.names, &names);
        self.waiting.push(names);
    }

    /// A descriptor may outlive its file's name: what is written there then is gone with it.
    fn change(&mut self, path: &Path, what: What) {
        if let Some(changes) = self.names.get(path).and_then(|node| self.nodes[*node].as_mut()) {
            changes.push(Change { what, held: Held::Waiting });
        }
    }

    fn sync(&mut self, path: &Path) {
        let node = self.names.get(path).and_then(|node| self.nodes[*node].as_mut());
        if let Some(changes) = node {
            let waiting = changes.iter_mut().filter(|change| change.held == Held::Waiting);
            waiting.for_each(|change| change.held = Held::Synced);
            if changes.iter().all(|change| change.held == Held::Synced) {
                let whole = content(changes, &mut Loss::Nothing);
                *changes = vec![Change { what: What::Bytes(0, whole), held: Held::Synced }];
            }
            return;
        }
        let of_folder = |names: &mut Vec<(PathBuf, Option<usize>)>| names[0].0.parent() == Some(path);
        for names in self.waiting.extract_if(.., of_folder) {
            set(&mut self.lasting, &names);
        }
    }

    fn fail(&mut self, path: &Path) {
        let node = self.names.get(path).and_then(|node| self.nodes[*node].as_mut());
        let waiting = node.into_iter().flatten().filter(|change| change.held == Held::Waiting);
        waiting.for_each(|change| change.held = Held::Doubtful);
    }

    /// Asserts that the files below `folder` are what the steps have made of them.
    pub(super) fn assert_is(&self, folder: &Path) {
        for (path, node) in self.names.iter().filter(|(path, _)| path.starts_with(folder)) {
            if let Some(changes) = &self.nodes[*node] {
                let (ours, theirs) = (content(changes, &mut Loss::Nothing), fs::read(path).unwrap());
                assert!(ours == theirs, "{} is not what was recorded", path.display());
            }
        }
    }

    /// Writes what a power cut leaves now of the files below `folder` into another folder.
    pub(super) fn cut(&self, folder: &Path, into: &Path, mut loss: Loss) {
        let mut names = self.lasting.clone();
        for change in &self.waiting {
            if loss.keeps() {
                set(&mut names, change);
            }
        }
        for (path, node) in &names {
            let place = into.join(path.strip_prefix(folder).unwrap());
            // A file whose folder's name is lost is lost with it.
            if !place.parent().unwrap().is_dir() {
                continue;
            }
            match &self.nodes[*node] {
                None => fs::create_dir(&place).unwrap(),
                Some(changes) => {
                    let mut file = OpenOptions::new();
                    let file = file.create_new(true).write(true).mode(0o600).open(&place);
                    file.unwrap().write_all(&content(changes, &mut loss)).unwrap();
                }
            }
        }
    }
}

fn set(names: &mut BTreeMap<PathBuf, usize>, changes: &[(PathBuf, Option<usize>)]) {
    for (path, node) in changes {
        match node {
            Some(node) => names.insert(path.clone(), *node),
            None => names.remove(path),
        };
    }
}

/// A file's bytes, if what is not synced is lost so.
fn content(changes: &[Change], loss: &mut Loss) -> Vec<u8> {
    let mut file = Vec::new();
    for Change { what, held } in changes {
        let sure = *held == Held::Synced;
        match what {
            What::Length(bytes) if sure || loss.keeps() => file.resize(usize::try_from(*bytes).unwrap(), 0),
            What::Length(_) => {}
            What::Bytes(offset, bytes) if sure => put(&mut file, *offset, bytes),
            What::Bytes(offset, bytes) => {
                for (at, block) in blocks(*offset, bytes) {
                    if loss.keeps() {
                        put(&mut file, at, block);
                    }
                }
            }
        }
    }
    file
}

fn put(file: &mut Vec<u8>, offset: u64, bytes: &[u8]) {
    let start = usize::try_from(offset).unwrap();
    file.resize(file.len().max(start + bytes.len()), 0);
    file[start..start + bytes.len()].copy_from_slice(bytes);
}

/// Bytes as they fall into the blocks of a disk, each with its offset.
fn blocks(mut offset: u64, mut bytes: &[u8]) -> Vec<(u64, &[u8])> {
    let mut blocks = Vec::new();
    while !bytes.is_empty() {
        let room = usize::try_from(BLOCK - offset % BLOCK).unwrap();
        let (block, rest) = bytes.split_at(room.min(bytes.len()));
        blocks.push((offset, block));
        (offset, bytes) = (offset + block.len() as u64, rest);
    }
    blocks
}
