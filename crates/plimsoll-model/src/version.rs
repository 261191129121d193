//! Versions of every format that is stored or sent.
//!
//! A reader accepts its own version and the older ones it still knows, and names both when it refuses.

use std::ops::RangeInclusive;

/// Newest version of the messages between coordinator and agent that this program speaks.
///
/// 2: pages of instances ([`crate::agent::Request::Fetch`]), facts of hosts, artifacts that travel packed.
pub const PROTOCOL: u32 = 2;
/// Oldest version of those messages that this program still speaks.
pub const OLDEST_PROTOCOL: u32 = 1;
/// Version of a release's `manifest.json`.
pub const MANIFEST: u32 = 1;
/// Version of a journal record.
pub const RECORD: u32 = 1;
/// Version of the files that an agent keeps on its host.
pub const HOST_STATE: u32 = 1;
/// Version of the JSON that commands print with `--json`.
pub const REPORT: u32 = 1;

/// The protocol that two sides speak with each other: the newest that both know; none where their ranges are apart.
pub fn agreed(ours: RangeInclusive<u32>, theirs: RangeInclusive<u32>) -> Option<u32> {
    let newest = *ours.end().min(theirs.end());
    (newest >= *ours.start().max(theirs.start())).then_some(newest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_common_protocol_is_spoken() {
        assert_eq!(agreed(1..=2, 1..=1), Some(1));
        assert_eq!(agreed(1..=2, 2..=7), Some(2));
        assert_eq!(agreed(1..=2, 3..=7), None);
        assert_eq!(agreed(3..=7, 1..=2), None);
    }
}
