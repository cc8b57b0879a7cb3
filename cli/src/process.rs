//! What the process asks of the system before it does anything: secrets pass
//! through its memory, so that memory goes nowhere.

use std::panic::{self, PanicHookInfo};

use crate::out;

/// No core dumps; and no other process of the same user may read this one's
/// memory. Goes on without where the system refuses, and says so.
pub(crate) fn guard_memory() {
    if let Err(error) = system::guard_memory() {
        out::remark(format_args!("waxseal: cannot keep this process out of core dumps: {error}"));
    }
}

/// Panics tell where, and never what: the text may hold a secret.
pub(crate) fn silence_panics() {
    panic::set_hook(Box::new(tell_where));
}

fn tell_where(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    if tracing::dispatcher::has_been_set() {
        tracing::error!(place, "panicked; its text is withheld, for it may hold a secret");
    } else {
        out::remark(format_args!("waxseal: panicked at {place}; please report this"));
    }
}

#[cfg(unix)]
mod system {
    use std::io;

    use rustix::process::{Resource, Rlimit, setrlimit};

    pub(super) fn guard_memory() -> io::Result<()> {
        setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
        // The limit does not bind a dump that goes to a program; this does.
        #[cfg(target_os = "linux")]
        rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)?;
        Ok(())
    }
}

#[cfg(not(unix))]
mod system {
    use std::io;

    pub(super) fn guard_memory() -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::tests::logged;

    #[test]
    fn a_panic_tells_where_and_not_what() {
        let usual = panic::take_hook();
        silence_panics();
        let said = logged("text", "info", true, || {
            assert!(panic::catch_unwind(|| panic!("{}", ["hunter2"].concat())).is_err());
        });
        panic::set_hook(usual);
        assert!(said.contains("ERROR") && said.contains("process.rs"), "{said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
}
