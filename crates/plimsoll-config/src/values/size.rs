//! Sizes in bytes with a unit.

use crate::document::Node;
use crate::settings::Setting;
use crate::shape::Shape;
use crate::sink::Sink;

const UNITS: [(&str, u64); 9] = [
    ("kB", 1000),
    ("KB", 1000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
];

/// Least memory that a process can start in.
const LEAST: u64 = 1_000_000;
/// Most memory that can be meant.
const MOST: u64 = 64 << 40;

/// A size of memory in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Memory(pub(crate) u64);

impl Setting for Memory {
    fn shape() -> Shape {
        Shape::Text { what: "size", pattern: Some(r"^[0-9]+(\.[0-9]{1,3})? ?([kKMGT]B|[KMGT]iB)$") }
    }

    fn read(node: &Node<'_>, sink: &mut Sink<'_>) -> Option<Self> {
        let bytes = node.text().and_then(parse);
        if let Some(bytes) = bytes.filter(|bytes| (LEAST..=MOST).contains(bytes)) {
            return Some(Self(bytes));
        }
        let expected = if bytes.is_some() { "from 1MB to 64TiB" } else { "a size with a unit" };
        node.wrong(expected, sink)
            .help("write it as \"256MB\" or \"1.5GiB\"; units are kB, MB, GB, TB (1000) and KiB, MiB, GiB, TiB (1024)");
        None
    }
}

fn parse(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let (_, factor) = UNITS.iter().find(|(unit, _)| *unit == &text[digits.len()..])?;
    let (whole, decimals) = digits.trim_end().split_once('.').unwrap_or((digits.trim_end(), "0"));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !is_number(whole) || !is_number(decimals) || decimals.len() > 3 {
        return None;
    }
    let thousandths: u64 = format!("{decimals:0<3}").parse().ok()?;
    whole.parse::<u64>().ok()?.checked_mul(*factor)?.checked_add(factor / 1000 * thousandths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (text, bytes) in
            [("256MB", 256_000_000), ("256 MiB", 256 << 20), ("1.5GB", 1_500_000_000), ("64kB", 64_000)]
        {
            assert_eq!(parse(text), Some(bytes), "{text}");
        }
        for bad in [
            "256",
            "MB",
            "256M",
            "256mb",
            "1.MB",
            "-1MB",
            "1.2345MB",
            "99999999999999999999TB",
            "20000000TiB",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
