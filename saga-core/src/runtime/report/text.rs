//! Times, durations and other people's words in a line.

use std::time::{Duration, SystemTime};

use crate::time::Timestamp;

/// The most characters of an error's text or a note in a line.
const WORDS_MAX: usize = 200;

/// A time as `2026-01-02 10:00:00.000`, in UTC.
pub(super) fn time(time: SystemTime) -> String {
    let millis = Timestamp::from(time).as_millis();
    let (days, of_day) = (millis / 86_400_000, millis % 86_400_000);
    let (year, month, day) = date(days);
    format!("{year:04}-{month:02}-{day:02} {}", clock(of_day))
}

fn clock(of_day: u64) -> String {
    let (seconds, millis) = (of_day / 1_000, of_day % 1_000);
    format!("{:02}:{:02}:{:02}.{millis:03}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

/// The date so many days after the first of January 1970, by the calendar that repeats itself every 400 years, with
/// years that begin in March: so the day that some have more comes last.
fn date(days: u64) -> (u64, u64, u64) {
    const DAYS_OF_400_YEARS: u64 = 146_097;
    // From the first of March of the year 0.
    let days = days + 719_468;
    let (cycle, day) = (days / DAYS_OF_400_YEARS, days % DAYS_OF_400_YEARS);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (cycle * 400 + year + u64::from(month <= 2), month, day)
}

/// A duration with as much of it as a person wants to know.
pub(super) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0 => format!("{} ms", duration.as_millis()),
        1..60 => format!("{seconds}.{:02} s", duration.subsec_millis() / 10),
        60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{} h {} min", seconds / 3_600, seconds / 60 % 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds / 3_600 % 24),
    }
}

/// Somebody's words in one line, cut if they are many.
pub(super) fn words(words: &str) -> String {
    let line: String = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let line: String = line.chars().filter(|char| !char.is_control()).collect();
    match line.char_indices().nth(WORDS_MAX) {
        Some((end, _)) => line.get(..end).map(|cut| format!("{cut}...")).unwrap_or_default(),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_calendar() {
        for (seconds, text) in [
            (0, "1970-01-01 00:00:00.000"),
            (951_782_399, "2000-02-28 23:59:59.000"),
            (951_782_400, "2000-02-29 00:00:00.000"),
            (951_868_800, "2000-03-01 00:00:00.000"),
            (1_078_012_800, "2004-02-29 00:00:00.000"),
            (1_767_225_599, "2025-12-31 23:59:59.000"),
            (1_767_225_600, "2026-01-01 00:00:00.000"),
            (4_107_542_400, "2100-03-01 00:00:00.000"),
        ] {
            assert_eq!(time(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)), text);
        }
        assert!(!time(Timestamp::NEVER.into()).is_empty());
    }

    #[test]
    fn durations_are_as_long_as_they_feel() {
        for (millis, text) in [
            (0, "0 ms"),
            (999, "999 ms"),
            (1_000, "1.00 s"),
            (59_999, "59.99 s"),
            (60_000, "1 min 0 s"),
            (3_725_000, "1 h 2 min"),
            (90_000_000, "1 d 1 h"),
        ] {
            assert_eq!(duration(Duration::from_millis(millis)), text);
        }
    }

    #[test]
    fn words_stand_in_one_line() {
        assert_eq!(words("a\n  b\tc\u{1b}[0m"), "a b c[0m");
        assert_eq!(words(&"é".repeat(WORDS_MAX)).chars().count(), WORDS_MAX);
        assert!(words(&"é".repeat(WORDS_MAX + 1)).ends_with("é..."));
    }
}
