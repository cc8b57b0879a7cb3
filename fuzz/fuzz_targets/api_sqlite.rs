//! The same walks over SQLite: every answer is the ledger's, and to the byte the memory
//! store's.
#![no_main]

use std::path::Path;
use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use waxseal_conformance::walk::walk;
use waxseal_fuzz::world::{runtime, seed};
use waxseal_memory::MemoryStore;
use waxseal_sqlite::{Options, SqliteStore};

fuzz_target!(|input: &[u8]| {
    let (steps, _) = input.as_chunks();
    let folder = in_memory();
    let file = folder.path().join("store");
    let sqlite = Arc::new(SqliteStore::open(&file, Options::default()).expect("a new file"));
    let over_sqlite = runtime().block_on(walk(sqlite, seed(input), steps));
    let over_memory = runtime().block_on(walk(Arc::new(MemoryStore::new(0)), seed(input), steps));
    assert!(over_sqlite == over_memory, "the stores disagree");
});

/// A folder that waits for no disk, where there is such a place.
fn in_memory() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let place = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    tempfile::tempdir_in(place).expect("a folder")
}
