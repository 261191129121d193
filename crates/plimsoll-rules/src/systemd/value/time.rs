//! Values that are times.

type Judged = Result<(), String>;

/// Units of time in nanoseconds.
const UNITS: [(&[&str], u128); 11] = [
    (&["nsec", "ns"], 1),
    (&["usec", "us", "µs", "μs"], 1_000),
    (&["msec", "ms"], 1_000_000),
    (&["seconds", "second", "sec", "s"], 1_000_000_000),
    (&["minutes", "minute", "min", "m"], 60_000_000_000),
    (&["hours", "hour", "hr", "h"], 3_600_000_000_000),
    (&["days", "day", "d"], 86_400_000_000_000),
    (&["weeks", "week", "w"], 604_800_000_000_000),
    (&["months", "month", "M"], 2_629_800_000_000_000),
    (&["years", "year", "y"], 31_557_600_000_000_000),
    (&[], 0),
];

/// A span as systemd writes it, in nanoseconds; `infinity` is the longest. Numbers without a unit are of `unit`.
fn nanos(text: &str, unit: u128, finest: u128) -> Option<u128> {
    let mut rest = text.trim();
    if rest == "infinity" {
        return Some(u128::MAX);
    }
    let mut total: u128 = 0;
    let mut has_any = false;
    while !rest.is_empty() {
        rest = rest.strip_prefix('+').unwrap_or(rest);
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let whole: u128 =
            if digits == 0 && rest.starts_with('.') { 0 } else { rest[..digits].parse().ok()? };
        rest = &rest[digits..];
        let mut fraction = "";
        if let Some(behind) = rest.strip_prefix('.') {
            let length = behind.find(|c: char| !c.is_ascii_digit()).unwrap_or(behind.len());
            (fraction, rest) = behind.split_at(length);
            if fraction.is_empty() {
                return None;
            }
        }
        let word = rest.trim_start();
        let length =
            word.find(|c: char| c.is_ascii_digit() || c.is_whitespace() || c == '.').unwrap_or(word.len());
        let name = &word[..length];
        let factor = if name.is_empty() {
            // A number alone may only be followed by another one behind a blank.
            unit
        } else {
            UNITS.iter().find(|(names, factor)| names.contains(&name) && *factor >= finest)?.1
        };
        rest = word[length..].trim_start();
        total = total.checked_add(whole.checked_mul(factor)?)?;
        for (place, digit) in fraction.bytes().take(18).enumerate() {
            total += u128::from(digit - b'0') * factor / 10_u128.pow(u32::try_from(place + 1).unwrap_or(1));
        }
        has_any = true;
    }
    has_any.then_some(total).filter(|total| total / finest <= u64::MAX.into())
}

/// A span in microseconds, with seconds where no unit stands.
pub fn span(text: &str) -> Option<u64> {
    let nanos = nanos(text, 1_000_000_000, 1_000)?;
    Some(u64::try_from(nanos / 1_000).unwrap_or(u64::MAX))
}

fn when(is_right: bool, wrong: &str) -> Judged {
    if is_right { Ok(()) } else { Err(wrong.to_owned()) }
}

pub(super) fn seconds_or_nothing(text: &str) -> Judged {
    if text.is_empty() { Ok(()) } else { seconds(text) }
}

pub(super) fn seconds(text: &str) -> Judged {
    when(span(text).is_some(), "it is no time, as 30s or 1min 30s")
}

pub(super) fn nanoseconds(text: &str) -> Judged {
    when(nanos(text, 1, 1).is_some(), "it is no time, as 50us")
}

pub(super) fn limit(text: &str) -> Judged {
    super::number::limit_of(text, |text| nanos(text, 1_000_000_000, 1_000))
}

/// A time of the calendar. Only its form is looked at: letters, digits and signs that such a time may have.
pub(super) fn calendar(text: &str) -> Judged {
    const WORDS: [&str; 9] = [
        "minutely",
        "hourly",
        "daily",
        "monthly",
        "weekly",
        "yearly",
        "annually",
        "quarterly",
        "semi-annually",
    ];
    let first = text.split_whitespace().next().unwrap_or_default();
    let is_day = |word: &str| {
        let word = word.to_ascii_lowercase();
        ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].iter().any(|day| word.starts_with(day))
    };
    let is_time = |word: &str| word.chars().all(|c| c.is_ascii_digit() || "*:-/,.~@".contains(c));
    let is_right = text.is_empty()
        || WORDS.iter().any(|word| word.eq_ignore_ascii_case(first))
        || is_day(first)
        || is_time(first);
    when(is_right, "it is no time of the calendar, as daily or Mon..Fri 04:00")
}
