//! Frames on a byte stream, in both directions. Shared by agent and coordinator; it knows streams, not sockets.
//!
//! ```text
//! offset 0   kind     one byte: 1 call, 2 reply, 3 content (constants in [`crate::agent`])
//! offset 1   length   four bytes, big endian, at most MAX_FRAME
//! offset 5   body     `length` bytes: JSON of a `Call` or `Reply` in UTF-8, or raw bytes
//! ```
//!
//! A call whose `content` is not 0 is followed at once by one content frame of exactly that length. Replies come in
//! the order of the calls. The first call of a connection is `Hello`; the agent closes a connection after refusing
//! it, and after anything that is not a frame.

use std::io::{self, Read, Write};

use serde::Serialize;

use crate::agent::MAX_FRAME;

/// A frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// What it holds.
    pub kind: u8,
    /// Its content.
    pub body: Vec<u8>,
}

/// Bytes that are no frame, or a connection that broke.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// The other side closed the connection within a frame.
    #[error("the connection ended within a frame")]
    Cut,
    /// A frame is announced as longer than allowed.
    #[error("a frame of {length} bytes was announced, and at most {MAX_FRAME} are allowed")]
    TooLong {
        /// Its length.
        length: u64,
    },
    /// The connection broke.
    #[error("the connection broke")]
    Broken {
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Reads a frame; `None` where the other side closed the connection between two. Memory grows with what has come,
/// not with what is announced.
pub fn read_frame(from: &mut impl Read) -> Result<Option<Frame>, FrameError> {
    let mut head = [0; 5];
    let mut have = 0;
    while have < head.len() {
        match from.read(&mut head[have..]) {
            Ok(0) if have == 0 => return Ok(None),
            Ok(0) => return Err(FrameError::Cut),
            Ok(count) => have += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(source) => return Err(FrameError::Broken { source }),
        }
    }
    let [kind, length @ ..] = head;
    let length = u32::from_be_bytes(length);
    if length > MAX_FRAME {
        return Err(FrameError::TooLong { length: u64::from(length) });
    }
    let mut body = Vec::new();
    let count = from.take(u64::from(length)).read_to_end(&mut body);
    match count.map_err(|source| FrameError::Broken { source })? {
        count if count == length as usize => Ok(Some(Frame { kind, body })),
        _ => Err(FrameError::Cut),
    }
}

/// Writes a frame.
pub fn write_frame(to: &mut impl Write, kind: u8, body: &[u8]) -> Result<(), FrameError> {
    let length = u32::try_from(body.len()).ok().filter(|length| *length <= MAX_FRAME);
    let length = length.ok_or(FrameError::TooLong { length: body.len() as u64 })?;
    let mut head = [kind, 0, 0, 0, 0];
    head[1..].copy_from_slice(&length.to_be_bytes());
    let written = to.write_all(&head).and_then(|()| to.write_all(body)).and_then(|()| to.flush());
    written.map_err(|source| FrameError::Broken { source })
}

/// Writes a frame that holds a message as JSON.
pub fn write_message(to: &mut impl Write, kind: u8, message: &impl Serialize) -> Result<(), FrameError> {
    write_frame(to, kind, &serde_json::to_vec(message).expect("messages have only text keys"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_long_announcement_is_refused_without_memory() {
        let error = read_frame(&mut &[1, 0xff, 0xff, 0xff, 0xff, 0][..]).unwrap_err();
        assert!(matches!(error, FrameError::TooLong { length: 0xffff_ffff }));
        let body = vec![0; MAX_FRAME as usize + 1];
        assert!(matches!(write_frame(&mut Vec::new(), 1, &body), Err(FrameError::TooLong { .. })));
    }

    proptest! {
        #[test]
        fn frames_round_trip(kind: u8, body in proptest::collection::vec(any::<u8>(), 0..500)) {
            let mut bytes = Vec::new();
            write_frame(&mut bytes, kind, &body).unwrap();
            let mut from = bytes.as_slice();
            prop_assert_eq!(read_frame(&mut from).unwrap(), Some(Frame { kind, body }));
            prop_assert_eq!(read_frame(&mut from).unwrap(), None);
        }

        #[test]
        fn anything_is_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let mut from = bytes.as_slice();
            while let Ok(Some(frame)) = read_frame(&mut from) {
                prop_assert!(frame.body.len() < 64);
            }
        }
    }
}
