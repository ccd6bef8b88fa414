//! Clocks of owners: time zones, times of day, weeks. The zone data is bundled; nothing is read from the machine.

use jiff::Timestamp;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;

/// A time zone.
#[derive(Debug, Clone)]
pub(super) struct Zone(TimeZone);

/// The zone of an IANA name.
pub(super) fn zone(name: &str) -> Option<Zone> {
    if name == "UTC" {
        return Some(Zone(TimeZone::UTC));
    }
    TimeZone::get(name).ok().map(Zone)
}

/// Minutes of the day of `HH:MM`.
pub(super) fn minutes(text: &str) -> Option<u32> {
    let (hours, minutes) = text.split_once(':')?;
    let digits = |t: &str| (t.len() == 2 && t.bytes().all(|b| b.is_ascii_digit())).then(|| t.parse::<u32>().ok());
    let (h, m) = (digits(hours)??, digits(minutes)??);
    (h < 24 && m < 60).then_some(60 * h + m)
}

impl Zone {
    /// The date and the minute of the day at an instant, in seconds since 1970-01-01T00:00:00Z.
    fn local(&self, at: i64) -> (Date, u32) {
        let time = Timestamp::from_second(at).unwrap_or(Timestamp::UNIX_EPOCH);
        let local = self.0.to_datetime(time);
        (local.date(), 60 * local.hour().unsigned_abs() as u32 + local.minute().unsigned_abs() as u32)
    }

    /// The first instant at which the clock shows this minute of this date, or later where the clock skips it.
    fn instant(&self, date: Date, minute: u32) -> i64 {
        let local = date.at((minute / 60) as i8, (minute % 60) as i8, 0, 0);
        self.0.to_ambiguous_timestamp(local).compatible().map_or(i64::MAX, |t| t.as_second())
    }

    /// The Monday of the week at an instant, as days since 1970-01-01.
    pub(super) fn week(&self, at: i64) -> i64 {
        let date = self.local(at).0;
        let days = i64::from(crate::table::days_from_date(date));
        days - i64::from(date.weekday().to_monday_zero_offset())
    }

    /// The next instant after `at` at which the clock shows this minute.
    pub(super) fn next(&self, at: i64, minute: u32) -> i64 {
        let mut date = self.local(at).0;
        for _ in 0..3 {
            let then = self.instant(date, minute);
            if then > at {
                return then;
            }
            date = date.tomorrow().unwrap_or(date);
        }
        at + 86_400
    }

    /// The end of the quiet hours that `at` lies in, if it does: `from` to `to` in minutes of the day, weekends whole.
    pub(super) fn quiet_until(&self, at: i64, from: u32, to: u32, weekends: bool) -> Option<i64> {
        let mut end = at;
        // Quiet hours and weekends may follow each other.
        for _ in 0..8 {
            let (date, minute) = self.local(end);
            let weekend = weekends && matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday);
            let quiet = if from < to { from <= minute && minute < to } else { minute >= from || minute < to };
            let next = if weekend {
                self.instant(date.tomorrow().unwrap_or(date), 0)
            } else if quiet {
                self.next(end, to)
            } else {
                break;
            };
            end = next;
        }
        (end > at).then_some(end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        text.parse::<Timestamp>().expect("instant").as_second()
    }

    #[test]
    fn quiet_hours_follow_the_owners_clock_and_its_summer_time() {
        let berlin = zone("Europe/Berlin").expect("zone");
        let until = |t: &str, weekends| berlin.quiet_until(at(t), 18 * 60, 8 * 60, weekends);
        assert_eq!(until("2026-01-14T10:00:00Z", true), None);
        assert_eq!(until("2026-01-14T17:00:00Z", true), Some(at("2026-01-15T07:00:00Z")));
        assert_eq!(until("2026-07-14T17:00:00Z", true), Some(at("2026-07-15T06:00:00Z")));
        assert_eq!(until("2026-07-17T17:00:00Z", true), Some(at("2026-07-20T06:00:00Z")), "a whole weekend");
        assert_eq!(until("2026-07-17T17:00:00Z", false), Some(at("2026-07-18T06:00:00Z")));
        assert!(zone("Nowhere/At_All").is_none());
        assert_eq!((minutes("08:30"), minutes("24:00"), minutes("8:30")), (Some(510), None, None));
    }

    #[test]
    fn weeks_start_on_monday_by_the_owners_clock() {
        let utc = zone("UTC").expect("zone");
        let auckland = zone("Pacific/Auckland").expect("zone");
        let sunday = at("2026-07-19T20:00:00Z");
        assert_eq!(auckland.week(sunday), utc.week(sunday) + 7, "it is Monday there");
    }
}
