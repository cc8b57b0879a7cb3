//! What stands in contrib/, as far as it can be tried without systemd and without an
//! engine for containers.

use std::fs;
use std::process::Command;

use crate::root;

/// The worst that systemd may think of the unit, in its tenths; docs/production.md says it.
const EXPOSURE: u32 = 12;
const EXPOSURE_WITH_TLS: u32 = 16;

#[test]
fn the_units_exposure_is_what_the_guide_says() {
    if skips("systemd-analyze", "--version") {
        return;
    }
    let unit = fs::read_to_string(root().join("contrib/systemd/waxseal.service")).unwrap();
    let drop_in = fs::read_to_string(root().join("contrib/systemd/tls.conf")).unwrap();
    for (unit, bound) in [(unit.clone(), EXPOSURE), (unit + &drop_in, EXPOSURE_WITH_TLS)] {
        let exposure = exposure(&unit);
        assert!(exposure <= bound, "{exposure} of at most {bound} tenths");
        let said = format!("{}.{}", bound / 10, bound % 10);
        assert!(fs::read_to_string(root().join("docs/production.md")).unwrap().contains(&said), "{said}");
    }
}

/// As systemd counts it, in tenths.
fn exposure(unit: &str) -> u32 {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("waxseal.service");
    fs::write(&path, unit).unwrap();
    let done =
        Command::new("systemd-analyze").args(["security", "--offline=true"]).arg(&path).output().unwrap();
    let told = String::from_utf8(done.stdout).unwrap();
    let line = told.lines().find(|line| line.contains("Overall exposure level"));
    let (_, level) = line.unwrap_or_else(|| panic!("{told}")).split_once(": ").unwrap();
    level.split(' ').next().unwrap().replace('.', "").parse().unwrap()
}

#[test]
fn it_runs_as_anybody_on_a_read_only_root() {
    if skips("setpriv", "--version") {
        return;
    }
    let is_root = Command::new("id").arg("-u").output().unwrap().stdout == b"0\n";
    if !is_root {
        return skipped("only root may try a read-only root");
    }
    let script = root().join("scripts/confined");
    let done = Command::new(script).arg(env!("CARGO_BIN_EXE_waxseal")).output().unwrap();
    assert!(done.status.success(), "{done:?}");
}

fn skips(program: &str, flag: &str) -> bool {
    let is_there = Command::new(program).arg(flag).output().is_ok_and(|done| done.status.success());
    if !is_there {
        skipped(&format!("{program} is not there"));
    }
    !is_there
}

#[expect(clippy::print_stderr, reason = "a skipped test is loud")]
fn skipped(why: &str) {
    assert!(std::env::var_os("WAXSEAL_REQUIRE_ALL").is_none(), "{why}");
    eprintln!("SKIPPED: {why}");
}
