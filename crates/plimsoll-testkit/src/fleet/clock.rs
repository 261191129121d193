//! A wrong clock, for programs that can be lied to.
//!
//! All hosts share the kernel's clock: time namespaces shift the clocks that count from boot and not the time of day,
//! and setting the time would set it for the whole machine. What is left is a library that dynamically linked programs
//! load and that answers for the C library (`libfaketime`). It is put into the environment of services and of ssh sessions;
//! into sshd itself it is not, whose sandbox ends a process that does what the library does. A static program does
//! not load it.

use std::path::Path;

use super::FleetError;
use super::error::{make_folder, write};

/// Where Debian has the library (the dynamic linker fills in the machine's folder), and how it is told to lie: about the
/// time of day only, by what stands in a file, which it reads again each second.
const ENVIRONMENT: [&str; 5] = [
    "LD_PRELOAD=/usr/$LIB/faketime/libfaketime.so.1",
    "FAKETIME_TIMESTAMP_FILE=/etc/faketimerc",
    "FAKETIME_CACHE_DURATION=1",
    "FAKETIME_DONT_FAKE_MONOTONIC=1",
    "DONT_FAKE_MONOTONIC=1",
];
const OFFSET: &str = "etc/faketimerc";
const OF_SESSIONS: &str = "etc/environment";
const OF_SERVICES: &str = "etc/systemd/system.conf.d/clock.conf";
const NOT_OF_SSHD: &str = "etc/systemd/system/ssh.service.d/clock.conf";

/// Writes the files below a host's root; systemd has to read them yet.
pub(super) fn skew(root: &Path, seconds: i64) -> Result<(), FleetError> {
    let services = format!("[Manager]\nDefaultEnvironment={}\n", ENVIRONMENT.join(" "));
    let files = [
        (OFFSET, format!("{seconds:+}s\n")),
        (OF_SESSIONS, ENVIRONMENT.join("\n") + "\n"),
        (OF_SERVICES, services),
        (NOT_OF_SSHD, "[Service]\nUnsetEnvironment=LD_PRELOAD\n".to_owned()),
    ];
    for (path, text) in files {
        let path = root.join(path);
        make_folder(path.parent().expect("it lies below the root"))?;
        write(&path, text)?;
    }
    Ok(())
}

/// Takes the lie back. What runs with the library goes on with it, and sees the real time within a second.
pub(super) fn right(root: &Path) -> Result<(), FleetError> {
    write(&root.join(OFFSET), "+0s\n")?;
    for path in [OF_SESSIONS, OF_SERVICES, NOT_OF_SSHD].map(|path| root.join(path)) {
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(FleetError::file("removed", &path)(error));
            }
            _ => {}
        }
    }
    Ok(())
}
