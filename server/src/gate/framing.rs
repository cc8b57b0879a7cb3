//! Where a body ends, so that the next head is found where hyper will look for it.
//! The bytes pass as they are; hyper decodes them.

use super::refused::Refused;

/// What of a body is still to come.
#[derive(PartialEq, Eq, Debug)]
pub(super) enum Framing {
    /// So many bytes.
    Length(u64),
    /// Chunks (RFC 9112, 7.1).
    Chunked(Chunk),
}

/// A place among chunks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Chunk {
    /// Before a size.
    Start,
    /// Among its digits.
    Size(u64),
    /// Behind them: extensions, which mean nothing to us.
    Extension(u64),
    /// Before the LF of the size's line.
    SizeEnd(u64),
    /// So many bytes before the end of the data.
    Data(u64),
    /// Before the CR behind the data.
    DataCr,
    /// Before the LF behind the data.
    DataLf,
    /// At the start of a trailer's line, or of the last, empty one.
    Line,
    /// In a trailer.
    Trailer,
    /// Before a trailer's LF.
    TrailerEnd,
    /// Before the last LF.
    LastLf,
    /// Behind the body.
    Over,
}

impl Framing {
    /// Chunks, from their start.
    pub(super) const CHUNKED: Self = Self::Chunked(Chunk::Start);

    /// Whether the body has ended.
    pub(super) const fn is_over(&self) -> bool {
        matches!(self, Self::Length(0) | Self::Chunked(Chunk::Over))
    }

    /// How many bytes at the front of `held` belong to this body; moves past them.
    /// A chunk of more than `most` bytes is refused before any of it has come: a body
    /// that is announced and never sent would hold its place until the clock cuts it.
    pub(super) fn take(&mut self, held: &[u8], most: u64) -> Result<usize, Refused> {
        match self {
            Self::Length(left) => Ok(data(left, held)),
            Self::Chunked(chunk) => chunks(chunk, held, most),
        }
    }
}

fn chunks(chunk: &mut Chunk, held: &[u8], most: u64) -> Result<usize, Refused> {
    let mut taken = 0;
    while taken < held.len() && *chunk != Chunk::Over {
        if let Chunk::Data(left) = chunk {
            taken += data(left, &held[taken..]);
            if *left == 0 {
                *chunk = Chunk::DataCr;
            }
        } else {
            *chunk = chunk.past(held[taken]).ok_or(Refused::Malformed)?;
            taken += 1;
            if matches!(chunk, Chunk::Data(size) if *size > most) {
                return Err(Refused::TooLarge);
            }
        }
    }
    Ok(taken)
}

fn data(left: &mut u64, held: &[u8]) -> usize {
    let here = usize::try_from(*left).unwrap_or(usize::MAX).min(held.len());
    *left -= here as u64;
    here
}

impl Chunk {
    /// The place behind `byte`; `None` if it may not stand here.
    fn past(self, byte: u8) -> Option<Self> {
        Some(match (self, byte) {
            (Self::Start, _) => Self::Size(digit(byte)?),
            (Self::Size(size), b';' | b' ' | b'\t') => Self::Extension(size),
            (Self::Size(size) | Self::Extension(size), b'\r') => Self::SizeEnd(size),
            (Self::Size(size), _) => Self::Size(size.checked_mul(16)?.checked_add(digit(byte)?)?),
            // In quotes anything printable may stand, and bytes beyond ASCII (RFC 9110, 5.6.4).
            (Self::Extension(size), b'\t' | b' '..=b'~' | 0x80..) => Self::Extension(size),
            (Self::SizeEnd(0), b'\n') | (Self::TrailerEnd, b'\n') => Self::Line,
            (Self::SizeEnd(size), b'\n') => Self::Data(size),
            (Self::DataCr, b'\r') => Self::DataLf,
            (Self::DataLf, b'\n') => Self::Start,
            (Self::Line, b'\r') => Self::LastLf,
            (Self::LastLf, b'\n') => Self::Over,
            (Self::Trailer, b'\r') => Self::TrailerEnd,
            (Self::Line | Self::Trailer, byte) if !matches!(byte, b'\n' | 0) => Self::Trailer,
            _ => return None,
        })
    }
}

fn digit(byte: u8) -> Option<u64> {
    char::from(byte).to_digit(16).map(u64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rest behind the body, fed in pieces of `step`; `None` if it is refused or not over.
    fn rest(sent: &str, step: usize) -> Option<&str> {
        let mut framing = Framing::CHUNKED;
        let mut at = 0;
        while at < sent.len() && !framing.is_over() {
            let piece = &sent.as_bytes()[at..(at + step).min(sent.len())];
            at += framing.take(piece, 10).ok()?;
        }
        framing.is_over().then(|| &sent[at..])
    }

    #[test]
    fn the_next_head_is_found_behind_chunks_however_they_are_cut() {
        let sound = [
            "0\r\n\r\nGET",
            "5\r\nhello\r\n0\r\n\r\nGET",
            "00a;x=\"ä\"\r\n0\r\n\r\n01234\r\n1 ;z\r\n.\r\n0\r\nA: b\r\nC: d\r\n\r\nGET",
            "A\r\n\r\n\r\n\r\n\r\n\r\n\r\n0\r\n\r\nGET",
        ];
        for sent in sound {
            for step in 1..sent.len() {
                assert_eq!(rest(sent, step), Some("GET"), "{sent:?} by {step}");
            }
        }
    }

    #[test]
    fn what_is_no_chunk_is_refused() {
        let unsound = [
            "\r\n",
            "x\r\n",
            "-1\r\n",
            "0x1\r\n",
            " 1\r\n",
            "1\n",
            "1\r1",
            "1;\n",
            "1\r\nab",
            "1\r\na\n",
            "0\r\n\n",
            "0\r\nA: b\n",
            "0\r\n\rx",
            "1;\0\r\n",
            "10000000000000000\r\n",
        ];
        for sent in unsound {
            let mut framing = Framing::CHUNKED;
            assert_eq!(framing.take(sent.as_bytes(), u64::MAX), Err(Refused::Malformed), "{sent:?}");
        }
    }

    #[test]
    fn a_chunk_too_large_is_refused_when_it_is_announced() {
        let take = |sent: &str| {
            let mut framing = Framing::CHUNKED;
            framing.take(sent.as_bytes(), 10)
        };
        assert_eq!(take("a\r\n"), Ok(3));
        assert_eq!(take("b"), Ok(1), "its digits may go on");
        for sent in ["b\r\n", "1\r\na\r\nb;x\r\n", "ffffffffffffffff\r\n"] {
            assert_eq!(take(sent), Err(Refused::TooLarge), "{sent:?}");
        }
    }

    #[test]
    fn a_length_is_counted_down() {
        let mut framing = Framing::Length(5);
        assert_eq!((framing.take(b"abc", 1), framing.is_over()), (Ok(3), false));
        assert_eq!((framing.take(b"abc", 1), framing.is_over()), (Ok(2), true));
    }
}
