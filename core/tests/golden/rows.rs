//! No row of the contract is forgotten.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde::Deserialize;

use crate::case;
use crate::folder;

/// What both kinds of case files have in common.
#[derive(Deserialize)]
struct Claims {
    rows: Vec<String>,
}

#[test]
fn every_row_is_claimed_or_says_why_not() {
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut claimed = in_cases(&folder().join("cases"));
    claimed.extend(in_cases(&crate_folder.join("../cli/tests/replay/cases")));
    claimed.extend(in_tests(&crate_folder.join("src")));
    let list = fs::read_to_string(folder().join("rows.txt")).expect("the list of rows");
    let (mut rows, mut excused) = (BTreeSet::new(), BTreeSet::new());
    for line in list.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (row, reason) = line.split_once(": ").map_or((line, None), |(row, why)| (row, Some(why)));
        assert!(rows.insert(row.to_owned()), "{row} stands twice");
        if reason.is_some() {
            excused.insert(row.to_owned());
        }
    }
    let forgotten: Vec<_> = rows.difference(&claimed).filter(|row| !excused.contains(*row)).collect();
    assert!(forgotten.is_empty(), "claimed by no test: {forgotten:?}");
    let invented: Vec<_> = claimed.difference(&rows).collect();
    assert!(invented.is_empty(), "not in rows.txt: {invented:?}");
    let shown: Vec<_> = excused.intersection(&claimed).collect();
    assert!(shown.is_empty(), "excused although a test claims them: {shown:?}");
}

fn in_cases(folder: &Path) -> BTreeSet<String> {
    let rows = |path: &std::path::PathBuf| {
        let text = fs::read_to_string(path).expect("a readable case");
        serde_json::from_str::<Claims>(&text).expect("a case").rows
    };
    case::files(folder).iter().flat_map(rows).collect()
}

/// Rows that the names of unit tests begin with: `v1_e1_e2_…`, `v1_c_1_…`.
fn in_tests(folder: &Path) -> BTreeSet<String> {
    let mut claimed = BTreeSet::new();
    for path in case::files(folder) {
        if path.is_dir() {
            claimed.extend(in_tests(&path));
            continue;
        }
        let text = fs::read_to_string(&path).expect("readable source");
        for name in text.split("fn v1_").skip(1) {
            claimed.extend(rows_of(name));
        }
    }
    claimed
}

fn rows_of(name: &str) -> Vec<String> {
    let mut words = name.split('(').next().unwrap_or_default().split('_');
    let mut rows = Vec::new();
    while let Some(word) = words.next() {
        let (letter, number) = match word {
            "c" => ("C-".to_owned(), words.next().unwrap_or_default()),
            _ if word.is_char_boundary(1) => (format!("V1-{}", word[..1].to_uppercase()), &word[1..]),
            _ => break,
        };
        if number.parse::<u8>().is_err() {
            break;
        }
        rows.push(letter + number);
    }
    rows
}

#[test]
fn rows_are_read_off_names() {
    assert_eq!(rows_of("e1_e2_no_value()"), ["V1-E1", "V1-E2"]);
    assert_eq!(rows_of("c_13_ttl()"), ["C-13"]);
    assert_eq!(rows_of("p4_c_13_empty()"), ["V1-P4", "C-13"]);
    assert_eq!(rows_of("section_4_3()"), Vec::<String>::new());
    assert_eq!(rows_of("h3_every()"), ["V1-H3"]);
}
