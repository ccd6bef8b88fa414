//! Instants, days and steps of time. Instants are microseconds since 1970-01-01T00:00:00Z.

use crate::error::{Error, ErrorKind, Result};
use crate::table::{date_from_days, days_from_date};
use serde::{Deserialize, Serialize};

/// Microseconds of a day.
pub(super) const DAY: i64 = 86_400_000_000;
/// Microseconds of an hour.
pub(super) const HOUR: f64 = 3_600_000_000.0;
/// The instant of what has not happened.
pub(super) const NEVER: i64 = i64::MAX;

/// A day or an instant: the moment up to which everything is known, and not a moment more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct AsOf {
    /// Microseconds since 1970-01-01T00:00:00Z.
    pub micros: i64,
    /// Microseconds that local time is ahead of UTC.
    pub offset: i64,
}

impl AsOf {
    /// An ISO 8601 day (its first moment in local time), a local date and time, or an instant with its offset.
    ///
    /// # Errors
    /// `invalid_argument`, naming the argument.
    pub fn parse(text: &str, argument: &'static str, offset_minutes: i32) -> Result<AsOf> {
        let offset = i64::from(offset_minutes) * 60_000_000;
        let text = text.trim();
        let instant = text.parse::<jiff::Timestamp>().ok().map(|t| t.as_microsecond());
        let local = || {
            let moment: jiff::civil::DateTime = text.parse().ok()?;
            let clock = moment.time().duration_since(jiff::civil::Time::midnight());
            Some(i64::from(days_from_date(moment.date())) * DAY + i64::try_from(clock.as_micros()).ok()? - offset)
        };
        match instant.or_else(local) {
            Some(micros) => Ok(AsOf { micros, offset }),
            None => Err(Error::new(ErrorKind::InvalidArgument, format!("{argument} is not an ISO 8601 date"))
                .with("argument", argument)
                .hint("write it as 2026-03-01 or 2026-03-01T10:00:00Z")),
        }
    }

    /// The first moment of a local day, given in days since 1970-01-01.
    pub fn day(days: i32, offset: i64) -> AsOf {
        AsOf { micros: i64::from(days) * DAY - offset, offset }
    }

    /// The local day, in days since 1970-01-01.
    pub fn days(self) -> i32 {
        i32::try_from(self.day_of(self.micros)).unwrap_or(i32::MAX)
    }

    /// The local day of an instant.
    pub(super) fn day_of(self, micros: i64) -> i64 {
        micros.saturating_add(self.offset).div_euclid(DAY)
    }

    /// So many days before.
    pub(super) fn back(self, days: i64) -> i64 {
        self.micros.saturating_sub(days * DAY)
    }

    /// Days from an instant to this one.
    pub(super) fn days_since(self, micros: i64) -> f64 {
        (self.micros - micros) as f64 / DAY as f64
    }
}

/// How often a snapshot is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Every {
    /// Every so many days.
    Days(u32),
    /// Every so many months, on the day of the month of the first snapshot (or the last day of shorter months).
    Months(u32),
}

impl Every {
    /// `day`, `week`, `month`, `quarter`, `year`, or a number of days such as `14` or `14 days`.
    ///
    /// # Errors
    /// `invalid_argument`.
    pub fn parse(text: &str) -> Result<Every> {
        let lower = text.trim().to_lowercase();
        let days = lower.trim_end_matches("days").trim_end_matches('d').trim();
        Ok(match lower.as_str() {
            "day" | "daily" => Every::Days(1),
            "week" | "weekly" => Every::Days(7),
            "month" | "monthly" => Every::Months(1),
            "quarter" | "quarterly" => Every::Months(3),
            "year" | "yearly" => Every::Months(12),
            _ => match days.parse() {
                Ok(n @ 1..=36_525) => Every::Days(n),
                _ => {
                    return Err(Error::new(ErrorKind::InvalidArgument, "every is no step of time")
                        .with("argument", "every")
                        .hint("use day, week, month, quarter, year or a number of days"));
                }
            },
        })
    }

    /// The days from `start` to `end`, both included, in days since 1970-01-01.
    pub fn days(self, start: i32, end: i32) -> Vec<i32> {
        let step = |k: i32| match self {
            Every::Days(n) => i32::try_from(n).ok().and_then(|n| n.checked_mul(k)).and_then(|d| start.checked_add(d)),
            Every::Months(n) => add_months(start, i32::try_from(n).unwrap_or(i32::MAX).saturating_mul(k)),
        };
        (0..).map_while(step).take_while(|&d| d <= end).collect()
    }
}

/// The day so many months later, on the last day of the month where that month is shorter.
pub(super) fn add_months(days: i32, months: i32) -> Option<i32> {
    let date = date_from_days(days)?.checked_add(jiff::Span::new().try_months(months).ok()?).ok()?;
    Some(days_from_date(date))
}

/// Whether two instants lie in one local calendar month.
pub(super) fn same_month(a: i64, b: i64, offset: i64) -> bool {
    let month = |t: i64| {
        let days = i32::try_from(t.saturating_add(offset).div_euclid(DAY)).ok()?;
        date_from_days(days).map(|d| (d.year(), d.month()))
    };
    month(a).is_some() && month(a) == month(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_instants() {
        let day = AsOf::parse("2026-03-01", "as_of", 0).expect("day");
        assert_eq!((day.micros, day.days()), (20_513 * DAY, 20_513));
        let berlin = AsOf::parse("2026-03-01", "as_of", 60).expect("day");
        assert_eq!((berlin.micros, berlin.days()), (20_513 * DAY - 3_600_000_000, 20_513));
        let instant = AsOf::parse("2026-03-01T00:30:00+01:00", "as_of", 0).expect("instant");
        assert_eq!(instant.days(), 20_512);
        let local = AsOf::parse("2026-03-01T00:30:00", "as_of", 60).expect("local");
        assert_eq!(local.micros, instant.micros);
        assert!(AsOf::parse("yesterday", "as_of", 0).is_err());
    }

    #[test]
    fn steps() {
        let start = AsOf::parse("2024-01-31", "start", 0).expect("day").days();
        let dates: Vec<String> = Every::parse("month")
            .expect("step")
            .days(start, start + 91)
            .iter()
            .map(|&d| date_from_days(d).expect("date").to_string())
            .collect();
        assert_eq!(dates, ["2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30"]);
        assert_eq!(Every::parse("14 days").expect("step"), Every::Days(14));
        assert_eq!(Every::Days(7).days(0, 14), [0, 7, 14]);
        assert!(Every::parse("now and then").is_err());
    }
}
