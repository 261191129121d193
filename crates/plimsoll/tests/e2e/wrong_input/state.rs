//! State that is not as it was left: the journal.

use std::fs;

use crate::support::Project;

#[test]
fn a_journal_that_is_none_is_named() {
    let project = Project::new();
    project.run(&["build"]).expect(0);
    let journal = project.path().join(".plimsoll/journal.db");
    for left in ["journal.db-wal", "journal.db-shm"] {
        let _ = fs::remove_file(project.path().join(".plimsoll").join(left));
    }
    fs::write(&journal, "this is no journal, but it is long enough to be looked at".repeat(40)).unwrap();
    for command in [&["audit"][..], &["ship"], &["history"], &["status"]] {
        project.run(command).expect(1).says(&["journal.db", "file is not a database"]);
    }
}

#[test]
fn an_edited_record_is_found() {
    let project = Project::new();
    project.run(&["build"]).expect(0);
    project.run(&["audit"]).expect(0).says(&["intact"]);
    let journal = rusqlite::Connection::open(project.path().join(".plimsoll/journal.db")).unwrap();
    journal
        .execute("update records set body = replace(body, 'change', 'chance') where sequence = 3", [])
        .unwrap();
    drop(journal);
    project.run(&["audit"]).expect(1).says(&["record 3"]);
    project.run(&["ship"]).expect(1).says(&["record 3", "plimsoll audit"]);
}
