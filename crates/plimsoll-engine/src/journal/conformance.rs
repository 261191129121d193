//! One suite for every journal.

use plimsoll_model::record::{Command, Entry};
use plimsoll_model::{EnvironmentName, Fence, Timestamp};

use super::{Draft, Holder, Journal, JournalError, MemoryJournal, Query, SqliteJournal, chain};

fn environment() -> EnvironmentName {
    "production".parse().unwrap()
}

fn holder(pid: u32) -> Holder {
    Holder { user: "ada".to_owned(), machine: "desk".to_owned(), pid, start_ticks: 7 }
}

fn draft(at: u64, fence: Option<Fence>) -> Draft {
    Draft {
        at: Timestamp::from_millis(at),
        author: "ada@desk".to_owned(),
        environment: Some(environment()),
        rollout: Some("production-1".parse().unwrap()),
        fence,
        entry: Entry::Commanded { command: Command::Pause },
    }
}

fn now(seconds: u64) -> Timestamp {
    Timestamp::from_millis(seconds * 1000)
}

fn each(check: impl Fn(&mut dyn Journal)) {
    check(&mut MemoryJournal::new());
    let folder = tempfile::tempdir().unwrap();
    check(&mut SqliteJournal::open(&folder.path().join("journal.db")).unwrap());
}

#[test]
fn records_are_numbered_and_chained() {
    each(|journal| {
        for i in 0..5 {
            assert_eq!(journal.append(draft(i, None)).unwrap().sequence, i + 1);
        }
        let records = journal.read(&Query::default()).unwrap();
        assert_eq!(records.len(), 5);
        chain::verify(&records).unwrap();
        let later = journal.read(&Query { after: 3, ..Query::default() }).unwrap();
        assert_eq!(later, records[3..]);
        let other = Query { rollout: Some("production-2".parse().unwrap()), ..Query::default() };
        assert!(journal.read(&other).unwrap().is_empty());
    });
}

#[test]
fn a_lease_excludes_others_until_it_ends() {
    each(|journal| {
        let first = journal.acquire(&environment(), &holder(1), now(0), Fence(0), &|_| false).unwrap();
        let refused = journal.acquire(&environment(), &holder(2), now(5), Fence(0), &|_| false);
        assert!(matches!(refused, Err(JournalError::LeaseHeld { .. })), "{refused:?}");
        journal.renew(&first.lease, now(10)).unwrap();
        assert!(journal.acquire(&environment(), &holder(2), now(20), Fence(0), &|_| false).is_err());
        let second = journal.acquire(&environment(), &holder(2), now(24), Fence(0), &|_| false).unwrap();
        assert!(second.lease.fence > first.lease.fence);
        assert_eq!(second.from, Some(holder(1)));
    });
}

#[test]
fn an_old_fence_writes_nothing() {
    each(|journal| {
        let first = journal.acquire(&environment(), &holder(1), now(0), Fence(0), &|_| false).unwrap().lease;
        journal.append(draft(1, Some(first.fence))).unwrap();
        let second =
            journal.acquire(&environment(), &holder(2), now(60), Fence(0), &|_| false).unwrap().lease;
        let refused = journal.append(draft(2, Some(first.fence)));
        assert!(matches!(refused, Err(JournalError::LeaseLost { .. })), "{refused:?}");
        assert!(journal.renew(&first, now(61)).is_err());
        journal.append(draft(3, Some(second.fence))).unwrap();
        assert_eq!(journal.read(&Query::default()).unwrap().len(), 2);
    });
}

#[test]
fn a_dead_holder_is_not_waited_for() {
    each(|journal| {
        journal.acquire(&environment(), &holder(1), now(0), Fence(0), &|_| false).unwrap();
        let taken = journal.acquire(&environment(), &holder(2), now(1), Fence(0), &|h| h.pid == 1).unwrap();
        assert_eq!(taken.from, Some(holder(1)));
    });
}

#[test]
fn a_fence_is_above_what_a_host_has_seen() {
    each(|journal| {
        let lease = journal.acquire(&environment(), &holder(1), now(0), Fence(41), &|_| false).unwrap().lease;
        assert_eq!(lease.fence, Fence(42));
        journal.give_back(&lease).unwrap();
        let next = journal.acquire(&environment(), &holder(2), now(1), Fence(0), &|_| false).unwrap();
        assert_eq!((next.lease.fence, next.from), (Fence(43), None));
    });
}

#[test]
fn an_edit_in_the_file_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let mut journal = SqliteJournal::open(&path).unwrap();
    for i in 0..3 {
        journal.append(draft(i, None)).unwrap();
    }
    let edit = |sql: &str| rusqlite::Connection::open(&path).unwrap().execute(sql, []).unwrap();
    edit("update records set body = replace(body, 'ada', 'eve') where sequence = 2");
    let error = journal.read(&Query::default()).unwrap_err();
    assert!(matches!(error, JournalError::Damaged { sequence: 2, .. }), "{error}");
    edit("delete from records where sequence = 2");
    let error = journal.read(&Query::default()).unwrap_err();
    assert!(matches!(error, JournalError::Damaged { sequence: 3, .. }), "{error}");
    assert_eq!(journal.read(&Query { after: 2, ..Query::default() }).unwrap().len(), 1);
}

#[test]
fn an_edit_of_a_column_is_seen() {
    for edited in ["rollout = 'production-77'", "rollout = null", "environment = 'x'", "sequence = 9"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        let mut journal = SqliteJournal::open(&path).unwrap();
        (0..3).for_each(|i| drop(journal.append(draft(i, None)).unwrap()));
        let sql = format!("update records set {edited} where sequence = 3");
        rusqlite::Connection::open(&path).unwrap().execute(&sql, []).unwrap();
        let all = journal.read(&Query::default());
        assert!(matches!(all, Err(JournalError::Damaged { .. })), "{edited}: {all:?}");
        let of_rollout = Query { rollout: Some("production-1".parse().unwrap()), ..Query::default() };
        assert!(journal.read(&of_rollout).is_err(), "{edited}: it is not hidden either");
    }
}
