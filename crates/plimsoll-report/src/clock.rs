//! Points in time: local and short on screens, RFC 3339 in UTC where the text may end in a file.
//!
//! The time zone is passed in; finding out the machine's own is the caller's affair.

use jiff::ZonedDateTime;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use plimsoll_model::Timestamp;

/// The time of day in `zone`: `14:03:12`.
pub fn time_of_day(at: Timestamp, zone: &TimeZone) -> String {
    match zoned(at, zone) {
        Some(time) => time.strftime("%H:%M:%S").to_string(),
        None => at.to_string(),
    }
}

/// The time of day with milliseconds: `14:03:12.250`.
pub fn time_of_day_exact(at: Timestamp, zone: &TimeZone) -> String {
    match zoned(at, zone) {
        Some(time) => time.strftime("%H:%M:%S%.3f").to_string(),
        None => at.to_string(),
    }
}

/// A moment seen from `now`: `09:12 today`, `16:40 tomorrow`, `Tue 16:40` within six days, else the date.
pub fn moment(at: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let (Some(time), Some(now)) = (zoned(at, zone), zoned(now, zone)) else {
        return at.to_string();
    };
    let format = match days_apart(now.date(), time.date()) {
        Some(0) => "%H:%M today",
        Some(1) => "%H:%M tomorrow",
        Some(-6..=6) => "%a %H:%M",
        _ => "%Y-%m-%d %H:%M",
    };
    time.strftime(format).to_string()
}

/// For files and pipes: `2026-01-31T14:03:12Z`.
pub fn stamp(at: Timestamp) -> String {
    match zoned(at, &TimeZone::UTC) {
        Some(time) => time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        None => at.to_string(),
    }
}

fn zoned(at: Timestamp, zone: &TimeZone) -> Option<ZonedDateTime> {
    let millis = i64::try_from(at.as_millis()).ok()?;
    Some(jiff::Timestamp::from_millisecond(millis).ok()?.to_zoned_datetime(zone.clone()))
}

fn days_apart(from: Date, to: Date) -> Option<i32> {
    from.until(to).ok().map(|span| span.get_days())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::try_from(text.to_owned()).unwrap()
    }

    #[test]
    fn screens_show_local_time() {
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        assert_eq!(time_of_day(at("2026-01-31T14:03:12.250Z"), &zone), "16:03:12");
        assert_eq!(time_of_day_exact(at("2026-01-31T14:03:12.250Z"), &zone), "16:03:12.250");
    }

    #[test]
    fn moments_are_seen_from_now() {
        let now = at("2026-01-31T14:03:12Z");
        for (time, text) in [
            ("2026-01-31T09:12:00Z", "09:12 today"),
            ("2026-02-01T16:40:00Z", "16:40 tomorrow"),
            ("2026-01-27T16:40:00Z", "Tue 16:40"),
            ("2026-01-20T16:40:00Z", "2026-01-20 16:40"),
        ] {
            assert_eq!(moment(at(time), now, &TimeZone::UTC), text);
        }
    }

    #[test]
    fn times_that_no_calendar_has_do_not_panic() {
        let end = Timestamp::from_millis(u64::MAX);
        assert!(moment(end, end, &TimeZone::UTC).starts_with('@'));
        assert_eq!(stamp(at("2026-01-31T14:03:12.250Z")), "2026-01-31T14:03:12Z");
    }
}
