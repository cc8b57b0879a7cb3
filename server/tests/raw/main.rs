//! The server over real sockets: what hostile and clumsy clients send byte for
//! byte (`cases/*.toml`), and the bounds that show on the wire.

mod case;
mod clients;
mod crowd;
mod hostile;
mod identity;
mod limits;
mod metrics;
mod overload;
#[cfg(feature = "pages")]
mod pages;
mod server;
mod tls;
mod wire;
