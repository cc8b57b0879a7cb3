//! Writes every state of every page, in every language, as files to look at:
//!
//! ```sh
//! cargo run -p waxseal-pages --example gallery -- /tmp/gallery
//! ```
//!
//! and prints what each weighs. Beside each page lies its policy.

#![allow(clippy::print_stdout)]

mod states;

use std::path::Path;
use std::{env, fs, io};

use waxseal_locale::Words;
use waxseal_pages::view::Frame;

fn main() -> io::Result<()> {
    let folder = env::args().nth(1).unwrap_or_else(|| "gallery".into());
    for words in Words::ALL {
        write_all(Path::new(&folder), &states::framed(words, "#8a1c2b"), words.tag)?;
    }
    for (name, accent) in
        [("blue", "#1d4ed8"), ("yellow", "#ffd400"), ("black", "#000000"), ("mint", "#7fffd4")]
    {
        write_all(Path::new(&folder), &states::framed(Words::of("en"), accent), name)?;
    }
    Ok(())
}

fn write_all(folder: &Path, frame: &Frame<'_>, group: &str) -> io::Result<()> {
    let folder = folder.join(group);
    fs::create_dir_all(&folder)?;
    let mut flow = 0;
    for (name, page) in states::all(frame) {
        if states::FLOW.contains(&name) {
            flow += page.body.len();
        }
        println!("{group:8}{name:28}{:3} {:6} bytes", page.status, page.body.len());
        fs::write(folder.join(format!("{name}.html")), page.body.as_bytes())?;
        fs::write(folder.join(format!("{name}.csp")), &page.csp)?;
    }
    println!("{group:8}the whole flow                  {flow:6} bytes");
    Ok(())
}
