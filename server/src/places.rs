//! How many connections there may be at once: of all clients, and of one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// More are not served at once, whatever the machine allows: each may hold a head
/// and a body, and ten thousand of them about a gigabyte. So many may idle, and some
/// more be served beside them.
const MOST: usize = 10_240;
/// File descriptors for everything but connections: the store, its readers, the
/// listener, and the clients that are told to come again.
const RESERVE: usize = 128;
/// One client may take half of all places: a proxy that nobody told us of speaks
/// for many, and still leaves room for others.
const SHARE: usize = 2;

/// Asks for as many file descriptors as the most connections need, which a process
/// may do up to its hard limit (RLIMIT_NOFILE); says how many connections it got.
#[must_use]
pub fn allow_connections() -> usize {
    connections(file_descriptors(MOST + RESERVE))
}

/// How many connections so many file descriptors are enough for.
fn connections(files: usize) -> usize {
    files.saturating_sub(RESERVE).max(files / 2).clamp(1, MOST)
}

#[cfg(unix)]
fn file_descriptors(wanted: usize) -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let wanted = wanted as u64;
    let soft = limit.current.unwrap_or(u64::MAX);
    let within = wanted.min(limit.maximum.unwrap_or(u64::MAX));
    let raised = Rlimit { current: Some(within), maximum: limit.maximum };
    let got = if soft < within && setrlimit(Resource::Nofile, raised).is_ok() { within } else { soft };
    usize::try_from(got).unwrap_or(usize::MAX)
}

#[cfg(not(unix))]
fn file_descriptors(wanted: usize) -> usize {
    wanted
}

/// Places for connections.
#[derive(Debug)]
pub(crate) struct Places {
    total: usize,
    taken: Mutex<Taken>,
}

#[derive(Default, Debug)]
struct Taken {
    total: usize,
    by_client: HashMap<Vec<u8>, usize>,
}

/// One connection's place, given back on drop.
#[derive(Debug)]
pub(crate) struct Place {
    places: Arc<Places>,
    client: Option<Vec<u8>>,
}

impl Places {
    pub(crate) fn new(total: usize) -> Arc<Self> {
        Arc::new(Self { total, taken: Mutex::default() })
    }

    /// A place for `client`, unless all are taken or it has its share. `None` is
    /// whoever speaks for many: a trusted proxy, or this machine.
    pub(crate) fn take(self: &Arc<Self>, client: Option<Vec<u8>>) -> Option<Place> {
        let mut taken = self.taken();
        let share = (self.total / SHARE).max(1);
        let has = client.as_ref().and_then(|client| taken.by_client.get(client)).copied().unwrap_or(0);
        if taken.total >= self.total || has >= share {
            return None;
        }
        taken.total += 1;
        if let Some(client) = &client {
            taken.by_client.insert(client.clone(), has + 1);
        }
        Some(Place { places: self.clone(), client })
    }

    /// How many are taken.
    pub(crate) fn taken_now(&self) -> usize {
        self.taken().total
    }

    /// How many there are.
    pub(crate) fn total(&self) -> usize {
        self.total
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        // Nothing panics while it is held.
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        taken.total -= 1;
        let Some(client) = &self.client else { return };
        match taken.by_client.get_mut(client) {
            Some(has) if *has > 1 => *has -= 1,
            _ => drop(taken.by_client.remove(client)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(name: u8) -> Option<Vec<u8>> {
        Some(vec![name])
    }

    #[test]
    fn one_client_gets_half_and_gives_it_back() {
        let places = Places::new(4);
        let mut held = vec![places.take(client(1)).unwrap(), places.take(client(1)).unwrap()];
        assert!(places.take(client(1)).is_none());
        assert!(places.take(client(2)).is_some());
        held.pop();
        assert!(places.take(client(1)).is_some());
        drop(held);
        assert!(places.taken().by_client.is_empty());
        assert_eq!(places.taken().total, 0);
    }

    #[test]
    fn all_together_get_all_and_a_proxy_has_no_share() {
        let places = Places::new(4);
        let mut held: Vec<_> = (0..3).map(|_| places.take(None).unwrap()).collect();
        held.extend(places.take(client(1)));
        assert_eq!(held.len(), 4);
        assert!(places.take(None).is_none() && places.take(client(2)).is_none());
        held.remove(0);
        assert!(places.take(client(2)).is_some());
    }

    #[test]
    fn the_only_place_is_anyones() {
        let places = Places::new(1);
        let held = places.take(client(1));
        assert!(held.is_some() && places.take(client(2)).is_none());
    }

    #[test]
    fn some_file_descriptors_are_kept_for_other_things_and_there_is_room_for_someone() {
        let all = [(0, 1), (1, 1), (100, 50), (1_024, 896), (MOST + RESERVE, MOST), (usize::MAX, MOST)];
        for (files, expected) in all {
            assert_eq!(connections(files), expected, "{files}");
        }
    }

    #[test]
    fn the_machine_allows_some() {
        let allowed = allow_connections();
        assert!((1..=MOST).contains(&allowed));
        assert_eq!(allow_connections(), allowed);
    }
}
