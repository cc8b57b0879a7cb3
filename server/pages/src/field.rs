//! The names of form fields: what a template writes and a flow reads.

/// The value to keep, on the page that creates.
pub const SECRET: &str = "secret";
/// A passphrase: to be, or to open with.
pub const PASSPHRASE: &str = "passphrase";
/// Asks for a generated value. The name of a button, so it is sent only if that one is pressed.
pub const GENERATE: &str = "generate";
/// The lifetime, in seconds.
pub const TTL: &str = "ttl";
/// Names one filling of the create form, so that sending it twice makes one secret.
pub const NONCE: &str = "nonce";
/// Shows that the form was rendered here, for this key.
pub const TOKEN: &str = "token";
/// The characters that a person typed after them.
pub const CHECK: &str = "check";
/// Not of a form: the language, in a page's query.
pub const LOCALE: &str = "locale";
