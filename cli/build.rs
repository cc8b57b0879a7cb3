//! Tells the linker to lay side by side what a server runs (`layout.ld`). Strewn over the
//! program, it brings nearly all of it into memory: the kernel maps sixteen pages at a time.

use std::env;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=layout.ld");
    let is = |name, value| env::var(name).is_ok_and(|set| set == value);
    if is("CARGO_CFG_TARGET_OS", "linux") && is("PROFILE", "release") && !is_linker_chosen() {
        let folder = env::var("CARGO_MANIFEST_DIR").expect("cargo names the package's folder");
        println!("cargo:rustc-link-arg-bins=-Wl,-z,keep-text-section-prefix");
        println!("cargo:rustc-link-arg-bins=-T{folder}/layout.ld");
    }
}

/// Whether somebody chose another linker than the compiler's own: not all of them, mold for
/// one, read such a script.
fn is_linker_chosen() -> bool {
    let flags = env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    env::var_os("RUSTC_LINKER").is_some() || flags.contains("linker") || flags.contains("fuse-ld")
}
