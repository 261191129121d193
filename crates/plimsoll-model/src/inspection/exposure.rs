//! How much a systemd unit leaves its service exposed: the score of `systemd-analyze security`, with its table.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How much a service is exposed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exposure {
    /// The version of systemd whose table this is.
    pub systemd: u32,
    /// From 0 (it may do nothing) to 10, rounded up to a tenth as systemd does.
    pub score: Tenths,
    /// The word for the score.
    pub level: ExposureLevel,
    /// What was looked at; what lowers the score most comes first.
    pub rows: Vec<ExposureRow>,
}

/// A row of the table, judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExposureRow {
    /// Its name in systemd's JSON.
    pub field: String,
    /// The setting that it is about.
    pub name: String,
    /// How much it counts.
    pub weight: u32,
    /// How bad it is at worst.
    pub range: u32,
    /// How bad it is; null where it does not apply.
    pub badness: Option<u32>,
    /// Its part of the score, rounded up as systemd shows it; null where it adds nothing.
    pub exposure: Option<Tenths>,
    /// What the service may do, where it is bad.
    pub may: Option<String>,
    /// What would lower it, where it is bad.
    pub lower: Option<String>,
    /// What would break by that, where it is bad.
    pub breaks: Option<String>,
}

/// A number with one digit behind the point: exact, and compared as such; in JSON a number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tenths(pub u32);

/// The word for a score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[allow(missing_docs)]
pub enum ExposureLevel {
    Perfect,
    Safe,
    Ok,
    Medium,
    Exposed,
    Unsafe,
    Dangerous,
}

impl ExposureLevel {
    /// The words, in order.
    pub const WORDS: [&'static str; 7] =
        ["PERFECT", "SAFE", "OK", "MEDIUM", "EXPOSED", "UNSAFE", "DANGEROUS"];

    /// The word for a score.
    pub const fn of(score: Tenths) -> Self {
        match score.0 {
            0 => Self::Perfect,
            1..10 => Self::Safe,
            10..50 => Self::Ok,
            50..75 => Self::Medium,
            75..90 => Self::Exposed,
            90..100 => Self::Unsafe,
            _ => Self::Dangerous,
        }
    }

    /// The word.
    pub const fn word(self) -> &'static str {
        Self::WORDS[self as usize]
    }
}

impl fmt::Display for Tenths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0 / 10, self.0 % 10)
    }
}

impl Serialize for Tenths {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(f64::from(self.0) / 10.0)
    }
}

impl<'de> Deserialize<'de> for Tenths {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = f64::deserialize(deserializer)? * 10.0;
        if !(0.0..=1_000_000.0).contains(&number) {
            return Err(serde::de::Error::custom("a score is a number from 0 on"));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "its bounds were looked at"
        )]
        let tenths = number.round() as u32;
        Ok(Self(tenths))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_is_a_number_in_json() {
        assert_eq!(serde_json::to_string(&Tenths(96)).unwrap(), "9.6");
        assert_eq!(serde_json::from_str::<Tenths>("9.6").unwrap(), Tenths(96));
        assert_eq!(serde_json::from_str::<Tenths>("10").unwrap().to_string(), "10.0");
        assert!(serde_json::from_str::<Tenths>("-1").is_err());
        assert_eq!(
            (ExposureLevel::of(Tenths(75)).word(), ExposureLevel::of(Tenths(0)).word()),
            ("EXPOSED", "PERFECT")
        );
        assert_eq!(serde_json::to_string(&ExposureLevel::Ok).unwrap(), "\"OK\"");
    }
}
