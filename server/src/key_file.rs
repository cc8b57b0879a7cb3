//! The key file on disk: read only where nobody else can, made once, changed by
//! putting a whole new file in its place.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use waxseal_core::seal::keyring::{self, Keyring};

use crate::config::Key;
use crate::private_file::{LARGEST, Refused, read};

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
    /// It can't be made or changed.
    #[error("cannot write the key file {}", path.display())]
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

/// Changes the keys of a key file. The new file is written whole beside the old
/// one and put in its place, so that at any moment one of them stands there, and
/// the old text goes. Of several at once each waits for the one before, so that
/// none undoes another's change.
///
/// # Errors
/// What `change` answers, and [`KeyError`] as its error; the file is as it was then.
pub fn change<T, E: From<KeyError>>(
    path: &Path,
    change: impl FnOnce(&Keyring) -> Result<T, E>,
) -> Result<T, E> {
    let unwritable = |source| KeyError::Unwritable { path: path.to_owned(), source };
    // A link may lead to the file: it stays a link, and its target is changed.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let _turn = turn(&target).map_err(unwritable)?;
    let keyring = load(&Key::File(path.to_owned()))?;
    let answer = change(&keyring)?;
    replace(&target, &keyring.to_text()).map_err(unwritable)?;
    Ok(answer)
}

fn replace(path: &Path, text: &str) -> io::Result<()> {
    let mut draft = path.as_os_str().to_owned();
    draft.push(".new");
    let draft = PathBuf::from(draft);
    // Whoever was cut off here before us left it behind. It is nobody's: it is our turn.
    if draft.try_exists()? {
        fs::remove_file(&draft)?;
    }
    let file = private().open(&draft)?;
    let written = give_to_owner(&file, path).and_then(|()| write(file, text));
    if let Err(error) = written.and_then(|()| fs::rename(&draft, path)) {
        fs::remove_file(&draft)?;
        return Err(error);
    }
    sync_folder(path)
}

/// Writes what `read` reads back, or nothing.
fn write(mut file: File, text: &str) -> io::Result<()> {
    if text.len() >= LARGEST {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it would hold too many keys"));
    }
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn fill(file: File, path: &Path, text: &str) -> io::Result<()> {
    write(file, text)?;
    sync_folder(path)
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// In a key file's own words.
impl From<Refused> for KeyError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Missing(path) => Self::Missing(path),
            Refused::Unreadable { path, source } => Self::Unreadable { path, source },
            Refused::Exposed { path, mode } => Self::Exposed { path, mode },
        }
    }
}

/// Waits until nobody else changes a key file in this folder; over once dropped.
/// The folder is locked, as the file itself is another one after each change.
#[cfg(unix)]
fn turn(path: &Path) -> io::Result<File> {
    let folder = File::open(folder(path))?;
    folder.lock()?;
    Ok(folder)
}

/// Root may turn the ring of a server that runs as somebody else, who must still
/// be able to read it.
#[cfg(unix)]
fn give_to_owner(file: &File, old: &Path) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, fchown};
    let (old, new) = (fs::metadata(old)?, file.metadata()?);
    if old.uid() == new.uid() { Ok(()) } else { fchown(file, Some(old.uid()), Some(old.gid())) }
}

#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(folder(path))?.sync_all()
}

#[cfg(unix)]
fn private() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    options
}

/// Elsewhere no folder opens as a file: whoever comes second fails on the draft.
#[cfg(not(unix))]
fn turn(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(not(unix))]
fn give_to_owner(_: &File, _: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
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
    use crate::private_file::mode;
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

    fn files(folder: &Path) -> Vec<std::ffi::OsString> {
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect()
    }

    fn add(path: &Path) -> Result<waxseal_core::id::Kid, KeyError> {
        change(path, |keyring| Ok(keyring.add(&SystemEntropy::default()).unwrap()))
    }

    #[test]
    fn a_change_replaces_the_file_whole_and_leaves_no_other_behind() {
        let (folder, path, keyring) = made();
        fs::write(path.with_extension("key.new"), "what a crash left").unwrap();
        let kid = add(&path).unwrap();
        let read = load(&Key::File(path.clone())).unwrap();
        assert!(read.master(kid).is_some() && read.sealing() == keyring.sealing());
        assert_eq!(mode(&File::open(&path).unwrap()).unwrap() & 0o077, 0);
        assert_eq!(files(folder.path()), ["waxseal.key"]);
    }

    #[test]
    fn a_change_that_is_refused_leaves_the_file_as_it_was() {
        let (folder, path, keyring) = made();
        let refused: Result<(), KeyError> = change(&path, |keyring| {
            keyring.add(&SystemEntropy::default()).unwrap();
            Err(KeyError::Missing("refused".into()))
        });
        assert!(refused.is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), *keyring.to_text());
        assert_eq!(files(folder.path()), ["waxseal.key"]);
    }

    #[test]
    fn what_is_too_large_is_refused_whole() {
        let (_folder, path, keyring) = made();
        let padded = format!("{}{}", *keyring.to_text(), "#\n".repeat(LARGEST / 2));
        fs::write(&path, &padded).unwrap();
        assert!(matches!(add(&path), Err(KeyError::Unreadable { .. })));
        assert_eq!(fs::read_to_string(&path).unwrap(), padded);
    }

    #[test]
    fn what_would_be_too_large_to_read_is_not_written() {
        let (folder, path, keyring) = made();
        let text = keyring.to_text();
        let crowd = |keyring: &Keyring| {
            for _ in 0..1_000 {
                keyring.add(&SystemEntropy::default()).unwrap();
            }
        };
        let changed = change(&path, |keyring| -> Result<(), KeyError> {
            crowd(keyring);
            Ok(())
        });
        assert!(matches!(changed, Err(KeyError::Unwritable { .. })));
        assert_eq!(*load(&Key::File(path)).unwrap().to_text(), *text);
        crowd(&keyring);
        let other = folder.path().join("other.key");
        assert!(matches!(create(&other, &keyring), Err(KeyError::Unwritable { .. })));
        assert_eq!(files(folder.path()), ["waxseal.key"]);
    }

    /// Tried in earnest where the tests run as root.
    #[cfg(unix)]
    #[test]
    fn a_changed_file_keeps_its_owner() {
        use std::os::unix::fs::{MetadataExt, chown};
        let (_folder, path, _) = made();
        chown(&path, Some(65_534), None).ok();
        let owner = fs::metadata(&path).unwrap().uid();
        add(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().uid(), owner);
    }

    #[test]
    fn no_change_undoes_another() {
        let (_folder, path, _) = made();
        let kids: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..16).map(|_| scope.spawn(|| add(&path).unwrap())).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let read = load(&Key::File(path)).unwrap();
        assert!(kids.into_iter().all(|kid| read.master(kid).is_some()));
        assert_eq!(read.ring().len(), 17);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_and_its_target_is_changed() {
        let (folder, path, _) = made();
        let link = folder.path().join("link.key");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let kid = add(&link).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert!(load(&Key::File(path)).unwrap().master(kid).is_some());
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
        let refusal = load(&Key::Text("hunter2".to_owned().into())).unwrap_err();
        assert_eq!(refusal.to_string(), "WAXSEAL_KEY holds no keys");
        assert!(!format!("{refusal:?}").contains("hunter2"));
        assert!(matches!(load(&Key::File(path.join("none"))), Err(KeyError::Unreadable { .. })));
        assert!(matches!(load(&Key::File(path.with_extension("none"))), Err(KeyError::Missing(_))));
    }
}
