//! A slow link. (See below.)

/// While it lives, a host's link is slow.
#[derive(Debug)]
pub(super) struct SlowLink {}
