//! Where the program of a process that runs once is.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::runtime::{OnceProcess, RuntimeError};

/// Where programs are looked for where the agent's environment does not say.
pub(super) const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The program, looked for where the process itself would look; one that is named by a path is below `folder`, in which
/// the process runs.
pub(crate) fn find_program(order: &OnceProcess, folder: &Path) -> Result<PathBuf, RuntimeError> {
    let name = &order.command[0];
    if name.contains('/') {
        return Ok(folder.join(name));
    }
    let own = std::env::var("PATH").ok();
    let path = order.variables.get("PATH").cloned().or(own).unwrap_or_else(|| PATH.to_owned());
    let is_program = |file: &PathBuf| {
        fs::metadata(file).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
    };
    let found = std::env::split_paths(&path).map(|place| folder.join(place).join(name)).find(is_program);
    found.ok_or_else(|| RuntimeError::Start {
        instance: order.process.instance.clone(),
        why: format!("`{name}` is not in PATH"),
        exhausted: false,
    })
}
