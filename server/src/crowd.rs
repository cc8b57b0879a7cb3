//! The answer where there is no place for a connection: short, at once, and bounded.

use std::io::Write;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use waxseal_core::contract::{Reply, transport};

use crate::Patience;

/// Tells a client to come again, without reading what it asks. If `room` is full
/// nobody waits for it to have heard: one that is still sending may lose the answer.
pub(crate) fn turn_away(stream: TcpStream, room: &Arc<Semaphore>, patience: Patience) {
    let Ok(permit) = room.clone().try_acquire_owned() else {
        let told = tell_and_leave(stream);
        tracing::debug!(told = told.is_ok(), "a connection was turned away in haste");
        return;
    };
    tokio::spawn(async move {
        let _permit = permit;
        let ended = tokio::time::timeout(patience.linger, tell(stream)).await;
        tracing::debug!(in_time = ended.is_ok(), "a connection was turned away");
    });
}

/// Reads on until the client leaves: closed earlier, it might lose the answer.
async fn tell(mut stream: TcpStream) -> std::io::Result<()> {
    stream.write_all(&bytes(&transport::crowded())).await?;
    stream.shutdown().await?;
    let mut unread = zeroize::Zeroizing::new([0; 1024]);
    while stream.read(&mut *unread).await? > 0 {}
    Ok(())
}

/// Does not wait: what a new socket's buffer does not take is not said.
fn tell_and_leave(stream: TcpStream) -> std::io::Result<()> {
    stream.into_std()?.write_all(&bytes(&transport::crowded()))
}

fn bytes(reply: &Reply) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {} Service Unavailable\r\n", reply.status);
    for (name, value) in reply.headers() {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("content-length: {}\r\n\r\n", reply.body.len()));
    [head.as_bytes(), &reply.body].concat()
}
