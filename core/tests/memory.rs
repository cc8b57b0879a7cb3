//! What stretching a passphrase leaves of the process's memory. A process of its
//! own, because it looks at the whole of it.
#![cfg(target_os = "linux")]

use waxseal_core::seal::kdf::{Cost, SALT_BYTES, argon2id};
use waxseal_core::secret::Passphrase;

#[test]
fn stretching_gives_its_memory_back() {
    let stretch = || argon2id(&Passphrase::from("x"), &[7; SALT_BYTES], Cost::USUAL).unwrap();
    stretch();
    let before = resident_kib();
    for _ in 0..10 {
        stretch();
    }
    let grown = resident_kib().saturating_sub(before);
    assert!(grown < 19_456, "ten runs left {grown} KiB, more than one takes");
}

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
