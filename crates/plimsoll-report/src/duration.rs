//! Lengths of time for people: `250 ms`, `3.1 s`, `21 s`, `6m12s`, `2h5m`, `3d4h`. Two units are enough to act on.

use std::time::Duration;

use plimsoll_model::event::Between;

use crate::rate::trimmed;

/// A length of time as it is read aloud.
pub fn human(duration: Duration) -> String {
    let millis = duration.as_millis();
    if millis < 1000 {
        return format!("{millis} ms");
    }
    if millis < 9_950 {
        return format!("{:.1} s", duration.as_secs_f64());
    }
    // Rounded, so that a step of 59.9 s is one minute and not 60 s.
    let secs = duration.as_secs() + u64::from(duration.subsec_millis() >= 500);
    match secs {
        0..60 => format!("{secs} s"),
        60..3600 => two(secs / 60, "m", secs % 60, "s"),
        3600..86_400 => two(secs / 3600, "h", secs % 3600 / 60, "m"),
        _ => two(secs / 86_400, "d", secs % 86_400 / 3600, "h"),
    }
}

/// What is left of a time: whole seconds, so that it counts down evenly.
pub fn left(duration: Duration) -> String {
    let secs = duration.as_secs();
    if secs < 60 { format!("{secs}s") } else { human(Duration::from_secs(secs)) }
}

/// A latency in seconds: `38 ms`, `2.5 ms`, `1.2 s`.
pub fn latency(seconds: f64) -> String {
    if !seconds.is_finite() || seconds < 0.0 {
        return "unknown".to_owned();
    }
    if seconds >= 1.0 {
        return format!("{} s", trimmed(format!("{seconds:.1}")));
    }
    let millis = seconds * 1000.0;
    let digits = usize::from(millis < 10.0);
    format!("{} ms", trimmed(format!("{millis:.digits$}")))
}

/// Where a quantile lies: `<= 50 ms`, `25-50 ms`, `> 10 s`. A histogram knows no more than that.
pub fn between(bounds: Between) -> String {
    match bounds.at_most {
        None => format!("> {}", latency(bounds.above)),
        Some(most) if bounds.above <= 0.0 => format!("<= {}", latency(most)),
        Some(most) => {
            let (low, high) = (latency(bounds.above), latency(most));
            match (low.split_once(' '), high.split_once(' ')) {
                (Some((number, unit)), Some((_, same))) if unit == same => format!("{number}-{high}"),
                _ => format!("{low} - {high}"),
            }
        }
    }
}

fn two(large: u64, large_unit: &str, small: u64, small_unit: &str) -> String {
    if small == 0 {
        format!("{large}{large_unit}")
    } else {
        format!("{large}{large_unit}{small}{small_unit}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_aloud() {
        for (millis, text) in [
            (0, "0 ms"),
            (250, "250 ms"),
            (3100, "3.1 s"),
            (9_949, "9.9 s"),
            (9_950, "10 s"),
            (21_400, "21 s"),
            (59_700, "1m"),
            (372_000, "6m12s"),
            (3_600_000, "1h"),
            (7_500_000, "2h5m"),
            (273_600_000, "3d4h"),
        ] {
            assert_eq!(human(Duration::from_millis(millis)), text, "{millis}");
        }
    }

    #[test]
    fn what_is_left_counts_down_in_seconds() {
        assert_eq!(left(Duration::from_millis(9_400)), "9s");
        assert_eq!(left(Duration::from_secs(372)), "6m12s");
    }

    #[test]
    fn a_quantile_is_a_bucket() {
        let between = |above, at_most| super::between(Between { above, at_most });
        assert_eq!(between(0.0, Some(0.05)), "<= 50 ms");
        assert_eq!(between(0.025, Some(0.05)), "25-50 ms");
        assert_eq!(between(0.5, Some(1.0)), "500 ms - 1 s");
        assert_eq!(between(10.0, None), "> 10 s");
        assert_eq!(between(0.001, Some(0.0025)), "1-2.5 ms");
    }
}
