//! A lock's header: what is read is written back to the same bytes, and a
//! hostile row's cost stays in bounds.
#![no_main]

use libfuzzer_sys::fuzz_target;
use waxseal_core::id::LinkKey;
use waxseal_core::seal::content::{Content, Header, seal};
use waxseal_core::store::{LOCK_BYTES, Lock};
use waxseal_fuzz::sealing::binding;

fuzz_target!(|bytes: [u8; LOCK_BYTES]| {
    let Ok(header) = Header::of(&Lock(bytes)) else { return };
    if let Some((m_kib, t, p)) = header.cost.map(|cost| cost.parts()) {
        assert!((19_456..=262_144).contains(&m_kib) && (2..=6).contains(&t) && (1..=4).contains(&p));
    }
    let content = Content { value: "x".into(), share_domain: None };
    let (link, master) = (LinkKey::from([7; 20]), [8; 32].into());
    assert_eq!(seal(&content, header, &link, None, &master, &binding()).0.0[..29], bytes[..29]);
});
