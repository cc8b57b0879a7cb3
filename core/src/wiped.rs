//! Buffers of bytes that are wiped when they go.

use std::fmt;
use std::io;
use std::ops::{Deref, DerefMut};

use zeroize::{Zeroize, ZeroizeOnDrop};

/// A vector whose whole capacity is wiped when it is dropped, in one sweep:
/// `Zeroizing<Vec<u8>>` wipes byte after byte, which takes a processor 3 µs for 10 kB,
/// many times a request.
///
/// A vector that grows leaves its old bytes behind. Give the capacity beforehand, or
/// add by [`Wiped::append`].
#[derive(Clone, Default)]
pub struct Wiped(Vec<u8>);

impl Wiped {
    /// Takes over what will be wiped with it.
    #[must_use]
    pub const fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// Nothing, with room for so many bytes.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self(Vec::with_capacity(capacity))
    }

    /// Adds `more`. What grows out of its room leaves it wiped.
    // Answers are written in a hundred pieces of a few bytes each.
    #[inline]
    pub fn append(&mut self, more: &[u8]) {
        if more.len() > self.0.capacity() - self.0.len() {
            self.move_to((self.0.len() + more.len()).next_power_of_two());
        }
        self.0.extend_from_slice(more);
    }

    /// Moves to other memory, with room for `capacity` bytes or for what is there.
    #[cold]
    pub fn move_to(&mut self, capacity: usize) {
        let mut other = Self::with_capacity(capacity.max(self.0.len()));
        other.0.extend_from_slice(&self.0);
        *self = other;
    }

    /// Takes the first `length` bytes away. An empty buffer gives its memory back.
    pub fn remove_front(&mut self, length: usize) {
        if length == self.0.len() {
            *self = Self::default();
            return;
        }
        self.0.copy_within(length.., 0);
        let left = self.0.len() - length;
        self.0[left..].zeroize();
        self.0.truncate(left);
    }

    /// The bytes, which nobody wipes any more.
    #[must_use]
    pub fn into_inner(mut self) -> Vec<u8> {
        std::mem::take(&mut self.0)
    }
}

impl Drop for Wiped {
    // Many buffers never had memory, and need no call.
    #[inline]
    fn drop(&mut self) {
        if self.0.capacity() > 0 {
            self.0.clear();
            // Of an empty vector all is spare, and that is wiped in one sweep.
            self.0.zeroize();
        }
    }
}

impl ZeroizeOnDrop for Wiped {}

impl From<Vec<u8>> for Wiped {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl Deref for Wiped {
    type Target = Vec<u8>;

    fn deref(&self) -> &Vec<u8> {
        &self.0
    }
}

impl DerefMut for Wiped {
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }
}

impl AsRef<[u8]> for Wiped {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl io::Write for Wiped {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.append(bytes);
        Ok(bytes.len())
    }

    #[inline]
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.append(bytes);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Debug for Wiped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wiped([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_holds_what_is_added_and_moves_by_itself() {
        let mut bytes = Wiped::with_capacity(4);
        let mut capacities = vec![bytes.capacity()];
        for piece in [&b"abc"[..], b"defgh", &[b'x'; 100]] {
            bytes.append(piece);
            capacities.push(bytes.capacity());
        }
        // Were the vector to grow by itself, its sizes would be others.
        assert_eq!(capacities, [4, 4, 8, 128]);
        assert!(bytes.starts_with(b"abcdefghxx") && bytes.len() == 108);
        assert_eq!(AsRef::<[u8]>::as_ref(&bytes), &bytes[..]);
        bytes.remove_front(3);
        assert!(bytes.starts_with(b"defgh") && bytes.len() == 105);
        bytes.remove_front(105);
        assert_eq!(bytes.capacity(), 0);
    }

    #[test]
    fn it_stays_where_it_is_until_it_is_full() {
        let mut bytes = Wiped::with_capacity(4);
        bytes.append(b"ab");
        bytes.append(b"cd");
        assert_eq!((bytes.capacity(), bytes.len()), (4, 4));
        bytes.append(b"efghi");
        assert_eq!(bytes.capacity(), 16, "and moves by itself, not as a vector grows");
    }

    #[test]
    fn all_that_is_written_is_taken_at_once() {
        use io::Write;
        let mut bytes = Wiped::default();
        assert_eq!(bytes.write(b"abc").unwrap(), 3);
        bytes.write_all(b"de").unwrap();
        assert_eq!(bytes.into_inner(), b"abcde");
    }

    #[test]
    fn it_shows_nothing() {
        assert_eq!(format!("{:?}", Wiped::new(b"hunter2".to_vec())), "Wiped([redacted])");
    }
}
