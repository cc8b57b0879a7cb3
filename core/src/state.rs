//! What becomes of a secret: the stored states, the one transition table, and
//! the states that are derived when someone looks.

use crate::code::coded;
use crate::time::Timestamp;

coded! {
    /// What stands in a store.
    pub enum Stored {
        /// Nobody has opened it.
        New = 0,
        /// One reader got the value.
        Received = 1,
        /// Its creator destroyed it unread.
        Burned = 2,
    }
}

/// How a secret ends, at the hand of a person. Expiry is no ending: it is read off the clock.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Ending {
    /// A reader opens it.
    Received,
    /// Its creator destroys it.
    Burned,
}

impl Stored {
    /// Every stored state.
    pub const ALL: [Self; 3] = [Self::New, Self::Received, Self::Burned];

    /// The transition table, whole: only what is new can end, and it ends once.
    #[must_use]
    pub const fn on(self, ending: Ending) -> Option<Self> {
        match (self, ending) {
            (Self::New, Ending::Received) => Some(Self::Received),
            (Self::New, Ending::Burned) => Some(Self::Burned),
            (Self::Received | Self::Burned, _) => None,
        }
    }

    /// The state as seen at `now`. `sealed` says whether lock and body are still there.
    /// A secret is past its life when `now` has reached `expires`.
    #[must_use]
    pub fn seen(self, sealed: bool, expires: Timestamp, now: Timestamp) -> State {
        match self {
            Self::Received => State::Received,
            Self::Burned => State::Burned,
            Self::New if now >= expires => State::Expired,
            Self::New if !sealed => State::Orphaned,
            Self::New => State::New,
        }
    }
}

/// What a creator is told. `Expired` and `Orphaned` are derived, never stored.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum State {
    /// Unopened, and can be opened.
    New,
    /// Opened by one reader.
    Received,
    /// Destroyed by its creator.
    Burned,
    /// Its time passed unread.
    Expired,
    /// Its sealed content was lost before its time.
    Orphaned,
}

impl State {
    /// The field's word for it, as the wire and the logs say it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Received => "received",
            Self::Burned => "burned",
            Self::Expired => "expired",
            Self::Orphaned => "orphaned",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_twice() {
        for ending in [Ending::Received, Ending::Burned] {
            let ended = Stored::New.on(ending).unwrap();
            assert_eq!(ended.on(Ending::Received), None);
            assert_eq!(ended.on(Ending::Burned), None);
        }
    }

    #[test]
    fn codes_read_back() {
        for state in Stored::ALL {
            assert_eq!(Stored::from_code(state.code()), Some(state));
        }
        assert_eq!(Stored::from_code(3), None);
    }

    #[test]
    fn expiry_is_reached_at_its_very_second() {
        let at = Timestamp::from_secs;
        assert_eq!(Stored::New.seen(true, at(10), at(9)), State::New);
        assert_eq!(Stored::New.seen(true, at(10), at(10)), State::Expired);
        assert_eq!(Stored::New.seen(false, at(10), at(9)), State::Orphaned);
        assert_eq!(Stored::Burned.seen(false, at(10), at(99)), State::Burned);
    }
}
