//! What the documentation says, held against the program.

mod blocks;
mod configuration;
mod packaging;
mod session;

use std::path::{Path, PathBuf};

/// The root of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// README.md and every page of docs/, by their paths below the root.
fn pages() -> Vec<String> {
    let pages = std::fs::read_dir(root().join("docs")).unwrap();
    let names = pages.map(|page| format!("docs/{}", page.unwrap().file_name().to_str().unwrap()));
    let mut pages: Vec<String> = names.filter(|name| name.ends_with(".md")).collect();
    pages.push("README.md".to_owned());
    pages.sort();
    pages
}

#[test]
fn every_block_is_run_or_excused() {
    for page in pages() {
        for block in blocks::of(&page) {
            assert!(
                block.mark.is_some(),
                "{page}:{}: mark it `<!-- run -->` or `<!-- not run: WHY -->`",
                block.line
            );
        }
    }
}

/// The pages are one session each: what an earlier block made, a later one finds.
#[test]
fn what_the_pages_show_is_what_happens() {
    let mut ran = 0;
    for page in pages() {
        let session = session::Session::new();
        for block in blocks::of(&page) {
            if matches!(block.mark, Some(blocks::Mark::Run)) {
                session.run(&page, &block);
                ran += 1;
            }
        }
    }
    assert!(ran > 0, "no block was run");
}

#[test]
fn every_page_is_reached_from_the_front_page() {
    let front = std::fs::read_to_string(root().join("docs/README.md")).unwrap();
    for page in pages().iter().filter_map(|page| page.strip_prefix("docs/")) {
        assert!(
            page == "README.md" || front.contains(&format!("({page})")),
            "docs/README.md leads nowhere to {page}"
        );
    }
}
