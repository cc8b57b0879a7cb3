//! The key file on disk: read only where nobody else can, made once, never overwritten.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use waxseal_core::seal::keyring::{self, Keyring};
use zeroize::Zeroizing;

use crate::config::Key;

/// More than any key file holds: a ring of hundreds of keys.
const LARGEST: usize = 64 << 10;

/// Why there are no keys. Shows no byte of a key file.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// It is not there.
    #[error("there is no key file at {}", .0.display())]
    Missing(PathBuf),
    /// It can't be read.
    #[error("cannot read the key file {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Others than its owner may read or change it.
    #[error("others may read the key file {path} (mode {mode:04o}); make it yours alone: chmod 600 {path}", path = path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It holds something else than keys.
    #[error("{place} holds no keys")]
    Malformed {
        /// Where the text came from.
        place: String,
        /// What is wrong.
        source: keyring::KeyFileError,
    },
    /// It can't be made.
    #[error("cannot make the key file {}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// Why not; [`io::ErrorKind::AlreadyExists`] if it is there.
        source: io::Error,
    },
}

/// Reads the keys from where the configuration says.
///
/// # Errors
/// [`KeyError`]; a key file that others can read is refused.
pub fn load(key: &Key) -> Result<Keyring, KeyError> {
    let (place, text) = match key {
        Key::Text(text) => ("WAXSEAL_KEY".to_owned(), text.clone()),
        Key::File(path) => (path.display().to_string(), read(path, true)?),
        // Its access list, which systemd sets, shows as permissions of the group.
        Key::Credential(path) => (path.display().to_string(), read(path, false)?),
    };
    Keyring::parse(&text).map_err(|source| KeyError::Malformed { place, source })
}

/// Writes a new key file, for its owner alone, and makes it durable.
///
/// # Errors
/// [`KeyError::Unwritable`]; what stands there already is left as it is.
pub fn create(path: &Path, keyring: &Keyring) -> Result<(), KeyError> {
    let unwritable = |source| KeyError::Unwritable { path: path.to_owned(), source };
    let file = private().open(path).map_err(unwritable)?;
    fill(file, path, &keyring.to_text()).map_err(|source| {
        // Half a key file would only be in the way. It is ours: `open` made it.
        fs::remove_file(path).map_or_else(&unwritable, |()| unwritable(source))
    })
}

fn fill(mut file: File, path: &Path, text: &str) -> io::Result<()> {
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if cfg!(unix) { File::open(folder.unwrap_or(Path::new(".")))?.sync_all() } else { Ok(()) }
}

/// Reads at once into a buffer that never moves, so that no copy stays behind.
fn read(path: &Path, alone: bool) -> Result<Zeroizing<String>, KeyError> {
    let unreadable = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => KeyError::Missing(path.to_owned()),
        _ => KeyError::Unreadable { path: path.to_owned(), source },
    };
    let file = File::open(path).map_err(unreadable)?;
    if alone {
        check_alone(path, mode(&file).map_err(unreadable)?)?;
    }
    let mut text = Zeroizing::new(String::with_capacity(LARGEST));
    file.take(LARGEST as u64).read_to_string(&mut text).map_err(unreadable)?;
    Ok(text)
}

fn check_alone(path: &Path, mode: u32) -> Result<(), KeyError> {
    if mode & 0o077 == 0 { Ok(()) } else { Err(KeyError::Exposed { path: path.to_owned(), mode }) }
}

#[cfg(unix)]
fn mode(file: &File) -> io::Result<u32> {
    use std::os::unix::fs::PermissionsExt;
    Ok(file.metadata()?.permissions().mode() & 0o7777)
}

#[cfg(unix)]
fn private() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    options
}

/// Elsewhere a file has no such bits: its folder's access list guards it.
#[cfg(not(unix))]
fn mode(_: &File) -> io::Result<u32> {
    Ok(0)
}

#[cfg(not(unix))]
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    options
}

#[cfg(test)]
mod tests {
    use super::*;
    use waxseal_core::system::SystemEntropy;

    fn made() -> (tempfile::TempDir, PathBuf, Keyring) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("waxseal.key");
        let keyring = Keyring::generate(&SystemEntropy::default()).unwrap();
        create(&path, &keyring).unwrap();
        (folder, path, keyring)
    }

    #[test]
    fn what_is_made_is_read_and_is_its_owners_alone() {
        let (_folder, path, keyring) = made();
        assert_eq!(mode(&File::open(&path).unwrap()).unwrap() & 0o077, 0);
        let read = load(&Key::File(path)).unwrap();
        assert_eq!(*read.to_text(), *keyring.to_text());
        assert_eq!(load(&Key::Text(keyring.to_text())).unwrap().sealing(), keyring.sealing());
    }

    #[test]
    fn nothing_is_overwritten() {
        let (_folder, path, keyring) = made();
        let other = Keyring::generate(&SystemEntropy::default()).unwrap();
        assert!(matches!(create(&path, &other), Err(KeyError::Unwritable { .. })));
        assert_eq!(fs::read_to_string(&path).unwrap(), *keyring.to_text());
    }

    #[cfg(unix)]
    #[test]
    fn a_key_file_that_others_can_read_is_refused_and_a_credential_is_not() {
        use std::os::unix::fs::PermissionsExt;
        let (_folder, path, _) = made();
        for mode in [0o640, 0o604, 0o620, 0o602] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let refusal = load(&Key::File(path.clone())).unwrap_err().to_string();
            assert!(refusal.ends_with(&format!("chmod 600 {}", path.display())), "{refusal}");
            assert!(load(&Key::Credential(path.clone())).is_ok());
        }
    }

    #[test]
    fn a_refusal_shows_nothing_of_the_file() {
        let (_folder, path, _) = made();
        fs::write(&path, "waxseal-key-file 1\nroot hunter2\n").unwrap();
        let refusal = load(&Key::File(path.clone())).unwrap_err();
        assert!(!format!("{refusal} {refusal:?}").contains("hunter2"));
        assert!(matches!(load(&Key::File(path.join("none"))), Err(KeyError::Unreadable { .. })));
        assert!(matches!(load(&Key::File(path.with_extension("none"))), Err(KeyError::Missing(_))));
    }
}
