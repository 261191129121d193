//! The messages: a length of four bytes, big-endian, then that many bytes of JSON. One request, one response, in
//! turn, on a connection that may be kept.

use plimsoll_model::Span;
use plimsoll_model::traffic::{RouteTable, TrafficReport};
use serde::{Deserialize, Serialize};

use crate::shared::SetTableError;

/// Version of the messages.
pub const VERSION: u32 = 1;

/// Bytes of a message at most. A longer one is refused before it is read.
pub const MAX_FRAME: u32 = 4 << 20;

/// A message with the version of its format.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Envelope<T> {
    /// Version of the format.
    pub version: u32,
    /// The message.
    pub body: T,
}

/// Only the version, to be read from messages of any version.
#[derive(Debug, Deserialize)]
pub(crate) struct Version {
    pub(crate) version: u32,
}

/// What a proxy is asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "value")]
pub enum Request {
    /// Put this table in force.
    SetTable(RouteTable),
    /// Say the table and the counters.
    Report,
    /// Say the counters in Prometheus' text format.
    Prometheus,
    /// End, and give running requests so long.
    Shutdown {
        /// After this, what still runs is cut.
        deadline: Span,
    },
}

/// What it answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "value")]
pub enum Response {
    /// The table is in force, or the end has begun.
    Done,
    /// The table was not taken as told.
    Table(SetTableError),
    /// Table and counters.
    Report(TrafficReport),
    /// Text.
    Text(String),
    /// The request was not understood.
    Invalid(String),
}

/// A message ready to be sent; `None` where it is longer than a frame may be.
pub(crate) fn frame<T: Serialize>(body: &T) -> Option<Vec<u8>> {
    let mut bytes = vec![0; 4];
    serde_json::to_writer(&mut bytes, &Envelope { version: VERSION, body })
        .expect("messages have no maps with keys that are not text");
    let length = u32::try_from(bytes.len() - 4).ok().filter(|length| *length <= MAX_FRAME)?;
    bytes[..4].copy_from_slice(&length.to_be_bytes());
    Some(bytes)
}

/// Reads a message's body; the text says what is wrong with it.
pub(crate) fn parse<T: for<'de> Deserialize<'de>>(bytes: &[u8]) -> Result<T, String> {
    let Version { version } = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
    if version != VERSION {
        return Err(format!("version {version} of the messages is not known here, only {VERSION}"));
    }
    serde_json::from_slice(bytes).map(|envelope: Envelope<T>| envelope.body).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_round_trip() {
        let request = Request::Shutdown { deadline: Span::from_secs(30) };
        let bytes = frame(&request).unwrap();
        assert_eq!(parse::<Request>(&bytes[4..]).unwrap(), request);
        assert_eq!(
            std::str::from_utf8(&bytes[4..]).unwrap(),
            r#"{"version":1,"body":{"kind":"shutdown","value":{"deadline":"30s"}}}"#
        );
    }

    #[test]
    fn another_version_is_named() {
        let error = parse::<Request>(br#"{"version":9,"body":{"kind":"dance"}}"#).unwrap_err();
        assert_eq!(error, "version 9 of the messages is not known here, only 1");
    }
}
