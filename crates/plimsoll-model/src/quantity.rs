//! A number of things, or a share of however many there are.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::Share;

/// How many of several: a number (`3`) or a share (`"25%"`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// This many.
    Count(u32),
    /// This share of all.
    Share(Share),
}

impl Quantity {
    /// None.
    pub const NONE: Self = Self::Count(0);
    /// All of them.
    pub const ALL: Self = Self::Share(Share::ALL);

    /// How many of `total` these are where a part of one needs a whole one (rounded up), never more than there are.
    pub fn at_least(self, total: u32) -> u32 {
        match self {
            Self::Count(count) => count.min(total),
            Self::Share(share) => share.of_count(total),
        }
    }

    /// How many of `total` these are where it is a limit (rounded down), never more than there are.
    pub fn at_most(self, total: u32) -> u32 {
        match self {
            Self::Count(count) => count.min(total),
            Self::Share(share) => total - share.rest().of_count(total),
        }
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => count.fmt(f),
            Self::Share(share) => share.fmt(f),
        }
    }
}

impl Serialize for Quantity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Count(count) => serializer.serialize_u32(*count),
            Self::Share(share) => share.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Quantity;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number or a share as \"25%\"")
            }

            fn visit_u64<E: de::Error>(self, count: u64) -> Result<Quantity, E> {
                u32::try_from(count).map(Quantity::Count).map_err(|_| E::custom("the number is too great"))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Quantity, E> {
                text.parse().map(Quantity::Share).map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_needs_whole_ones_and_a_limit_has_only_whole_ones() {
        let quarter = Quantity::Share(Share::percent(25));
        for (total, least, most) in [(0, 0, 0), (1, 1, 0), (10, 3, 2), (12, 3, 3)] {
            assert_eq!((quarter.at_least(total), quarter.at_most(total)), (least, most), "{total}");
        }
        assert_eq!((Quantity::Count(5).at_least(3), Quantity::ALL.at_most(3)), (3, 3));
    }

    #[test]
    fn it_is_written_as_it_is_declared() {
        for (quantity, text) in [(Quantity::Count(3), "3"), (Quantity::Share(Share::percent(25)), "\"25%\"")]
        {
            assert_eq!(serde_json::to_string(&quantity).unwrap(), text);
            assert_eq!(serde_json::from_str::<Quantity>(text).unwrap(), quantity);
        }
        for bad in ["-1", "1.5", "\"3\"", "\"101%\"", "4294967296"] {
            assert!(serde_json::from_str::<Quantity>(bad).is_err(), "{bad}");
        }
    }
}
