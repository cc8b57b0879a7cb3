//! Locking that outlives a panic.

use std::sync::PoisonError;

use crate::sync::{Mutex, MutexGuard};

/// Locks. A poisoned lock is taken over: every step below a lock decides first
/// and writes in one go afterwards, so a panic leaves no half-done record, and one
/// lost request must not take a sixty-fourth of all secrets with it.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_lock_that_a_panic_left_behind_still_opens() {
        let mutex = Mutex::new(7);
        let holder = std::thread::scope(|scope| {
            scope
                .spawn(|| {
                    let _held = mutex.lock();
                    panic!("while holding the lock");
                })
                .join()
        });
        assert!(holder.is_err() && mutex.is_poisoned());
        assert_eq!(*lock(&mutex), 7);
    }
}
