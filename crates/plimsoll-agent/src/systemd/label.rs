//! `SELinux`: a program below `/opt` may have a label that systemd must not execute. Where `SELinux` is on it is given the
//! one of programs; elsewhere nothing happens.

use std::path::Path;

use rustix::fs::{XattrFlags, setxattr};

const PROGRAM: &[u8] = b"system_u:object_r:bin_t:s0\0";

/// Labels a program. A policy that forbids it is found out by the start, which says so better.
pub(super) fn as_program(path: &Path) {
    if Path::new("/sys/fs/selinux/enforce").exists() {
        let _ = setxattr(path, "security.selinux", PROGRAM, XattrFlags::empty());
    }
}
