//! Starting our own program again for another role, detached from the caller.

use std::io;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Starts `program` with `args`, without the caller's files, folder and environment but for what programs need to
/// find things. The started program makes itself the head of a session (`detach`).
pub(crate) fn spawn_detached(program: &Path, args: &[&std::ffi::OsStr]) -> io::Result<Child> {
    let mut command = Command::new(program);
    command.args(args).current_dir("/").env_clear();
    for name in ["PATH", "HOME", "LANG", "TZ"] {
        command.envs(std::env::var_os(name).map(|value| (name, value)));
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()
}

/// Leaves the caller's session and terminal, so that neither Ctrl-C nor a hang-up reaches this process.
pub(crate) fn detach() {
    // Fails only where this process leads a group already: then it is detached enough.
    let _ = rustix::process::setsid();
}
