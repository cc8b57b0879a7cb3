//! Times, for the person at the terminal.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Unix seconds in the user's own time zone, and how far that is from `now`.
pub(super) fn local(secs: u64, now: u64) -> String {
    format!("{} ({})", date(secs, TimeZone::system()), distance(secs, now))
}

fn date(secs: u64, zone: TimeZone) -> String {
    let moment = i64::try_from(secs).ok().and_then(|secs| Timestamp::from_second(secs).ok());
    let shown = |moment: Timestamp| moment.to_zoned(zone).strftime("%a %-d %b %Y, %H:%M %Z").to_string();
    moment.map_or_else(|| "beyond the year 9999".to_owned(), shown)
}

fn distance(secs: u64, now: u64) -> String {
    let far = secs.abs_diff(now);
    // From two of a unit on, so that none is rounded by half.
    let units = [(86_400, "days"), (3_600, "hours"), (60, "minutes")];
    let fit = units.into_iter().find(|(size, _)| far >= 2 * size);
    let words = fit.map_or_else(|| format!("{far} seconds"), |(size, unit)| format!("{} {unit}", far / size));
    if secs >= now { format!("in {words}") } else { format!("{words} ago") }
}

/// The clock of this machine, in Unix seconds.
pub(super) fn now() -> u64 {
    std::time::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_told_in_its_zone_and_by_its_distance() {
        assert_eq!(date(1_764_298_800, TimeZone::UTC), "Fri 28 Nov 2025, 03:00 UTC");
        assert_eq!(date(u64::MAX, TimeZone::UTC), "beyond the year 9999");
        assert_eq!(distance(100 + 7 * 86_400, 100), "in 7 days");
        assert_eq!(distance(100 + 90 * 60, 100), "in 90 minutes");
        assert_eq!(distance(100, 190), "90 seconds ago");
    }
}
