//! What stands between the socket and hyper. It hands over a request's head only
//! once that is whole and sound (its target escaped where clients did not), never a
//! byte beyond the present request, and it holds the clocks that hyper lacks: hyper 1.12 times heads only, and counts the
//! idle time before them.
//!
//! What is refused here is answered like everything else: hyper is handed a
//! stand-in (`refused`), behind which nothing follows.

mod framing;
mod head;
mod refused;
mod target;
#[cfg(test)]
mod tests;
mod timer;
mod wire;

use std::cell::RefCell;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use waxseal_core::wiped::Wiped;
use zeroize::Zeroize;

pub(crate) use refused::{Refused, broken_body, refusal};

use crate::Patience;
use framing::Framing;
use timer::Timer;
pub(crate) use wire::Wire;

/// How much is read at once.
const PIECE: usize = 16 * 1024;

thread_local! {
    /// Where the connections of a thread receive, one after another, so that each keeps
    /// no more than what came for it. Wiped after each.
    static RECEIVED: RefCell<Box<[u8]>> = RefCell::new(vec![0; PIECE].into_boxed_slice());
}

/// A client's connection, as hyper may see it. It has no `Debug`, for what it holds.
pub(crate) struct Gate<S> {
    stream: S,
    patience: Patience,
    /// The largest body, in bytes.
    most: u64,
    place: Place,
    /// Received, and not with hyper yet. Wiped: it may hold a secret.
    held: Wiped,
    /// How many bytes at the front of `held` hyper may have.
    open: usize,
    /// How many bytes hyper was given since its buffer was last wiped.
    given: usize,
    /// Whether no request has come yet: then the head's clock runs from the start.
    fresh: bool,
    reading: Timer,
    writing: Timer,
}

/// Where in the client's bytes the front of `held`, behind `open`, stands.
enum Place {
    Head(head::End),
    Body(Framing),
    /// Behind a stand-in. Nothing that follows is read as a request.
    Refused,
}

impl<S: Wire> Gate<S> {
    pub(crate) fn new(stream: S, patience: Patience, body_cap: usize) -> Self {
        Self {
            stream,
            patience,
            most: body_cap as u64,
            place: Place::Head(head::End::default()),
            held: Wiped::default(),
            open: 0,
            given: 0,
            fresh: true,
            reading: Timer::default(),
            writing: Timer::default(),
        }
    }

    /// Opens as much of what is held as may pass.
    fn judge(&mut self) -> io::Result<()> {
        while self.open == 0 {
            match &mut self.place {
                Place::Refused => break,
                Place::Body(framing) if framing.is_over() => self.place = Place::Head(head::End::default()),
                Place::Body(framing) => {
                    self.open =
                        framing.take(&self.held, self.most).map_err(|refused| self.drop_body(refused))?;
                    break;
                }
                Place::Head(end) => match end.find(&self.held) {
                    Ok(None) => break,
                    Ok(Some(length)) => self.admit(length),
                    Err(refused) => self.refuse(refused),
                },
            }
        }
        Ok(())
    }

    fn admit(&mut self, length: usize) {
        let length = target::escape(&mut self.held, length);
        match head::judge(&self.held[..length]) {
            Ok(framing) => {
                self.place = Place::Body(framing);
                self.open = length;
                self.fresh = false;
                self.reading.stop();
            }
            Err(refused) => self.refuse(refused),
        }
    }

    fn refuse(&mut self, refused: Refused) {
        self.held = Wiped::new(refused.stand_in().to_vec());
        self.open = self.held.len();
        self.place = Place::Refused;
        self.reading.stop();
    }

    /// Ends a body that will not do. What is held has lost its framing: it is not read again.
    fn drop_body(&mut self, refused: Refused) -> io::Error {
        self.held = Wiped::default();
        self.place = Place::Refused;
        refused.error()
    }

    /// Hands over what is open.
    fn give(&mut self, out: &mut ReadBuf<'_>) {
        let length = self.open.min(out.remaining());
        out.put_slice(&self.held[..length]);
        self.open -= length;
        self.given += length;
        self.held.remove_front(length);
    }

    /// Wipes what hyper was given from its buffer, the front of which it offers again once
    /// it is done with it: an idle connection would keep its last request.
    fn wipe_given(&mut self, out: &mut ReadBuf<'_>) {
        out.initialize_unfilled_to(self.given.min(out.remaining()));
        self.given = 0;
    }

    /// Receives more. 0 = the client sends no more.
    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        RECEIVED.with_borrow_mut(|received| {
            let mut read = ReadBuf::new(received);
            ready!(Pin::new(&mut self.stream).poll_read(cx, &mut read))?;
            self.held.append(read.filled());
            read.filled_mut().zeroize();
            Poll::Ready(Ok(read.filled().len()))
        })
    }

    /// Nothing more is there to read. Whether that has been so for too long.
    fn waits_too_long(&mut self, cx: &mut Context<'_>) -> bool {
        let (of, patience) = match self.place {
            Place::Refused => return false,
            Place::Body(_) => (timer::Of::Body, self.patience.body),
            Place::Head(_) if self.fresh || !self.held.is_empty() => (timer::Of::Head, self.patience.head),
            Place::Head(_) => (timer::Of::Idle, self.patience.idle),
        };
        self.reading.is_over(cx, of, patience)
    }

    /// A head that breaks off is refused; between requests the end is just the end. So
    /// it is within a body, which hyper finds cut short, unless it came too slowly.
    fn break_off(&mut self, why: Refused) -> io::Result<()> {
        match self.place {
            Place::Head(_) if !self.held.is_empty() => self.refuse(why),
            Place::Body(_) if why == Refused::TooSlow => return Err(self.drop_body(why)),
            _ => {}
        }
        Ok(())
    }

    /// What came of writing, unless the client takes nothing for too long.
    fn stalled<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.writing.stop();
            return written;
        }
        if !self.writing.is_over(cx, timer::Of::Stall, self.patience.stall) {
            return Poll::Pending;
        }
        // What the client does not take is dropped, and not kept by the kernel for minutes.
        Poll::Ready(self.stream.drop_unsent().and(Err(io::ErrorKind::TimedOut.into())))
    }

    /// Whether the client may still be sending what nobody will read.
    fn owes_reading(&self) -> bool {
        match &self.place {
            Place::Refused => true,
            Place::Body(framing) => !framing.is_over() || !self.held.is_empty(),
            Place::Head(_) => !self.held.is_empty(),
        }
    }
}

impl<S: Wire> AsyncRead for Gate<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let gate = self.get_mut();
        loop {
            gate.judge()?;
            if gate.open > 0 {
                gate.give(out);
                return Poll::Ready(Ok(()));
            }
            if matches!(gate.place, Place::Refused) {
                return Poll::Ready(Ok(()));
            }
            let why = match gate.poll_fill(cx)? {
                Poll::Ready(0) => Refused::Malformed,
                Poll::Ready(_) => continue,
                Poll::Pending if gate.waits_too_long(cx) => Refused::TooSlow,
                Poll::Pending => {
                    gate.wipe_given(out);
                    return Poll::Pending;
                }
            };
            gate.break_off(why)?;
            if gate.open == 0 {
                gate.wipe_given(out);
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl<S: Wire> AsyncWrite for Gate<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let gate = self.get_mut();
        let written = Pin::new(&mut gate.stream).poll_write(cx, bytes);
        gate.stalled(cx, written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let gate = self.get_mut();
        let written = Pin::new(&mut gate.stream).poll_write_vectored(cx, bytes);
        gate.stalled(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let gate = self.get_mut();
        let flushed = Pin::new(&mut gate.stream).poll_flush(cx);
        gate.stalled(cx, flushed)
    }

    /// Says goodbye, and reads on for a moment if the client may still be sending.
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let gate = self.get_mut();
        let shut = Pin::new(&mut gate.stream).poll_shutdown(cx);
        ready!(gate.stalled(cx, shut))?;
        while gate.owes_reading() {
            // None of what still comes is a request: it is owed reading to its end.
            gate.place = Place::Refused;
            gate.held = Wiped::default();
            match gate.poll_fill(cx) {
                Poll::Ready(Ok(1..)) => {}
                Poll::Ready(_) => break,
                Poll::Pending if gate.reading.is_over(cx, timer::Of::Linger, gate.patience.linger) => break,
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(Ok(()))
    }
}
