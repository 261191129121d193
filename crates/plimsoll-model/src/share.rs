//! Shares of a whole: weights of traffic, error rates, limits.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A share of a whole, in hundredths of a percent: 0 is nothing, 10,000 is all.
///
/// Written as `5%`, `0.25%`. The resolution bounds the error of a weight to 0.005 %.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Share(u32);

/// Text or a number that is not a share.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "`{text}` is not a share: expected a percentage from 0 to 100 with at most two decimals, as `5%` or `0.25%`"
)]
pub struct InvalidShare {
    text: String,
}

impl Share {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// All of it.
    pub const ALL: Self = Self(10_000);

    /// A share of whole percents; more than 100 is 100.
    pub const fn percent(percent: u32) -> Self {
        Self(if percent > 100 { 10_000 } else { percent * 100 })
    }

    /// A share of hundredths of a percent; more than 10,000 is 10,000.
    pub const fn basis_points(points: u32) -> Self {
        Self(if points > 10_000 { 10_000 } else { points })
    }

    /// The share in hundredths of a percent, 0 to 10,000.
    pub const fn points(self) -> u32 {
        self.0
    }

    /// The share as a number from 0 to 1.
    pub fn fraction(self) -> f64 {
        f64::from(self.0) / 10_000.0
    }

    /// What is left of the whole.
    #[must_use]
    pub const fn rest(self) -> Self {
        Self(10_000 - self.0)
    }

    /// How many of `count` this share needs, rounded up (Argo Rollouts' rule where a router splits traffic).
    pub fn of_count(self, count: u32) -> u32 {
        let needed = (u64::from(count) * u64::from(self.0)).div_ceil(10_000);
        u32::try_from(needed).expect("a share of a count is not more than the count")
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, hundredths) = (self.0 / 100, self.0 % 100);
        match hundredths {
            0 => f.pad(&format!("{whole}%")),
            h if h % 10 == 0 => f.pad(&format!("{whole}.{}%", h / 10)),
            h => f.pad(&format!("{whole}.{h:02}%")),
        }
    }
}

impl fmt::Debug for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Share({self})")
    }
}

impl FromStr for Share {
    type Err = InvalidShare;

    fn from_str(text: &str) -> Result<Self, InvalidShare> {
        let invalid = || InvalidShare { text: text.to_owned() };
        let number = text.trim().strip_suffix('%').ok_or_else(invalid)?.trim_end();
        let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
        let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !digits(decimals) || decimals.len() > 2 {
            return Err(invalid());
        }
        let whole: u32 = whole.parse().map_err(|_| invalid())?;
        let hundredths: u32 = format!("{decimals:0<2}").parse().map_err(|_| invalid())?;
        match whole.checked_mul(100).and_then(|w| w.checked_add(hundredths)) {
            Some(points) if points <= 10_000 => Ok(Self(points)),
            _ => Err(invalid()),
        }
    }
}

impl TryFrom<String> for Share {
    type Error = InvalidShare;

    fn try_from(text: String) -> Result<Self, InvalidShare> {
        text.parse()
    }
}

impl From<Share> for String {
    fn from(share: Share) -> Self {
        share.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn argo_arithmetic_of_a_traffic_routed_canary() {
        for (weight, count) in [(0, 0), (20, 2), (25, 3), (33, 4), (99, 10), (100, 10)] {
            assert_eq!(Share::percent(weight).of_count(10), count, "{weight} % of 10");
        }
    }

    #[test]
    fn what_is_no_share_is_refused() {
        for bad in ["5", "101%", "-1%", "%", "1.234%", "1.%", "a%", "99999999999%"] {
            assert!(bad.parse::<Share>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn shares_round_trip(points in 0_u32..=10_000) {
            let share = Share::basis_points(points);
            prop_assert_eq!(share.to_string().parse::<Share>().unwrap(), share);
        }
    }
}
