//! Room kept back on the disk: when none is left for new secrets, it is given up,
//! so that those that stand can still be opened and burned.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::schema::beside;

/// About a hundred endings between two cuts of the log; each of those gives the
/// room back.
const BYTES: usize = 4 << 20;

/// A file beside the database, `<name>-reserve`. That it stands whole says that
/// there is room, to every process that shares the store.
#[derive(Debug)]
pub(crate) struct Reserve {
    path: PathBuf,
}

impl Reserve {
    pub(crate) fn beside(store: &Path) -> Self {
        Self { path: beside(store, "-reserve") }
    }

    /// Whether the room is kept back; tries to take it if it is not.
    pub(crate) fn is_held(&self) -> bool {
        let whole = fs::metadata(&self.path).is_ok_and(|found| found.len() >= BYTES as u64);
        whole || self.take().is_ok()
    }

    /// Gives the room up. `false` if that was done already.
    pub(crate) fn release(&self) -> bool {
        let released = fs::remove_file(&self.path).is_ok();
        if released {
            tracing::error!("the disk is full: no new secret is stored until there is room");
        }
        released
    }

    fn take(&self) -> io::Result<()> {
        let taken = self.fill();
        if taken.is_err() {
            fs::remove_file(&self.path)?;
        }
        taken
    }

    /// Written, not merely declared long: a hole keeps no room.
    fn fill(&self) -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&self.path)?;
        file.write_all(&vec![0; BYTES])?;
        file.sync_all()
    }
}
