//! What differs from version to version. Change it, commit, and `plimsoll ship`.

/// The version that the greeting names.
pub const VERSION: &str = "1";
/// How many of a thousand greetings are answered with 500 (`/healthz` and `/metrics` never are).
pub const ERRORS_PER_THOUSAND: u64 = 0;
/// Milliseconds that every greeting takes longer.
pub const EXTRA_LATENCY_MS: u64 = 0;
