//! Every label that separates one derived key from another. Frozen: a changed
//! byte here orphans what is stored.

/// HMAC under M: the link key.
pub const LINK: &[u8] = b"waxseal1 link";

/// From the root: record ids.
pub const INDEX: &[u8] = b"waxseal1 index";
/// From the root: token digests.
pub const TOKEN: &[u8] = b"waxseal1 token";
/// From the root: own and wrap boxes.
pub const ACCOUNT: &[u8] = b"waxseal1 account";
/// From the root: account ids and name boxes.
pub const NAME: &[u8] = b"waxseal1 name";
/// From the root: the store's check box.
pub const CHECK: &[u8] = b"waxseal1 check";
/// From the root: page tokens and form nonces.
pub const PAGE: &[u8] = b"waxseal1 page";
/// From the root: client ids.
pub const CLIENT: &[u8] = b"waxseal1 client";
/// From the root: what logs show of a record id.
pub const LOG: &[u8] = b"waxseal1 log";

/// From a ring key, and again for a secret's own key: content.
pub const CONTENT: &[u8] = b"waxseal1 content";
/// From a ring key, and as the info box's label.
pub const INFO: &[u8] = b"waxseal1 info";

/// The own box's label.
pub const OWN: &[u8] = b"waxseal1 own";
/// The wrap box's label.
pub const WRAP: &[u8] = b"waxseal1 wrap";

/// HMAC under a ring key: its id.
pub const KID: &[u8] = b"kid";
/// HMAC under K_name, before a lower-cased account name: its id.
pub const ACCOUNT_INDEX: &[u8] = b"index";
/// HMAC under K_page: the token of a page that opens a secret.
pub const PAGE_REVEAL: &[u8] = b"reveal";
/// HMAC under K_page: the token of a page that destroys one.
pub const PAGE_BURN: &[u8] = b"burn";
/// HMAC under K_page: the nonce of a form.
pub const PAGE_NONCE: &[u8] = b"nonce";
/// HMAC under K_page: the key of what a form makes.
pub const PAGE_FORM: &[u8] = b"form";
/// HMAC under K_page: what a reader types.
pub const PAGE_CHECK: &[u8] = b"check";
/// Ends the associated data of a sealed content.
pub const CONTENT_AAD: &[u8] = b"content";
