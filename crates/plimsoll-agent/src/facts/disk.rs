//! The root folder and the file system below it.

use std::path::{Path, PathBuf};

use plimsoll_model::ReleaseId;
use plimsoll_model::facts::{Disk, Fact, Mount, RootFolder};
use rustix::fs::{Access, AtFlags, CWD, StatVfsMountFlags, access, accessat, statvfs};
use rustix::io::Errno;

use super::view::View;
use crate::layout::Layout;

pub(super) fn root_folder(
    view: &View,
    root: &Path,
    layout: &Layout,
    release: Option<&ReleaseId>,
) -> RootFolder {
    let existing = nearest(layout.folder());
    RootFolder {
        path: root.display().to_string(),
        existing: existing.display().to_string(),
        writable: writable(&existing),
        disk: disk(view, &existing).into(),
        has_release: release.map(|release| layout.releases().join(release.as_str()).is_dir()),
    }
}

/// The folder, or the nearest one above it that is there.
fn nearest(folder: &Path) -> PathBuf {
    let absolute = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    absolute.ancestors().find(|path| path.is_dir()).unwrap_or(Path::new("/")).to_owned()
}

fn writable(folder: &Path) -> Fact<bool> {
    let wanted = Access::WRITE_OK | Access::EXEC_OK;
    // Kernels before 5.8 cannot be asked about the effective user.
    let answer = match accessat(CWD, folder, wanted, AtFlags::EACCESS) {
        Err(Errno::NOSYS | Errno::INVAL) => access(folder, wanted),
        answer => answer,
    };
    match answer {
        Ok(()) => Fact::Known(true),
        Err(Errno::ACCESS | Errno::ROFS | Errno::PERM) => Fact::Known(false),
        Err(error) => Fact::unknown(format!("{}: {error}", folder.display())),
    }
}

fn disk(view: &View, folder: &Path) -> Result<Disk, String> {
    let found = statvfs(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let has = |flag| found.f_flag.contains(flag);
    Ok(Disk {
        mount: mount(view, folder).into(),
        total: found.f_blocks.saturating_mul(found.f_frsize),
        free: found.f_bavail.saturating_mul(found.f_frsize),
        // btrfs and some network file systems make room for files as they come.
        free_inodes: (found.f_files > 0).then_some(found.f_favail),
        no_exec: has(StatVfsMountFlags::NOEXEC),
        no_suid: has(StatVfsMountFlags::NOSUID),
        read_only: has(StatVfsMountFlags::RDONLY),
    })
}

/// The mount with the longest path above the folder; of several at one place the last one is seen.
fn mount(view: &View, folder: &Path) -> Result<Mount, String> {
    let folder = std::fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    let text = view.text("/proc/self/mountinfo")?;
    let mounts = text.lines().filter_map(parse_mount).filter(|mount| folder.starts_with(&mount.point));
    let found = mounts.max_by_key(|mount| mount.point.len());
    found.ok_or_else(|| "/proc/self/mountinfo does not show it".to_owned())
}

fn parse_mount(line: &str) -> Option<Mount> {
    let (before, after) = line.split_once(" - ")?;
    // Blanks in paths are written as octal numbers.
    let point = before.split(' ').nth(4)?.replace("\\040", " ");
    Some(Mount { point, kind: after.split(' ').next()?.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_not_there_is_judged_by_the_one_above() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(nearest(&folder.path().join("a/b/c")), folder.path());
        assert_eq!(nearest(Path::new("/no/such/folder")), Path::new("/"));
    }

    #[test]
    fn mounts_are_read_with_blanks() {
        let line = "36 35 98:0 / /mnt/my\\040disk rw,noatime master:1 - ext4 /dev/root rw";
        let mount = parse_mount(line).unwrap();
        assert_eq!((mount.point.as_str(), mount.kind.as_str()), ("/mnt/my disk", "ext4"));
        assert_eq!(parse_mount("garbage"), None);
    }
}
