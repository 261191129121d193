//! Unpacking into a writer, verified whole.

use std::io::{self, Read, Seek, Write};

use plimsoll_model::Digest;
use plimsoll_model::digest::Hasher;

use super::{Base, Decoder, DeltaError};

/// Writes the target to `into` and verifies its size and digest. What was written before an error must be thrown away.
pub fn apply(
    packed: impl Read,
    base: Option<Base<impl Read + Seek>>,
    into: &mut impl Write,
    target: Digest,
    size: u64,
) -> Result<(), DeltaError> {
    let mut decoder = Decoder::new(packed, base, target, size)?;
    let mut hasher = Hasher::default();
    let mut buffer = vec![0; 128 * 1024];
    loop {
        match decoder.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => {
                hasher.update(&buffer[..count]);
                into.write_all(&buffer[..count]).map_err(DeltaError::io("write what was unpacked"))?;
            }
            Err(error) => return Err(ours(error)),
        }
    }
    match hasher.finish() {
        found if found == target => Ok(()),
        found => Err(DeltaError::WrongResult { expected: target, found }),
    }
}

fn ours(error: io::Error) -> DeltaError {
    error.downcast().unwrap_or_else(DeltaError::io("unpack"))
}
