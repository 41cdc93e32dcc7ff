//! Moments: deadlines, and when something was handed in. Always with a time zone; nothing here asks what time it is.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use toml::value::{Datetime, Offset};

/// A moment, in seconds since 1970 in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Moment(i64);

const DAY: i64 = 86_400;

impl Moment {
    /// Reads `2026-10-01T23:59:00-04:00`, RFC 3339, with or without parts of a second.
    ///
    /// # Errors
    ///
    /// A sentence about what is none, or has no time zone.
    pub fn read(text: &str) -> Result<Self, String> {
        let problem = || format!("{text:?} is not a moment: write it as in 2026-10-01T23:59:00-04:00");
        Self::of(&text.parse::<Datetime>().map_err(|_| problem())?)
    }

    /// The moment that a rubric names.
    ///
    /// # Errors
    ///
    /// A sentence about what is missing.
    pub fn of(datetime: &Datetime) -> Result<Self, String> {
        let Datetime { date: Some(date), time: Some(time), offset: Some(offset) } = datetime else {
            return Err(format!(
                "{datetime} is not a moment: it needs a day, a time and a time zone, as in 2026-10-01T23:59:00-04:00"
            ));
        };
        let minutes = match offset {
            Offset::Z => 0,
            Offset::Custom { minutes } => i64::from(*minutes),
        };
        let days = days_from_civil(i64::from(date.year), i64::from(date.month), i64::from(date.day));
        let seconds = i64::from(time.hour) * 3600 + i64::from(time.minute) * 60;
        Ok(Self(days * DAY + seconds + i64::from(time.second.unwrap_or(0)) - minutes * 60))
    }

    /// The moment that lies so many seconds after the first of January 1970, in UTC.
    #[must_use]
    pub fn from_unix(seconds: i64) -> Self {
        Self(seconds)
    }

    /// By how many days this is later than a deadline, days that have begun counted; 0 if it is not later than the deadline and the grace.
    #[must_use]
    pub fn days_after(self, deadline: Self, grace: Duration) -> u64 {
        let grace = i64::try_from(grace.as_secs()).unwrap_or(i64::MAX);
        let late = self.0.saturating_sub(deadline.0);
        if late <= grace { 0 } else { (late as u64).div_ceil(DAY as u64) }
    }
}

/// Days from 1970-01-01 to a day of the Gregorian calendar (Howard Hinnant's `days_from_civil`): years begin in March, so
/// that the day which some have not is their last.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The other way round: year, month and day.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = civil_from_days(self.0.div_euclid(DAY));
        let seconds = self.0.rem_euclid(DAY);
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

impl TryFrom<String> for Moment {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::read(&text)
    }
}

impl From<Moment> for String {
    fn from(moment: Moment) -> Self {
        moment.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_with_their_zone_and_shown_in_utc() {
        for (text, utc) in [
            ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),
            ("2026-10-01T23:59:00-04:00", "2026-10-02T03:59:00Z"),
            ("2018-07-01T14:22:32.365935-07:00", "2018-07-01T21:22:32Z"),
            ("2024-02-29T12:00:00Z", "2024-02-29T12:00:00Z"),
            ("2000-03-01T00:30:00+01:00", "2000-02-29T23:30:00Z"),
            ("1969-12-31T23:59:59Z", "1969-12-31T23:59:59Z"),
        ] {
            assert_eq!(Moment::read(text).unwrap().to_string(), utc, "{text}");
        }
        assert_eq!(Moment::read("2001-09-09T01:46:40Z"), Ok(Moment(1_000_000_000)));
    }

    #[test]
    fn moment_without_a_zone_is_refused() {
        for text in ["2026-10-01", "2026-10-01T23:59:00", "soon", ""] {
            assert!(Moment::read(text).unwrap_err().contains("2026-10-01T23:59:00-04:00"), "{text}");
        }
    }

    #[test]
    fn days_that_have_begun_count_and_the_grace_forgives() {
        let deadline = Moment(1_000_000);
        let grace = Duration::from_secs(600);
        for (late, days) in [(-5, 0), (0, 0), (600, 0), (601, 1), (DAY, 1), (DAY + 1, 2), (3 * DAY, 3)] {
            assert_eq!(Moment(deadline.0 + late).days_after(deadline, grace), days, "{late}");
        }
    }
}
