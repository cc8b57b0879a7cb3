//! What is said of a panic: where it was, never its message, which may have been
//! made of anything.

use std::panic::PanicHookInfo;

use crate::out;

/// Takes the place of the usual report, which shows the message.
pub(crate) fn report_places_only() {
    std::panic::set_hook(Box::new(|panic| out::remark(report(panic))));
}

fn report(panic: &PanicHookInfo<'_>) -> String {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    format!("waxseal: a bug: panicked at {place}")
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn a_panic_tells_its_place_and_not_its_message() {
        static SAID: Mutex<String> = Mutex::new(String::new());
        std::panic::set_hook(Box::new(|panic| *SAID.lock().unwrap() = report(panic)));
        let panicked = std::panic::catch_unwind(|| panic!("{}", "hunter2"));
        drop(std::panic::take_hook());
        assert!(panicked.is_err());
        let said = SAID.lock().unwrap();
        assert!(said.contains("panics.rs:") && !said.contains("hunter2"), "{said}");
    }
}
