//! A wrong clock, for programs that can be lied to.
//!
//! All hosts share the kernel's clock: time namespaces shift the clocks that count from boot and not the time of day,
//! and setting the time would set it for the whole machine. What is left is a library that is loaded into every dynamically
//! linked program and answers for the C library (`libfaketime`). A static program does not load it.

use std::path::Path;

use super::FleetError;
use super::error::write;

/// Where Debian has the library; the dynamic linker itself fills in the machine's folder.
const LIBRARY: &str = "/usr/$LIB/faketime/libfaketime.so.1\n";
const PRELOAD: &str = "etc/ld.so.preload";
const OFFSET: &str = "etc/faketimerc";

pub(super) fn skew(root: &Path, seconds: i64) -> Result<(), FleetError> {
    write(&root.join(OFFSET), format!("{seconds:+}s\n"))?;
    write(&root.join(PRELOAD), LIBRARY)
}

pub(super) fn right(root: &Path) -> Result<(), FleetError> {
    // A program that runs reads the offset again after a few seconds.
    write(&root.join(OFFSET), "+0s\n")?;
    match std::fs::remove_file(root.join(PRELOAD)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(FleetError::file("removed", &root.join(PRELOAD))(error))
        }
        _ => Ok(()),
    }
}
