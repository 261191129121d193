//! Memory and swap, and what control groups leave of it.

use plimsoll_model::facts::{Fact, Memory};

use super::cgroups;
use super::view::View;

pub(super) fn facts(view: &View) -> Fact<Memory> {
    view.text("/proc/meminfo").and_then(|text| parse(&text, cgroups::memory_limit())).into()
}

/// `Name:   number kB`.
fn parse(text: &str, limit: Option<u64>) -> Result<Memory, String> {
    let number = |name: &str| -> Option<u64> {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        line.split_ascii_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1024)
    };
    let needed = |name: &str| number(name).ok_or_else(|| format!("/proc/meminfo does not say `{name}`"));
    let total = needed("MemTotal")?;
    // Kernels before 3.14 do not say what is available.
    let available = number("MemAvailable").or_else(|| number("MemFree")).unwrap_or(0);
    Ok(Memory { total, available, limit, swap: number("SwapTotal").unwrap_or(0) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_in_kilobytes_and_checked() {
        let text = "MemTotal:       1000 kB\nMemFree:  10 kB\nMemAvailable:    500 kB\nSwapTotal: 7 kB\n";
        let found = parse(text, Some(4096)).unwrap();
        assert_eq!((found.total, found.available, found.swap), (1_024_000, 512_000, 7168));
        assert_eq!(found.usable(), 4096);
        assert!(parse("MemTotal: 99999999999999999999 kB", None).is_err());
        assert!(parse("", None).is_err());
    }
}
