//! Shares and rates for people. Rounding never turns "some" into "none" nor "almost all" into "all", and a rate
//! without a base is called unknown.

use plimsoll_model::Share;
use plimsoll_model::verdict::SideTotal;

use crate::number::thousands;

/// A fraction from 0 to 1 as a percentage: `9.8 %`, `0.11 %`, `< 0.01 %`.
pub fn percent(fraction: f64) -> String {
    if !fraction.is_finite() || fraction < 0.0 {
        return "unknown".to_owned();
    }
    let percent = fraction * 100.0;
    if percent > 0.0 && percent < 0.01 {
        return "< 0.01 %".to_owned();
    }
    if percent > 99.9 && percent < 100.0 {
        return "> 99.9 %".to_owned();
    }
    let digits = if percent < 1.0 { 2 } else { 1 };
    format!("{} %", trimmed(format!("{percent:.digits$}")))
}

/// A declared share as a screen shows it: `5 %`, `0.25 %`.
pub fn share(share: Share) -> String {
    share.to_string().replace('%', " %")
}

/// Bad requests with their base: `7 of 71`; `no requests` where there is no base.
pub fn part(total: SideTotal) -> String {
    match total.requests {
        0 => "no requests".to_owned(),
        of => format!("{} of {}", thousands(total.bad), thousands(of)),
    }
}

/// The rate and its base: `9.8 % (7 of 71)`.
pub fn with_base(total: SideTotal) -> String {
    match total.rate() {
        Some(rate) => format!("{} ({})", percent(rate), part(total)),
        None => part(total),
    }
}

/// Requests a second: `412/s`, `0.4/s`.
pub fn per_second(rate: f64) -> String {
    if !rate.is_finite() || rate < 0.0 {
        "rate unknown".to_owned()
    } else if rate >= 9.95 {
        // A float beyond u64 saturates, which is the honest end of what a screen can say.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked above; saturates"
        )]
        let whole = rate.round() as u64;
        format!("{}/s", thousands(whole))
    } else if rate > 0.0 && rate < 0.05 {
        "< 0.1/s".to_owned()
    } else {
        format!("{}/s", trimmed(format!("{rate:.1}")))
    }
}

/// Without a fraction's trailing zeros.
pub(crate) fn trimmed(number: String) -> String {
    if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.').to_owned() } else { number }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_keep_what_matters() {
        for (fraction, text) in [
            (0.0, "0 %"),
            (0.000_01, "< 0.01 %"),
            (0.0011, "0.11 %"),
            (0.005, "0.5 %"),
            (0.05, "5 %"),
            (0.098, "9.8 %"),
            (0.95, "95 %"),
            (0.999, "99.9 %"),
            (0.999_99, "> 99.9 %"),
            (1.0, "100 %"),
            (f64::NAN, "unknown"),
        ] {
            assert_eq!(percent(fraction), text, "{fraction}");
        }
    }

    #[test]
    fn a_rate_shows_its_base() {
        assert_eq!(with_base(SideTotal { requests: 71, bad: 7 }), "9.9 % (7 of 71)");
        assert_eq!(with_base(SideTotal { requests: 1331, bad: 0 }), "0 % (0 of 1,331)");
        assert_eq!(with_base(SideTotal::default()), "no requests");
        assert_eq!(part(SideTotal { requests: 12, bad: 0 }), "0 of 12");
    }

    #[test]
    fn requests_a_second() {
        for (rate, text) in [
            (0.0, "0/s"),
            (0.01, "< 0.1/s"),
            (0.44, "0.4/s"),
            (9.96, "10/s"),
            (412.3, "412/s"),
            (12_000.0, "12,000/s"),
            (f64::INFINITY, "rate unknown"),
        ] {
            assert_eq!(per_second(rate), text, "{rate}");
        }
    }

    #[test]
    fn declared_shares() {
        assert_eq!(share(Share::percent(5)), "5 %");
        assert_eq!(share(Share::basis_points(25)), "0.25 %");
    }
}
