//! When records come due for the sweep. Until the hour in which one does it stands in
//! that hour's list, as one line, which is cheap to add and small; when the hour has
//! begun, the sweep moves the list to the bucket's sorted set, where each record has
//! its second. An hour that has a list stands in the sorted set, too, as due when it
//! begins, so that one question finds all that there is to do.

use redis::cmd;
use waxseal_core::id::RecordId;
use waxseal_core::time::Timestamp;

use crate::RedisStore;
use crate::fault::Fault;
use crate::keys::{Bucket, Member, member};
use crate::layout::Damaged;
use crate::records::read;
use crate::scripts;

/// Seconds of one list.
const LENGTH: u64 = 3_600;
/// Records moved by one script.
const MOVED_AT_ONCE: u64 = 64;

/// An hour, by the second when it begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Hour(u64);

/// What can stand in a bucket's sorted set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Due {
    /// A record: its content or its receipt.
    Record(Member),
    /// An hour that has begun.
    Hour(Hour),
}

impl Hour {
    /// The one in which `at` lies.
    pub(crate) fn of(at: Timestamp) -> Self {
        Self(at.secs() - at.secs() % LENGTH)
    }

    /// When it begins, in Unix seconds.
    pub(crate) fn start(self) -> u64 {
        self.0
    }

    /// A record's line: the second within the hour, and its name in the bucket.
    pub(crate) fn line(at: Timestamp, id: &RecordId) -> [u8; 33] {
        let mut line = [0; 33];
        let second = u16::try_from(at.secs() % LENGTH).unwrap_or(u16::MAX);
        line[..2].copy_from_slice(&second.to_be_bytes());
        line[2..].copy_from_slice(member(id));
        line
    }
}

impl Due {
    /// A record's name has 31 bytes; an hour is in decimal, which never has as many.
    pub(crate) fn read(name: Vec<u8>) -> Result<Self, Damaged> {
        match Member::try_from(name) {
            Ok(name) => Ok(Self::Record(name)),
            Err(name) => {
                let start = std::str::from_utf8(&name).ok().and_then(|text| text.parse().ok());
                start.map(|start| Self::Hour(Hour(start))).ok_or(Damaged)
            }
        }
    }
}

impl RedisStore {
    /// At most `wanted` of what is due in a bucket, the longest overdue first.
    pub(crate) async fn due(&self, bucket: Bucket, wanted: usize, now: Timestamp) -> Result<Vec<Due>, Fault> {
        let key = self.keys.due(bucket);
        let mut due = cmd("ZRANGEBYSCORE");
        due.arg(&key).arg("-inf").arg(now.secs()).arg("LIMIT").arg(0).arg(wanted);
        let due: Vec<Vec<u8>> = read(self.courier.send(&key, due).await?)?;
        due.into_iter().map(|name| Ok(Due::read(name)?)).collect()
    }

    /// Gives the records of an hour their places in the sorted set, a part at a time:
    /// wherever this stops, each is in one of both.
    pub(crate) async fn unfold(&self, bucket: Bucket, hour: Hour) -> Result<(), Fault> {
        let keys = [self.keys.hour(bucket, hour.start()), self.keys.due(bucket)];
        loop {
            let mut unfold = scripts::UNFOLD.call(&keys);
            unfold.arg(hour.start()).arg(MOVED_AT_ONCE);
            let moved: u64 = read(self.courier.send(&keys[0], unfold).await?)?;
            if moved < MOVED_AT_ONCE {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use waxseal_conformance::sample;

    #[test]
    fn an_hour_and_a_line_make_a_second() {
        let at = Timestamp::from_secs(1_795_401_750);
        let (hour, line) = (Hour::of(at), Hour::line(at, &sample::id(7)));
        assert_eq!(hour.start() % 3_600, 0);
        assert_eq!(hour.start() + u64::from(u16::from_be_bytes([line[0], line[1]])), at.secs());
        assert_eq!(&line[2..], member(&sample::id(7)));
    }

    #[test]
    fn records_and_hours_are_told_apart() {
        let name: Member = [b'1'; 31];
        assert_eq!(Due::read(name.to_vec()), Ok(Due::Record(name)));
        assert_eq!(Due::read(b"3600".to_vec()), Ok(Due::Hour(Hour(3_600))));
        assert!(Due::read(vec![b'1'; 32]).is_err() && Due::read(b"x".to_vec()).is_err());
        assert!(u64::MAX.to_string().len() < 31);
    }
}
