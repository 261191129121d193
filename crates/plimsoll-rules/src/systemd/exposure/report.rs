//! The score with its table.

use plimsoll_model::inspection::{Exposure, ExposureLevel, ExposureRow, Tenths};

use super::super::unit::Unit;
use super::effective::Effective;
use super::judge::badness;
use super::table::{Row, rows};

/// The version of systemd whose table is used.
pub const SYSTEMD: u32 = 252;

/// The exposure of a unit as systemd 252 computes it (`systemd-analyze security --offline=true`).
///
/// Only units that run programs have one: services, sockets, mounts and swaps.
pub fn exposure(unit: &Unit) -> Exposure {
    let effective = Effective::of(unit);
    let judged: Vec<(&Row, Option<u32>)> = rows(SYSTEMD).map(|row| (row, badness(row, &effective))).collect();
    let part = |row: &Row, badness: u32| (badness * row.weight).div_ceil(row.range);
    let bad: u32 = judged.iter().filter_map(|(row, badness)| badness.map(|b| part(row, b))).sum();
    let weight: u32 = judged.iter().filter(|(_, badness)| badness.is_some()).map(|(row, _)| row.weight).sum();
    let score = Tenths((bad * 100).div_ceil(weight.max(1)));
    let mut rows: Vec<ExposureRow> =
        judged.iter().map(|(row, badness)| report(row, *badness, weight)).collect();
    let share = |row: &ExposureRow| row.badness.map_or(0, |badness| badness * row.weight / row.range);
    rows.sort_by_key(|row| std::cmp::Reverse(share(row)));
    Exposure { systemd: SYSTEMD, score, level: ExposureLevel::of(score), rows }
}

fn report(row: &Row, badness: Option<u32>, weights: u32) -> ExposureRow {
    let bad = badness.filter(|badness| *badness > 0);
    let tenths = bad.map(|bad| (bad * row.weight * 100).div_ceil(row.range).div_ceil(weights.max(1)));
    ExposureRow {
        field: row.field.to_owned(),
        name: row.name.to_owned(),
        weight: row.weight,
        range: row.range,
        badness,
        exposure: tenths.map(Tenths),
        may: bad.map(|_| row.may.to_owned()),
        lower: bad.map(|_| row.lower.to_owned()),
        breaks: bad.map(|_| row.breaks.to_owned()),
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
