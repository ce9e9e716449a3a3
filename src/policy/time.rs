//! Points in time and their two written forms. No clock is read here.

use std::fmt;
use std::ops::{Add, Sub};
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use crate::json::FromValue;

/// Milliseconds since the Unix epoch, on the clock of some machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Time(pub i64);

impl FromValue for Time {
    fn from_value(value: Value) -> Option<Time> {
        value.as_i64().map(Time)
    }
}

impl Time {
    /// Parses an HTTP-date in any of its three forms (RFC 9110 §5.6.7).
    ///
    /// "Recipients of timestamp values are encouraged to be robust in parsing": case does not
    /// count, nor does a wrong day of the week. A text that mixes the forms, is in another zone or
    /// names no day is no date. A two-digit year is between 1970 and 2069.
    pub fn from_http_date(text: &str) -> Option<Time> {
        let text = text.trim().to_ascii_lowercase();
        let words: Vec<&str> = text.split(' ').collect();
        match words.as_slice() {
            [weekday, day, month, year, time, "gmt"] => {
                let weekday = weekday.strip_suffix(',')?;
                is_weekday(weekday).then_some(())?;
                moment(day, month, number(year).filter(|_| year.len() == 4)?, time)
            }
            [weekday, date, time, "gmt"] => {
                let weekday = weekday.strip_suffix(',')?;
                is_weekday(weekday).then_some(())?;
                let (day, rest) = date.split_once('-')?;
                let (month, year) = rest.split_once('-')?;
                let short = number(year).filter(|_| year.len() == 2)?;
                moment(day, month, short + if short < 70 { 2000 } else { 1900 }, time)
            }
            [weekday, month, "", day, time, year] | [weekday, month, day, time, year] => {
                is_weekday(weekday).then_some(())?;
                moment(day, month, number(year).filter(|_| year.len() == 4)?, time)
            }
            _ => None,
        }
    }

    /// Returns the time since `earlier`; zero if it is not earlier.
    pub fn since(self, earlier: Time) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Returns the whole seconds until `later`, rounded down; negative if it has passed.
    pub fn seconds_until(self, later: Time) -> i64 {
        later.0.saturating_sub(self.0).div_euclid(1000)
    }
}

impl Add<Duration> for Time {
    type Output = Time;

    fn add(self, duration: Duration) -> Time {
        Time(self.0.saturating_add(millis(duration)))
    }
}

impl Sub<Duration> for Time {
    type Output = Time;

    fn sub(self, duration: Duration) -> Time {
        Time(self.0.saturating_sub(millis(duration)))
    }
}

/// Writes RFC 3339 in UTC with milliseconds: `2026-11-20T10:50:28.000Z`.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, of_day) = (self.0.div_euclid(86_400_000), self.0.rem_euclid(86_400_000));
        let (year, month, day) = civil(days);
        let (hours, minutes) = (of_day / 3_600_000, of_day / 60_000 % 60);
        let (seconds, milliseconds) = (of_day / 1000 % 60, of_day % 1000);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hours:02}:{minutes:02}:{seconds:02}.{milliseconds:03}Z"
        )
    }
}

const WEEKDAYS: [&str; 7] =
    ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

fn is_weekday(text: &str) -> bool {
    WEEKDAYS.iter().any(|day| *day == text || day[..3] == *text)
}

fn moment(day: &str, month: &str, year: i64, time: &str) -> Option<Time> {
    let month = 1 + MONTHS.iter().position(|name| *name == month)? as i64;
    let day = number(day).filter(|_| day.len() <= 2)?;
    let days = days_from_civil(year, month, day);
    let seconds = time_of_day(time)?;
    (civil(days) == (year, month, day)).then_some(Time((days * 86_400 + seconds) * 1000))
}

fn number(text: &str) -> Option<i64> {
    let is_short = (1..=4).contains(&text.len());
    (is_short && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

/// Returns the seconds since midnight; a leap second is the last second of its minute.
fn time_of_day(text: &str) -> Option<i64> {
    let mut parts = text.split(':').map(|part| number(part).filter(|_| part.len() == 2));
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next()??);
    let legal = parts.next().is_none() && hours < 24 && minutes < 60 && seconds < 61;
    legal.then_some(hours * 3600 + minutes * 60 + seconds.min(59))
}

fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let march_month = (month + 9) % 12;
    let of_year = (153 * march_month + 2) / 5 + day - 1;
    let days = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    era * DAYS_IN_400_YEARS + days - MARCH_OF_YEAR_0_TO_1970
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

const DAYS_IN_400_YEARS: i64 = 146_097;
const MARCH_OF_YEAR_0_TO_1970: i64 = 719_468;

/// Returns the Gregorian date of a day counted from 1970-01-01. Years are counted from March. The
/// leap day is then the last of its year, and each month's start a linear function of its number.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + MARCH_OF_YEAR_0_TO_1970;
    let era = shifted.div_euclid(DAYS_IN_400_YEARS);
    let of_era = shifted.rem_euclid(DAYS_IN_400_YEARS);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// Returns the median of the known times. Times that are not later are the older half.
pub fn median(times: impl Iterator<Item = Option<Time>>) -> Option<Time> {
    let mut known: Vec<Time> = times.flatten().collect();
    known.sort_unstable();
    known.get(known.len() / 2).copied()
}
