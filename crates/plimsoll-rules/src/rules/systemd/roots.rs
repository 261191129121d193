//! The root file system that a unit lies in.

use crate::rule::UnitSubject;
use crate::surroundings::Surroundings;

/// Folders of units below a root.
const FOLDERS: [&str; 4] =
    ["etc/systemd/system", "usr/lib/systemd/system", "lib/systemd/system", "usr/local/lib/systemd/system"];

/// The root that a unit lies in; nothing where it lies elsewhere, or where the root is above what was named.
pub(super) fn of(subject: &UnitSubject<'_>) -> Option<Surroundings> {
    let folder = subject.around.folder();
    let below = FOLDERS.iter().filter(|below| folder.ends_with(below)).max_by_key(|below| below.len())?;
    let up = vec![".."; below.split('/').count()].join("/");
    subject.around.at(&up)
}
