//! What is left in the process's memory, seen through the system. A process of its own,
//! because it looks at the whole of it.
#![cfg(target_os = "linux")]

use std::fs::File;
use std::os::unix::fs::FileExt;

use waxseal_core::seal::kdf::{Cost, SALT_BYTES, argon2id};
use waxseal_core::secret::{Passphrase, Plaintext};
use waxseal_core::wiped::Wiped;

/// Too small to be given back to the system at once, and so large that what the allocator
/// notes in it once it is free stays away from the middle.
const LENGTH: usize = 32 << 10;

#[test]
fn what_held_a_secret_is_wiped_when_it_is_let_go() {
    let wiped = Wiped::new(vec![b'x'; LENGTH]);
    let at = wiped.as_ptr() as usize;
    assert_eq!(in_the_middle(at), [b'x'; 64], "the look finds what stands");
    drop(wiped);
    assert_ne!(in_the_middle(at), [b'x'; 64]);

    let value = Plaintext::from("y".repeat(LENGTH));
    let at = value.expose().as_ptr() as usize;
    assert_eq!(in_the_middle(at), [b'y'; 64], "the look finds what stands");
    drop(value);
    assert_ne!(in_the_middle(at), [b'y'; 64]);
}

/// What stands in the middle of `LENGTH` bytes at this address, whoever they belong to.
fn in_the_middle(at: usize) -> [u8; 64] {
    let mut seen = [0; 64];
    let memory = File::open("/proc/self/mem").unwrap();
    memory.read_exact_at(&mut seen, (at + LENGTH / 2) as u64).unwrap();
    seen
}

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
