//! The journal in a SQLite file: one writer at a time, durable at every append, readable while it is written.

use std::path::{Path, PathBuf};
use std::time::Duration;

use plimsoll_model::record::Record;
use plimsoll_model::{Digest, EnvironmentName, Fence, Timestamp};
use rusqlite::{
    Connection, ErrorCode, OpenFlags, OptionalExtension, Transaction, TransactionBehavior, params,
};

use super::lease::{LEASE_LENGTH, Stored};
use super::{Acquired, Draft, Holder, Journal, JournalError, Lease, Query, chain};

const SCHEMA: &str = "
    create table if not exists records (
        sequence integer primary key,
        environment text,
        rollout text,
        body text not null,
        hash text not null
    ) strict;
    create table if not exists leases (
        environment text primary key,
        holder text not null,
        fence integer not null,
        until integer not null,
        given_back integer not null
    ) strict;
";

/// How long a writer waits for another one's transaction.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// A journal in a file.
#[derive(Debug)]
pub struct SqliteJournal {
    path: PathBuf,
    connection: Connection,
}

impl SqliteJournal {
    /// Opens the journal, and makes it where there is none.
    ///
    /// WAL lets readers go on while one writes; `synchronous = FULL` makes an append survive a loss of power.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        let failed = |source: rusqlite::Error| JournalError::Storage {
            action: "open",
            path: path.to_owned(),
            trouble: source.into(),
        };
        let connection = Connection::open(path).map_err(failed)?;
        connection.busy_timeout(BUSY_TIMEOUT).map_err(failed)?;
        connection.pragma_update(None, "journal_mode", "WAL").map_err(failed)?;
        connection.pragma_update(None, "synchronous", "FULL").map_err(failed)?;
        connection.execute_batch(SCHEMA).map_err(failed)?;
        Ok(Self { path: path.to_owned(), connection })
    }

    /// Opens a journal that is there, to read only: nothing is made or changed, so that who may only read it can look,
    /// and a full disk is no reason not to.
    ///
    /// Beside the file SQLite keeps an index of what was written last, which a reader has to make where it is missing.
    /// Where this user may not, and nothing waits to be brought into the file, the file alone is the whole journal.
    pub fn open_to_look(path: &Path) -> Result<Self, JournalError> {
        let failed = |source: rusqlite::Error| JournalError::Storage {
            action: "read",
            path: path.to_owned(),
            trouble: source.into(),
        };
        // SQLite says of everything that is not there or may not be seen only that it cannot open it.
        if let Err(error) = std::fs::File::open(path) {
            let (path, trouble) = (path.to_owned(), error.into());
            return Err(JournalError::Storage { action: "read", path, trouble });
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut opened = Connection::open_with_flags(path, flags).and_then(looks);
        if let Err(error) = &opened
            && is_about_its_folder(error)
            && !waits_to_be_brought_in(path)
        {
            let uri = flags | OpenFlags::SQLITE_OPEN_URI;
            opened = Connection::open_with_flags(immutable(path), uri).and_then(looks);
        }
        let connection = opened.map_err(failed)?;
        connection.busy_timeout(BUSY_TIMEOUT).map_err(failed)?;
        Ok(Self { path: path.to_owned(), connection })
    }

    /// Runs `work` in one transaction that no other writer can interleave with.
    fn write<T>(
        &mut self,
        action: &'static str,
        work: impl FnOnce(&Transaction) -> Result<T, Failure>,
    ) -> Result<T, JournalError> {
        let path = self.path.clone();
        let storage = |source: rusqlite::Error| JournalError::Storage {
            action,
            path: path.clone(),
            trouble: source.into(),
        };
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(storage)?;
        let result = work(&transaction).map_err(|failure| match failure {
            Failure::Storage(source) => storage(source),
            Failure::Journal(error) => error,
        })?;
        transaction.commit().map_err(storage)?;
        Ok(result)
    }
}

/// The connection, if it can read.
fn looks(connection: Connection) -> rusqlite::Result<Connection> {
    connection.query_row("select count(*) from sqlite_schema", [], |_| Ok(()))?;
    Ok(connection)
}

fn is_about_its_folder(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error_code();
    matches!(
        code,
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::SystemIoFailure | ErrorCode::DiskFull)
    )
}

/// Whether records stand beside the file, in its write-ahead log.
fn waits_to_be_brought_in(path: &Path) -> bool {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    match std::fs::metadata(log) {
        Ok(found) => found.len() > 0,
        Err(error) => error.kind() != std::io::ErrorKind::NotFound,
    }
}

/// The file as an address that says that nobody writes it.
fn immutable(path: &Path) -> String {
    let escape = |byte: &u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => char::from(*byte).to_string(),
        other => format!("%{other:02X}"),
    };
    let path: String = path.as_os_str().as_encoded_bytes().iter().map(escape).collect();
    format!("file:{path}?mode=ro&immutable=1")
}

enum Failure {
    Storage(rusqlite::Error),
    Journal(JournalError),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Storage(error)
    }
}

impl From<JournalError> for Failure {
    fn from(error: JournalError) -> Self {
        Self::Journal(error)
    }
}

impl Journal for SqliteJournal {
    fn append(&mut self, draft: Draft) -> Result<Record, JournalError> {
        self.write("write to", |transaction| {
            if let (Some(environment), Some(fence)) = (&draft.environment, draft.fence) {
                check(transaction, environment, fence)?;
            }
            let last = transaction
                .query_row("select sequence, hash from records order by sequence desc limit 1", [], |row| {
                    Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))
                })
                .optional()?;
            let (sequence, previous) = match last {
                Some((sequence, hash)) => (unsigned(sequence), digest(unsigned(sequence), &hash)?),
                None => (0, chain::origin()),
            };
            let (text, record) = chain::seal(draft, sequence + 1, previous);
            transaction.execute(
                "insert into records (sequence, environment, rollout, body, hash) values (?1, ?2, ?3, ?4, ?5)",
                params![
                    signed(record.sequence),
                    record.environment.as_ref().map(EnvironmentName::as_str),
                    record.rollout.as_ref().map(plimsoll_model::RolloutId::as_str),
                    text,
                    record.hash.to_string(),
                ],
            )?;
            Ok(record)
        })
    }

    fn read(&mut self, query: &Query) -> Result<Vec<Record>, JournalError> {
        let path = self.path.clone();
        let storage = |source: rusqlite::Error| JournalError::Storage {
            action: "read",
            path: path.clone(),
            trouble: source.into(),
        };
        let mut statement = self
            .connection
            .prepare_cached(
                "select sequence, environment, rollout, body, hash from records
                 where sequence > ?1 order by sequence",
            )
            .map_err(storage)?;
        let rows = statement.query_map(params![signed(query.after)], Row::read).map_err(storage)?;
        let mut records = Vec::new();
        // What is asked for is looked for in the hashed texts: whoever edits a column, or takes a record out, would
        // otherwise hide it from those who ask.
        for (row, expected) in rows.zip(query.after + 1..) {
            let record = row.map_err(storage)?.open(expected)?;
            let other_environment = query.environment.is_some() && record.environment != query.environment;
            let other_rollout = query.rollout.is_some() && record.rollout != query.rollout;
            if !other_environment && !other_rollout {
                records.push(record);
            }
        }
        Ok(records)
    }

    fn acquire(
        &mut self,
        environment: &EnvironmentName,
        holder: &Holder,
        now: Timestamp,
        above: Fence,
        is_gone: &dyn Fn(&Holder) -> bool,
    ) -> Result<Acquired, JournalError> {
        self.write("take a lease in", |transaction| {
            let before = stored(transaction, environment)?;
            let next = Stored::next(before.as_ref(), environment, holder, now, above, is_gone)?;
            transaction.execute(
                "insert or replace into leases (environment, holder, fence, until, given_back)
                 values (?1, ?2, ?3, ?4, 0)",
                params![
                    environment.as_str(),
                    serde_json::to_string(&next.holder).expect("a holder has only string keys"),
                    signed(next.fence.0),
                    signed(next.until.as_millis()),
                ],
            )?;
            Ok(next.acquired(environment, before))
        })
    }

    fn holder(
        &mut self,
        environment: &EnvironmentName,
        now: Timestamp,
        is_gone: &dyn Fn(&Holder) -> bool,
    ) -> Result<Option<Holder>, JournalError> {
        let stored = stored(&self.connection, environment).map_err(|failure| match failure {
            Failure::Storage(source) => {
                JournalError::Storage { action: "read", path: self.path.clone(), trouble: source.into() }
            }
            Failure::Journal(error) => error,
        })?;
        Ok(stored.filter(|s| !s.is_free(now, is_gone)).map(|s| s.holder))
    }

    fn renew(&mut self, lease: &Lease, now: Timestamp) -> Result<(), JournalError> {
        self.write("renew a lease in", |transaction| {
            check(transaction, &lease.environment, lease.fence)?;
            transaction.execute(
                "update leases set until = ?2 where environment = ?1",
                params![lease.environment.as_str(), signed((now + LEASE_LENGTH).as_millis())],
            )?;
            Ok(())
        })
    }

    fn give_back(&mut self, lease: &Lease) -> Result<(), JournalError> {
        self.write("give a lease back in", |transaction| {
            check(transaction, &lease.environment, lease.fence)?;
            transaction.execute(
                "update leases set given_back = 1 where environment = ?1",
                params![lease.environment.as_str()],
            )?;
            Ok(())
        })
    }
}

/// A record as it is stored. Its columns are copies of what its text says, for people who look into the file.
struct Row {
    sequence: i64,
    environment: Option<String>,
    rollout: Option<String>,
    text: String,
    hash: String,
}

impl Row {
    fn read(row: &rusqlite::Row) -> rusqlite::Result<Self> {
        Ok(Self {
            sequence: row.get(0)?,
            environment: row.get(1)?,
            rollout: row.get(2)?,
            text: row.get(3)?,
            hash: row.get(4)?,
        })
    }

    /// The record, provided that it stands where it belongs and its columns say what its hashed text says.
    fn open(self, expected: u64) -> Result<Record, JournalError> {
        let sequence = unsigned(self.sequence);
        let record = chain::open(sequence, &self.text, digest(sequence, &self.hash)?)?;
        let environment = record.environment.as_ref().map(EnvironmentName::as_str);
        let rollout = record.rollout.as_ref().map(plimsoll_model::RolloutId::as_str);
        let column = |name| format!("its column `{name}` is not what its text says");
        let why = match () {
            () if record.sequence != sequence => column("sequence"),
            () if environment != self.environment.as_deref() => column("environment"),
            () if rollout != self.rollout.as_deref() => column("rollout"),
            () if sequence != expected => format!("it stands where record {expected} belongs"),
            () => return Ok(record),
        };
        Err(JournalError::Damaged { sequence, why })
    }
}

fn check(transaction: &Transaction, environment: &EnvironmentName, fence: Fence) -> Result<(), Failure> {
    let stored = stored(transaction, environment)?;
    match &stored {
        Some(stored) if stored.fence == fence => Ok(()),
        _ => Err(JournalError::LeaseLost {
            environment: environment.clone(),
            holder: stored.map_or_else(|| "nobody".to_owned(), |s| s.holder.to_string()),
        }
        .into()),
    }
}

fn stored(connection: &Connection, environment: &EnvironmentName) -> Result<Option<Stored>, Failure> {
    let row = connection
        .query_row(
            "select holder, fence, until, given_back from leases where environment = ?1",
            params![environment.as_str()],
            |row| {
                Ok((
                    row.get::<_, String>(0)?,
                    row.get::<_, i64>(1)?,
                    row.get::<_, i64>(2)?,
                    row.get::<_, bool>(3)?,
                ))
            },
        )
        .optional()?;
    let Some((holder, fence, until, given_back)) = row else { return Ok(None) };
    let holder = serde_json::from_str(&holder)
        .map_err(|e| JournalError::Damaged { sequence: 0, why: format!("a lease's holder: {e}") })?;
    let until = Timestamp::from_millis(unsigned(until));
    Ok(Some(Stored { holder, fence: Fence(unsigned(fence)), until, given_back }))
}

fn digest(sequence: u64, text: &str) -> Result<Digest, JournalError> {
    text.parse().map_err(|_| JournalError::Damaged { sequence, why: "its hash is not a digest".to_owned() })
}

/// SQLite's integers are signed; ours never reach the sign.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use plimsoll_model::record::{Command, Entry};

    use super::*;

    fn draft() -> Draft {
        let (author, entry) = ("a@b".to_owned(), Entry::Commanded { command: Command::Pause });
        Draft { at: Timestamp::default(), author, environment: None, rollout: None, fence: None, entry }
    }

    fn written(path: &Path) -> SqliteJournal {
        let mut journal = SqliteJournal::open(path).unwrap();
        journal.append(draft()).unwrap();
        journal
    }

    #[test]
    fn who_only_looks_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a journal?.db");
        assert!(SqliteJournal::open_to_look(&path).is_err() && !path.exists());
        let writer = written(&path);
        let mut looker = SqliteJournal::open_to_look(&path).unwrap();
        assert_eq!(looker.read(&Query::default()).unwrap().len(), 1, "while another one writes");
        let error = looker.append(draft()).unwrap_err();
        assert!(matches!(error, JournalError::Storage { trouble: super::super::Trouble::NotWritable, .. }));
        drop((writer, looker));
    }

    #[test]
    fn a_file_alone_is_a_whole_journal() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a journal?.db");
        drop(written(&path));
        let uri = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
        let connection = Connection::open_with_flags(immutable(&path), uri).and_then(looks).unwrap();
        let mut journal = SqliteJournal { path: path.clone(), connection };
        assert_eq!(journal.read(&Query::default()).unwrap().len(), 1);
        assert!(!waits_to_be_brought_in(&path));
    }
}
