//! Values that are numbers.

type Judged = Result<(), String>;

/// A mode of files in octal digits.
pub fn mode(text: &str) -> Option<u32> {
    u32::from_str_radix(text, 8).ok().filter(|mode| *mode <= 0o7777 && !text.starts_with('+'))
}

fn when(is_right: bool, wrong: &str) -> Judged {
    if is_right { Ok(()) } else { Err(wrong.to_owned()) }
}

pub(super) fn mode_value(text: &str) -> Judged {
    when(mode(text).is_some(), "it is no mode in octal digits, as 0750")
}

/// A number as C reads it: `0x` and a leading zero mean other bases.
pub(super) fn number(text: &str) -> Option<i128> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (radix, digits) = match digits {
        "0" => (10, digits),
        _ => match (digits.strip_prefix("0x"), digits.strip_prefix("0o"), digits.strip_prefix("0b")) {
            (Some(rest), ..) => (16, rest),
            (_, Some(rest), _) => (8, rest),
            (.., Some(rest)) => (2, rest),
            _ => match digits.strip_prefix('0') {
                Some(rest) => (8, rest),
                None => (10, digits),
            },
        },
    };
    let is_plain = digits.starts_with(|c: char| c.is_digit(radix));
    is_plain.then(|| i128::from_str_radix(digits, radix).ok().map(|number| sign * number)).flatten()
}

fn within(text: &str, low: i128, high: i128) -> bool {
    number(text).is_some_and(|number| (low..=high).contains(&number))
}

pub(super) fn unsigned(text: &str) -> Judged {
    when(!text.starts_with('-') && within(text, 0, u32::MAX.into()), "it is no whole number")
}

pub(super) fn integer(text: &str) -> Judged {
    when(within(text, i32::MIN.into(), i32::MAX.into()), "it is no whole number")
}

pub(super) fn long(text: &str) -> Judged {
    when(within(text, i64::MIN.into(), i64::MAX.into()), "it is no whole number")
}

pub(super) fn exit_status(text: &str) -> Judged {
    when(text.is_empty() || within(text, 0, 255), "it is no status from 0 to 255")
}

pub(super) fn nice(text: &str) -> Judged {
    when(text.is_empty() || within(text, -20, 19), "it is no number from -20 to 19")
}

pub(super) fn oom_score(text: &str) -> Judged {
    when(text.is_empty() || within(text, -1000, 1000), "it is no number from -1000 to 1000")
}

pub(super) fn io_priority(text: &str) -> Judged {
    when(text.is_empty() || within(text, 0, 7), "it is no number from 0 to 7")
}

pub(super) fn cpu_priority(text: &str) -> Judged {
    when(within(text, 0, 99), "it is no number from 1 to 99")
}

pub(super) fn terminal_size(text: &str) -> Judged {
    when(text.is_empty() || within(text, 0, u32::MAX.into()), "it is no number of rows or columns")
}

/// A size with its unit, to the power of 1024.
fn bytes(text: &str) -> Option<u128> {
    let text = text.strip_prefix('+').unwrap_or(text);
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let number: u128 = whole.parse().ok()?;
    let is_fraction = digits.len() == whole.len() || (!fraction.is_empty() && !fraction.contains('.'));
    let factor = match unit.trim_start() {
        "" | "B" => 0,
        "K" => 1,
        "M" => 2,
        "G" => 3,
        "T" => 4,
        "P" => 5,
        "E" => 6,
        _ => return None,
    };
    number.checked_mul(1 << (10 * factor)).filter(|bytes| is_fraction && *bytes <= u64::MAX.into())
}

pub(super) fn size(text: &str) -> Judged {
    when(bytes(text).is_some(), "it is no size, as 64K")
}

/// One value, or a soft and a hard one with a colon between.
pub(super) fn limit_of(text: &str, one: fn(&str) -> Option<u128>) -> Judged {
    let (soft, hard) = text.split_once(':').unwrap_or((text, text));
    let value = |text: &str| if text == "infinity" { Some(u128::MAX) } else { one(text) };
    match (value(soft), value(hard)) {
        (Some(soft), Some(hard)) if soft <= hard => Ok(()),
        (Some(_), Some(_)) => Err("the soft limit is above the hard one".to_owned()),
        _ => Err("it is no limit, as 1000, 64M or infinity".to_owned()),
    }
}

pub(super) fn limit(text: &str) -> Judged {
    limit_of(text, bytes)
}

pub(super) fn limit_count(text: &str) -> Judged {
    limit_of(text, |text| number(text).and_then(|number| u128::try_from(number).ok()))
}

pub(super) fn limit_nice(text: &str) -> Judged {
    if text.contains("infinity") {
        return Err("it is no nice level".to_owned());
    }
    limit_of(text, |text| {
        if text.starts_with(['+', '-']) {
            return number(text)
                .filter(|nice| (-20..=19).contains(nice))
                .and_then(|nice| u128::try_from(20 - nice).ok());
        }
        number(text).and_then(|number| u128::try_from(number).ok()).filter(|number| *number <= 40)
    })
}

/// A percentage in hundredths of a percent.
fn permyriad(text: &str) -> Option<u64> {
    let text = text.strip_suffix('%')?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let whole: u64 = whole.parse().ok().filter(|_| digits(whole))?;
    (digits(fraction) && fraction.len() <= 2).then_some(whole * 100)
}

/// A percentage, permille or permyriad up to all of it.
fn is_share(text: &str) -> bool {
    let plain = |sign: &str, most: u64| {
        text.strip_suffix(sign)
            .and_then(|number| number.parse::<u64>().ok())
            .is_some_and(|number| number <= most)
    };
    permyriad(text).is_some_and(|share| share <= 10_000) || plain("‰", 1000) || plain("‱", 10_000)
}

pub(super) fn memory(text: &str) -> Judged {
    let is_right = text.is_empty() || text == "infinity" || is_share(text) || bytes(text).is_some();
    when(is_right, "it is no size, as 512M, no share of the memory, as 20%, and not infinity")
}

pub(super) fn memory_above_none(text: &str) -> Judged {
    memory(text).and_then(|()| when(!["0", "0%"].contains(&text), "nothing runs without memory"))
}

pub(super) fn tasks(text: &str) -> Judged {
    let is_number = number(text).is_some_and(|number| number > 0);
    when(
        text.is_empty() || text == "infinity" || is_share(text) || is_number,
        "it is no number of tasks above 0",
    )
}

pub(super) fn percent(text: &str) -> Judged {
    when(text.is_empty() || is_share(text), "it is no percentage")
}

pub(super) fn quota(text: &str) -> Judged {
    let is_right = permyriad(text).is_some_and(|share| share > 0) || text.is_empty();
    when(is_right, "it is no percentage above 0; a share of one processor is 100%")
}

pub(super) fn weight(text: &str) -> Judged {
    when(text.is_empty() || within(text, 1, 10_000), "it is no weight from 1 to 10000")
}

pub(super) fn cpu_weight(text: &str) -> Judged {
    if text == "idle" { Ok(()) } else { weight(text) }
}
