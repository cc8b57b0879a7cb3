//! Known answers, kept for ever: what was sealed once must open in every later
//! version, and what was refused must stay refused.
//!
//! Each file of `vectors/` is one vector: its `kind`, `why` it is kept, what is
//! `given`, and the `verdict`. Bytes are hexadecimal, keys and texts are plain.
//! `vectors/check.py` recomputes all of them without this crate.
//!
//! A new vector starts as an entry of `vectors/recipes.rs`; run with
//! `WAXSEAL_BLESS=1`, its file is written. A file that is there is never changed.

#[path = "vectors/answers.rs"]
mod answers;
#[path = "vectors/kinds.rs"]
mod kinds;
#[path = "vectors/recipes.rs"]
mod recipes;
#[path = "vectors/recipes_boxes.rs"]
mod recipes_boxes;
#[path = "vectors/recipes_content.rs"]
mod recipes_content;
#[path = "vectors/recipes_pages.rs"]
mod recipes_pages;

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use kinds::Vector;

/// Fewer files than this: some were lost.
const LEAST: usize = 40;

#[test]
fn every_vector_gives_its_verdict() {
    for (name, vector) in recipes::all() {
        keep(&folder().join(name).with_extension("json"), &vector);
    }
    let paths = vectors();
    let failures: Vec<String> = paths.iter().filter_map(|path| run(path).err()).collect();
    assert!(failures.is_empty(), "{} failed:\n{}", failures.len(), failures.join("\n"));
    assert!(paths.len() >= LEAST, "{} vectors, where there were at least {LEAST}", paths.len());
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors")
}

fn vectors() -> Vec<PathBuf> {
    let entries = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = entries.filter(|path| path.extension().is_some_and(|is| is == "json")).collect();
    paths.sort();
    paths
}

fn run(path: &Path) -> Result<(), String> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let vector: Vector = serde_json::from_str(&fs::read_to_string(path).unwrap())
        .map_err(|error| format!("{name}: not a vector of a known kind: {error}"))?;
    vector.check().map_err(|why| format!("{name}: {why}"))
}

/// Sees to it that a recipe has its file: writes it if that is asked for and it
/// is not there. What is there is judged by its own text, never rewritten.
fn keep(path: &Path, vector: &Vector) {
    if path.exists() {
        return;
    }
    let asked = std::env::var("WAXSEAL_BLESS").is_ok_and(|value| value == "1");
    assert!(asked, "{} is missing", path.display());
    let mut file = File::create_new(path).unwrap();
    writeln!(file, "{}", serde_json::to_string_pretty(vector).unwrap()).unwrap();
}
