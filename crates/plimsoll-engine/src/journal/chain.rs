//! The chain of hashes that shows an edit.

use plimsoll_model::record::Record;
use plimsoll_model::{Digest, version};
use serde_json::Value;

use super::{Draft, JournalError};

/// The hash that stands before the first record: 64 zeros.
pub fn origin() -> Digest {
    "0".repeat(64).parse().expect("64 zeros are a digest")
}

/// A record's text as it is stored and hashed, and the record.
pub(super) fn seal(draft: Draft, sequence: u64, previous: Digest) -> (String, Record) {
    let record = Record {
        format: version::RECORD,
        sequence,
        at: draft.at,
        author: draft.author,
        environment: draft.environment,
        rollout: draft.rollout,
        fence: draft.fence,
        entry: draft.entry,
        previous,
        hash: origin(),
    };
    let mut value = serde_json::to_value(&record).expect("a record has only string keys");
    value.as_object_mut().expect("a record is an object").remove("hash");
    let text = value.to_string();
    let hash = Digest::of(text.as_bytes());
    (text, Record { hash, ..record })
}

/// The record that a stored text is, provided that the text has this hash.
pub(super) fn open(sequence: u64, text: &str, hash: Digest) -> Result<Record, JournalError> {
    let damaged = |why: String| JournalError::Damaged { sequence, why };
    if Digest::of(text.as_bytes()) != hash {
        return Err(damaged("its text does not have its hash".to_owned()));
    }
    let mut value: Value = serde_json::from_str(text).map_err(|e| damaged(e.to_string()))?;
    let found = value.get("format").and_then(Value::as_u64).unwrap_or(0);
    if found > u64::from(version::RECORD) {
        let found = u32::try_from(found).unwrap_or(u32::MAX);
        return Err(JournalError::Newer { sequence, found, known: version::RECORD });
    }
    let object = value.as_object_mut().ok_or_else(|| damaged("it is not an object".to_owned()))?;
    object.insert("hash".to_owned(), Value::String(hash.to_string()));
    serde_json::from_value(value).map_err(|e| damaged(e.to_string()))
}

/// Checks that the records follow each other: numbers without gaps and each with the hash of the one before.
///
/// What was cut off at the end cannot be seen from the records alone; whoever keeps the last hash elsewhere can.
pub fn verify(records: &[Record]) -> Result<(), JournalError> {
    let mut previous = origin();
    for (i, record) in records.iter().enumerate() {
        let expected = i as u64 + 1;
        if record.sequence != expected {
            let why = format!("it stands where record {expected} belongs");
            return Err(JournalError::Damaged { sequence: record.sequence, why });
        }
        if record.previous != previous {
            let why = "it does not follow from the record before it".to_owned();
            return Err(JournalError::Damaged { sequence: record.sequence, why });
        }
        previous = record.hash;
    }
    Ok(())
}
