//! A gate's clocks and what it leaves behind, without sockets: no test takes the time it tells of.

use std::future::poll_fn;
use std::io::ErrorKind;
use std::mem::MaybeUninit;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::time::{Duration, Instant, sleep, timeout};

use super::*;

/// In seconds, each wait another time.
const HEAD: u64 = 10;
const BODY: u64 = 20;
const IDLE: u64 = 60;
const STALL: u64 = 30;
const LINGER: u64 = 5;
/// How many bytes are on their way at most.
const ROOM: usize = 64;

const ASKED: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const SENDING: &str = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n";

/// Answers what a socket would not, so that it shows.
impl Wire for DuplexStream {
    fn drop_unsent(&self) -> io::Result<()> {
        Err(ErrorKind::ConnectionAborted.into())
    }
}

fn gate() -> (DuplexStream, Gate<DuplexStream>) {
    let [head, body, idle, stall, linger] = [HEAD, BODY, IDLE, STALL, LINGER].map(Duration::from_secs);
    let patience = Patience { head, body, idle, stall, linger, ..Patience::default() };
    let (client, server) = duplex(ROOM);
    (client, Gate::new(server, patience, 1_000))
}

async fn send(client: &mut DuplexStream, text: &str) {
    client.write_all(text.as_bytes()).await.unwrap();
}

/// What hyper is given next, and after how many seconds.
async fn next(gate: &mut Gate<DuplexStream>) -> (Result<String, ErrorKind>, u64) {
    let (start, mut bytes) = (Instant::now(), [0; 256]);
    let read = gate.read(&mut bytes).await.map(|length| String::from_utf8_lossy(&bytes[..length]).into());
    (read.map_err(|error| error.kind()), start.elapsed().as_secs())
}

/// The same, where the client sends something after so many seconds.
async fn next_after(
    gate: &mut Gate<DuplexStream>,
    client: &mut DuplexStream,
    seconds: u64,
    text: &str,
) -> (Result<String, ErrorKind>, u64) {
    let sending = async {
        sleep(Duration::from_secs(seconds)).await;
        send(client, text).await;
    };
    tokio::join!(next(gate), sending).0
}

fn given(text: &str) -> Result<String, ErrorKind> {
    Ok(text.to_owned())
}

fn too_slow() -> Result<String, ErrorKind> {
    given(std::str::from_utf8(Refused::TooSlow.stand_in()).unwrap())
}

/// A gate before which this was sent, all of which it has taken note of.
async fn after(text: &str) -> (DuplexStream, Gate<DuplexStream>) {
    let (mut client, mut gate) = gate();
    send(&mut client, text).await;
    next(&mut gate).await.0.unwrap();
    timeout(Duration::from_secs(1), next(&mut gate)).await.ok();
    (client, gate)
}

#[tokio::test(start_paused = true)]
async fn a_new_connection_has_a_heads_time_to_ask() {
    let (_client, mut silent) = gate();
    assert_eq!(next(&mut silent).await, (given(""), HEAD));
    let (mut client, mut slow) = gate();
    assert_eq!(next_after(&mut slow, &mut client, 3, "GET /").await, (too_slow(), HEAD));
}

#[tokio::test(start_paused = true)]
async fn between_requests_a_connection_may_idle_and_then_has_a_heads_time() {
    let (_client, mut idle) = after(ASKED).await;
    assert_eq!(next(&mut idle).await, (given(""), IDLE - 1));
    let (mut client, mut slow) = after(ASKED).await;
    assert_eq!(next_after(&mut slow, &mut client, 40, "GET /").await, (too_slow(), 40 + HEAD));
}

#[tokio::test(start_paused = true)]
async fn a_connection_in_use_is_never_idle() {
    let (mut client, mut gate) = after(ASKED).await;
    for _ in 0..3 {
        assert_eq!(next_after(&mut gate, &mut client, 40, ASKED).await, (given(ASKED), 40));
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_has_its_time_however_it_trickles() {
    let (mut client, mut gate) = gate();
    send(&mut client, SENDING).await;
    assert_eq!(next(&mut gate).await.0, given(SENDING));
    assert_eq!(next_after(&mut gate, &mut client, 15, "x").await, (given("x"), 15));
    assert_eq!(next(&mut gate).await, (Err(ErrorKind::TimedOut), BODY - 15));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_takes_nothing_is_cut_and_what_it_did_not_take_is_dropped() {
    let (_client, mut gate) = gate();
    let start = Instant::now();
    let cut = gate.write_all(&[b'x'; ROOM + 1]).await.unwrap_err();
    assert_eq!((cut.kind(), start.elapsed().as_secs()), (ErrorKind::ConnectionAborted, STALL));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_takes_a_little_now_and_then_gets_it_all() {
    let (mut client, mut gate) = gate();
    let taking = async {
        for _ in 0..5 {
            sleep(Duration::from_secs(STALL - 1)).await;
            client.read_exact(&mut [0]).await.unwrap();
        }
    };
    let (written, ()) = tokio::join!(gate.write_all(&[b'x'; ROOM + 5]), taking);
    assert!(written.is_ok());
}

#[tokio::test(start_paused = true)]
async fn goodbye_is_said_at_once_where_nothing_is_owed_and_for_a_moment_where_more_may_come() {
    let further = format!("{ASKED}GET");
    let all = [(ASKED, 0), ("BAD\r\n\r\n", LINGER), (SENDING, LINGER), (&further, LINGER)];
    for (sent, lingers) in all {
        let (mut client, mut gate) = after(sent).await;
        let start = Instant::now();
        let sending_on = async {
            for _ in 0..2 * lingers {
                sleep(Duration::from_millis(900)).await;
                // Fails once the gate is gone.
                client.write_all(&[b'x'; ROOM]).await.ok();
            }
        };
        let parting = async {
            gate.shutdown().await.unwrap();
            assert!(gate.held.len() <= ROOM, "{sent:?}: what nobody reads is not kept");
            drop(gate);
            start.elapsed().as_secs()
        };
        assert_eq!(tokio::join!(parting, sending_on).0, lingers, "{sent:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_more_keeps_nothing_of_a_request() {
    let (mut client, mut gate) = gate();
    send(&mut client, ASKED).await;
    assert_eq!(next(&mut gate).await.0, given(ASKED));
    let mut buffer = [MaybeUninit::new(b'x'); 2 * ROOM];
    let mut buffer = ReadBuf::uninit(&mut buffer);
    let waits = poll_fn(|cx| Poll::Ready(Pin::new(&mut gate).poll_read(cx, &mut buffer).is_pending())).await;
    assert!(waits);
    assert_eq!(buffer.initialized(), [0; ASKED.len()], "hyper's buffer, from its front");
    RECEIVED.with_borrow(|received| assert!(received.iter().all(|byte| *byte == 0)));
}
