//! Points in time, for people and for machines. Always UTC, and always said so:
//! a page that is rendered on the server can't know the reader's clock.

use time::OffsetDateTime;
use waxseal_core::time::Timestamp;

use crate::words::Words;

/// A minute of the Gregorian calendar, UTC.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Date {
    /// Four digits until the year 9999, where time ends for us.
    pub year: i32,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 59.
    pub second: u8,
}

impl From<Timestamp> for Date {
    fn from(at: Timestamp) -> Self {
        let secs = i64::try_from(at.secs()).unwrap_or(i64::MAX);
        // The calendar's last second stands for all that lies behind it.
        let last = time::Date::MAX.with_time(time::Time::MAX).assume_utc();
        let at = OffsetDateTime::from_unix_timestamp(secs).unwrap_or(last);
        Self {
            year: at.year(),
            month: at.month().into(),
            day: at.day(),
            hour: at.hour(),
            minute: at.minute(),
            second: at.second(),
        }
    }
}

/// The value of a `datetime` attribute: `2026-11-23T02:30:13Z`.
#[must_use]
pub fn machine(at: Timestamp) -> String {
    let Date { year, month, day, hour, minute, second } = at.into();
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

impl Words {
    /// A point in time as the language writes it, with its zone:
    /// `23 November 2026, 02:30 UTC`.
    #[must_use]
    pub fn date(&self, at: Timestamp) -> String {
        let date = Date::from(at);
        let month = self.months[usize::from(date.month - 1)];
        (self.write_date)(&date, month)
    }
}
