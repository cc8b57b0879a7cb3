//! The folders that key file and store stand in.

use std::fs;
use std::io;
use std::path::Path;

use anyhow::Context;

/// Makes the folder of a file, for its owner alone. One that is there is left as it is.
pub(crate) fn make_for(file: &Path) -> anyhow::Result<()> {
    let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) else { return Ok(()) };
    private_folder(folder).with_context(|| format!("cannot make the folder {}", folder.display()))
}

#[cfg(unix)]
fn private_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn private_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}
