//! Buffers that hold what clients send. A vector that grows by itself leaves its
//! old bytes behind; these do not.

use zeroize::{Zeroize, Zeroizing};

/// Makes room for `more` bytes.
pub(crate) fn reserve(bytes: &mut Zeroizing<Vec<u8>>, more: usize) {
    if bytes.capacity() - bytes.len() >= more {
        return;
    }
    let mut larger = Zeroizing::new(Vec::with_capacity((bytes.len() + more).next_power_of_two()));
    larger.extend_from_slice(bytes);
    *bytes = larger;
}

/// Adds `more`.
pub(crate) fn append(bytes: &mut Zeroizing<Vec<u8>>, more: &[u8]) {
    reserve(bytes, more.len());
    bytes.extend_from_slice(more);
}

/// Takes the first `length` bytes away. An empty buffer gives its memory back.
pub(crate) fn remove_front(bytes: &mut Zeroizing<Vec<u8>>, length: usize) {
    if length == bytes.len() {
        *bytes = Zeroizing::default();
        return;
    }
    bytes.copy_within(length.., 0);
    let left = bytes.len() - length;
    bytes[left..].zeroize();
    bytes.truncate(left);
}
