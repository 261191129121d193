//! Whether a fleet can be had here, and what is missing where not.

use super::cgroups::Layout;
use super::{root_files, tools};

/// Why no fleet can be had on this machine; tests print it as the reason why they were skipped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no test fleet here: {why}")]
pub struct Unavailable {
    why: String,
}

impl Unavailable {
    pub(super) fn from_reason(why: String) -> Self {
        Self { why }
    }
}

/// Programs that a fleet is made with, and the Debian package of each.
const PROGRAMS: [(&str, &str); 8] = [
    ("ip", "iproute2"),
    ("mount", "mount"),
    ("nsenter", "util-linux"),
    ("sh", "dash"),
    ("ssh", "openssh-client"),
    ("ssh-keygen", "openssh-client"),
    ("systemd-nspawn", "systemd-container"),
    ("umount", "mount"),
];

pub(super) fn check() -> Result<(), Unavailable> {
    let refuse = |why: String| Err(Unavailable { why });
    if !cfg!(target_os = "linux") {
        return refuse("it needs Linux".to_owned());
    }
    if !rustix::process::geteuid().is_root() {
        return refuse("it needs root".to_owned());
    }
    let mut missing: Vec<(&str, &str)> =
        PROGRAMS.into_iter().filter(|(name, _)| tools::find(name).is_none()).collect();
    if !root_files::is_cached() && tools::find("mmdebstrap").is_none() {
        missing.push(("mmdebstrap", "mmdebstrap"));
    }
    if !missing.is_empty() {
        let names: Vec<&str> = missing.iter().map(|(name, _)| *name).collect();
        let mut packages: Vec<&str> = missing.iter().map(|(_, package)| *package).collect();
        packages.dedup();
        let (names, packages) = (names.join(", "), packages.join(" "));
        return refuse(format!("{names} not found; `apt-get install {packages}`"));
    }
    let file_systems = std::fs::read_to_string("/proc/filesystems").unwrap_or_default();
    if !file_systems.lines().any(|line| line.ends_with("\toverlay")) {
        return refuse("the kernel has no overlayfs".to_owned());
    }
    Layout::detect().map(drop).or_else(refuse)
}
