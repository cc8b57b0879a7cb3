//! Files that hold what nobody else may read.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

/// More than any of them holds: a key file with hundreds of keys.
pub(crate) const LARGEST: usize = 64 << 10;

/// Why such a file is not read. Shows no byte of it.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// It is not there.
    #[error("there is no file {}", .0.display())]
    Missing(PathBuf),
    /// It can't be read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Others than its owner may read or change it.
    #[error("others may read {path} (mode {mode:04o}); make it yours alone: chmod 600 {path}", path = path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
}

/// Reads at once into a buffer that never moves, so that no copy stays behind.
/// `alone` refuses a file that others than its owner may read.
///
/// # Errors
/// If it can't be read, is no UTF-8, has 64 KiB or more, or is open to others.
pub fn read(path: &Path, alone: bool) -> Result<Zeroizing<String>, Refused> {
    read_without(path, if alone { 0o077 } else { 0 })
}

/// Reads likewise a file that its group may read, too, as tools that fetch certificates
/// leave their keys for a group of servers.
pub(crate) fn read_of_group(path: &Path) -> Result<Zeroizing<String>, Refused> {
    read_without(path, 0o037)
}

/// `refused` are the permission bits that the file must not have.
fn read_without(path: &Path, refused: u32) -> Result<Zeroizing<String>, Refused> {
    let unreadable = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => Refused::Missing(path.to_owned()),
        _ => Refused::Unreadable { path: path.to_owned(), source },
    };
    let file = File::open(path).map_err(unreadable)?;
    let mode = mode(&file).map_err(unreadable)?;
    if mode & refused != 0 {
        return Err(Refused::Exposed { path: path.to_owned(), mode });
    }
    let mut text = Zeroizing::new(String::with_capacity(LARGEST));
    file.take(LARGEST as u64).read_to_string(&mut text).map_err(unreadable)?;
    if text.len() == LARGEST {
        return Err(unreadable(io::Error::new(io::ErrorKind::FileTooLarge, "it is too large")));
    }
    Ok(text)
}

/// A file's permission bits.
#[cfg(unix)]
pub(crate) fn mode(file: &File) -> io::Result<u32> {
    use std::os::unix::fs::PermissionsExt;
    Ok(file.metadata()?.permissions().mode() & 0o7777)
}

/// Elsewhere a file has no such bits: its folder's access list guards it.
#[cfg(not(unix))]
pub(crate) fn mode(_: &File) -> io::Result<u32> {
    Ok(0)
}
