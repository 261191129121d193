//! How a release's artifact travels: as it is, or packed as what the host lacks.

use serde::{Deserialize, Serialize};

use crate::{Digest, ReleaseId};

/// How many releases a host names as possible bases of a patch.
pub const MAX_BASES: usize = 8;

/// An artifact that travels packed. A packed artifact that was sent in part is known again by its digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Packed {
    /// SHA-256 of the packed bytes.
    pub digest: Digest,
    /// How many they are.
    pub size: u64,
    /// Digest of the artifact that it is a patch against; none where it is compressed alone.
    pub base: Option<Digest>,
}

/// A sealed release of a host, for patches against its artifact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct BaseRelease {
    /// The release.
    pub release: ReleaseId,
    /// Digest of its artifact.
    pub artifact: Digest,
}
