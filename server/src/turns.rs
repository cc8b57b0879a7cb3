//! How many requests are worked on at once. One more is told to come again once its body
//! is there, and before anything is done of it.

use std::sync::Arc;

use crate::room::{Outside, Place, Room};

/// Turns for requests. Clones share them.
#[derive(Clone, Debug)]
pub struct Turns(Option<Arc<Room>>);

/// A request's turn. `None` where they are not counted.
pub(crate) type Turn = Option<Place>;

impl Turns {
    /// Turns for `usual` requests at any time, and for `most` that come within a second; 0 for
    /// any number.
    #[must_use]
    pub fn new(usual: usize, most: usize) -> Self {
        Self((usual > 0).then(|| Room::new(usual, most)))
    }

    /// A turn, if there is one.
    pub(crate) fn take(&self) -> Option<Turn> {
        match &self.0 {
            Some(room) => room.enter().map(Some),
            None => Some(None),
        }
    }

    /// Lets another have the turn of a request that waits for what has a bound of its own.
    pub(crate) fn step_out(&self) -> Option<Outside> {
        self.0.as_ref().map(Room::step_out)
    }

    /// How many are worked on.
    pub(crate) fn taken(&self) -> u64 {
        self.0.as_ref().map_or(0, |room| room.taken() as u64)
    }

    /// How many were told to come again since the start.
    pub(crate) fn refused(&self) -> u64 {
        self.0.as_ref().map_or(0, |room| room.refused())
    }
}
