//! What both stores do with artifacts that come packed.

use std::io::{self, Read, Seek};

use plimsoll_artifact::delta::{Base, Decoder, DeltaError};
use plimsoll_model::release::Artifact;
use plimsoll_model::transfer::Packed;
use plimsoll_model::{Digest, ReleaseId};

use super::{Held, Piece, StoreError};

/// Packing is for making less; so much more is a header's due where there is next to nothing to pack.
const HEADROOM: u64 = 1024;

/// Checks a piece against what is here. `Some` answers the call: there is nothing to write.
pub(crate) fn check(
    release: &ReleaseId,
    artifact: &Artifact,
    held: &Held,
    piece: &Piece<'_>,
) -> Result<Option<Held>, StoreError> {
    let invalid = |why: String| Err(StoreError::Invalid { release: release.clone(), why });
    let size = match piece.packed {
        None => artifact.size,
        Some(packed) if packed.size > artifact.size.saturating_add(HEADROOM) => {
            return invalid(format!(
                "packed it has {} bytes, more than its program with {}",
                packed.size, artifact.size
            ));
        }
        Some(packed) => packed.size,
    };
    let here = if piece.packed.map(|packed| packed.digest) == held.packed { held.bytes } else { 0 };
    let end = piece.offset.saturating_add(piece.bytes.len() as u64);
    if end <= here {
        return Ok(Some(*held));
    }
    if piece.offset != here {
        return invalid(format!("{here} bytes are here, and the piece begins at {}", piece.offset));
    }
    if end > size {
        return invalid(format!("{size} bytes were announced, and {end} came"));
    }
    Ok(None)
}

/// An artifact that is being unpacked: content to read, and the verdict on an error that came out of it.
pub(crate) struct Unpacking<'a> {
    content: Box<dyn Read + 'a>,
}

impl<'a> Unpacking<'a> {
    /// Of `pieces` as `packed` says; `base` opens the program with a digest.
    pub(crate) fn new<B: Read + Seek + 'a>(
        release: &ReleaseId,
        artifact: &Artifact,
        packed: Option<&Packed>,
        pieces: impl Read + 'a,
        base: impl FnOnce(Digest) -> Result<B, StoreError>,
    ) -> Result<Self, StoreError> {
        let Some(packed) = packed else { return Ok(Self { content: Box::new(pieces) }) };
        let base =
            packed.base.map(|digest| base(digest).map(|reader| Base { digest, reader })).transpose()?;
        let decoder = Decoder::new(pieces, base, artifact.digest, artifact.size);
        let decoder = decoder.map_err(|error| untrusted(release, &error))?;
        Ok(Self { content: Box::new(decoder) })
    }

    /// What an error while reading says about the release, if it is about the release and not about the disk.
    pub(crate) fn verdict(release: &ReleaseId, error: &io::Error) -> Option<StoreError> {
        let found = error.get_ref()?.downcast_ref::<DeltaError>()?;
        (!matches!(found, DeltaError::Io { .. })).then(|| untrusted(release, found))
    }
}

impl Read for Unpacking<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.content.read(buffer)
    }
}

fn untrusted(release: &ReleaseId, error: &DeltaError) -> StoreError {
    StoreError::Untrusted { release: release.clone(), why: error.to_string() }
}
