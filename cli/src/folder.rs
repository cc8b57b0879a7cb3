//! The folders that key file and store stand in.

use std::fs;
use std::io;
use std::path::Path;

use anyhow::Context;

/// Makes the folder of a file, for its owner alone. One that is there is left as it is.
pub(crate) fn make_for(file: &Path) -> anyhow::Result<()> {
    let folder = of(file);
    make(folder).with_context(|| format!("cannot make the folder {}", folder.display()))
}

/// Sees to it that the name of a file or folder is still there after a power cut: that is
/// kept by the folder it stands in, and not by the file.
#[cfg(unix)]
pub(crate) fn keep_name(path: &Path) -> io::Result<()> {
    fs::File::open(of(path))?.sync_all()
}

/// Elsewhere a folder can't be synced.
#[cfg(not(unix))]
pub(crate) fn keep_name(_: &Path) -> io::Result<()> {
    Ok(())
}

/// What a path stands in.
fn of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes it and everything above it that is missing.
fn make(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    make(of(folder))?;
    match private().create(folder) {
        // Another process was faster.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        Err(error) => Err(error),
        Ok(()) => keep_name(folder),
    }
}

#[cfg(unix)]
fn private() -> fs::DirBuilder {
    let mut builder = fs::DirBuilder::new();
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

#[cfg(not(unix))]
fn private() -> fs::DirBuilder {
    fs::DirBuilder::new()
}
