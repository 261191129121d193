//! The score with its table, as it is shown and sent.

use serde::Serialize;

use super::super::unit::Unit;
use super::effective::Effective;
use super::judge::badness;
use super::table::{Row, rows};

/// The version of systemd whose table is used.
pub const SYSTEMD: u32 = 252;

/// How much a service is exposed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Exposure {
    /// The version of systemd whose table this is.
    pub systemd: u32,
    /// From 0 (it may do nothing) to 10, in tenths, as systemd rounds it: up.
    pub score: f64,
    /// The word for the score.
    pub level: Level,
    /// What was looked at; what lowers the score most comes first.
    pub rows: Vec<RowReport>,
}

/// A row of the table, judged.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RowReport {
    /// Its name in systemd's JSON.
    pub field: &'static str,
    /// The setting that it is about.
    pub name: &'static str,
    /// How much it counts.
    pub weight: u32,
    /// How bad it is at worst.
    pub range: u32,
    /// How bad it is; null where it does not apply.
    pub badness: Option<u32>,
    /// Its part of the score in tenths, rounded up as systemd shows it; null where it adds nothing.
    pub exposure: Option<f64>,
    /// What the service may do, where it is bad.
    pub may: Option<&'static str>,
    /// What would lower it, where it is bad.
    pub lower: Option<&'static str>,
    /// What would break by that, where it is bad.
    pub breaks: Option<&'static str>,
}

/// The word for a score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "UPPERCASE")]
#[allow(missing_docs)]
pub enum Level {
    Perfect,
    Safe,
    Ok,
    Medium,
    Exposed,
    Unsafe,
    Dangerous,
}

impl Level {
    /// The word for a score in tenths.
    const fn of(tenths: u32) -> Self {
        match tenths {
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
        match self {
            Self::Perfect => "PERFECT",
            Self::Safe => "SAFE",
            Self::Ok => "OK",
            Self::Medium => "MEDIUM",
            Self::Exposed => "EXPOSED",
            Self::Unsafe => "UNSAFE",
            Self::Dangerous => "DANGEROUS",
        }
    }
}

/// The exposure of a unit as systemd 252 computes it (`systemd-analyze security --offline=true`).
///
/// Only units that run programs have one: services, sockets, mounts and swaps.
pub fn exposure(unit: &Unit) -> Exposure {
    let effective = Effective::of(unit);
    let judged: Vec<(&Row, Option<u32>)> = rows(SYSTEMD).map(|row| (row, badness(row, &effective))).collect();
    let part = |row: &Row, badness: u32| (badness * row.weight).div_ceil(row.range);
    let bad: u32 = judged.iter().filter_map(|(row, badness)| badness.map(|b| part(row, b))).sum();
    let weight: u32 = judged.iter().filter(|(_, badness)| badness.is_some()).map(|(row, _)| row.weight).sum();
    let tenths = (bad * 100).div_ceil(weight.max(1));
    let mut rows: Vec<RowReport> =
        judged.iter().map(|(row, badness)| report(row, *badness, weight)).collect();
    let share = |row: &RowReport| row.badness.map_or(0, |badness| badness * row.weight / row.range);
    rows.sort_by_key(|row| std::cmp::Reverse(share(row)));
    Exposure { systemd: SYSTEMD, score: f64::from(tenths) / 10.0, level: Level::of(tenths), rows }
}

fn report(row: &Row, badness: Option<u32>, weights: u32) -> RowReport {
    let bad = badness.filter(|badness| *badness > 0);
    let tenths = bad.map(|bad| (bad * row.weight * 100).div_ceil(row.range).div_ceil(weights.max(1)));
    RowReport {
        field: row.field,
        name: row.name,
        weight: row.weight,
        range: row.range,
        badness,
        exposure: tenths.map(|tenths| f64::from(tenths) / 10.0),
        may: bad.map(|_| row.may),
        lower: bad.map(|_| row.lower),
        breaks: bad.map(|_| row.breaks),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::unit::UnitName;
    use super::*;
    use crate::source::Source;

    #[test]
    fn the_first_table_adds_up() {
        let weights: u32 = rows(SYSTEMD).map(|row| row.weight).sum();
        assert_eq!((rows(SYSTEMD).count(), weights), (81, 56_460));
    }

    #[test]
    fn an_exposure_has_its_shape() {
        let unit = Unit::of_texts(
            UnitName::new("a.service").unwrap(),
            [Source::new("a.service", "[Service]\nExecStart=/bin/true\n")],
        );
        let exposure = exposure(&unit);
        let json = serde_json::to_value(&exposure).unwrap();
        assert_eq!(json["systemd"], 252);
        assert_eq!((json["score"].as_f64(), json["level"].as_str()), (Some(9.6), Some("UNSAFE")));
        assert_eq!(json["rows"][0]["name"], "PrivateNetwork=");
        assert_eq!(json["rows"][0]["lower"], "PrivateNetwork=yes");
        assert!(json["rows"].as_array().unwrap().last().unwrap()["lower"].is_null());
    }
}
