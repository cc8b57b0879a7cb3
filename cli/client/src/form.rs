//! What is sent: the one body that servers of every age read.

use bytes::Bytes;
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use waxseal_core::wiped::Wiped;

/// A urlencoded form of these fields, in wiped memory. Its room is made at once, so that
/// no smaller copy stays behind.
pub(crate) fn form(fields: &[(&str, &[u8])]) -> Bytes {
    let room = fields.iter().map(|(name, value)| name.len() + 3 * value.len() + 2).sum();
    let mut form = Wiped::with_capacity(room);
    for (name, value) in fields {
        if !form.is_empty() {
            form.push(b'&');
        }
        form.extend_from_slice(name.as_bytes());
        form.push(b'=');
        percent_encode(value, NON_ALPHANUMERIC).for_each(|piece| form.extend_from_slice(piece.as_bytes()));
    }
    // Owned by the network's buffers until it is sent, then wiped.
    Bytes::from_owner(form)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_survives() {
        let form = form(&[("secret", " ä+&=%\r\n".as_bytes()), ("ttl", b"60")]);
        assert_eq!(&form[..], b"secret=%20%C3%A4%2B%26%3D%25%0D%0A&ttl=60");
        assert!(super::form(&[]).is_empty());
    }
}
