//! Versions of every format that is stored or sent.
//!
//! A reader accepts its own version and the older ones it still knows, and names both when it refuses.

/// Version of the messages between coordinator and agent. 2: artifacts travel packed.
pub const PROTOCOL: u32 = 2;
/// Version of a release's `manifest.json`.
pub const MANIFEST: u32 = 1;
/// Version of a journal record.
pub const RECORD: u32 = 1;
/// Version of the files that an agent keeps on its host.
pub const HOST_STATE: u32 = 1;
/// Version of the JSON that commands print with `--json`.
pub const REPORT: u32 = 1;
