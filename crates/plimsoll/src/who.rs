//! Who runs the command, and whether someone else's command still runs.

use plimsoll_engine::journal::Holder;

/// This process as the holder of a lease.
pub(crate) fn holder() -> Holder {
    let pid = std::process::id();
    Holder { user: user(), machine: machine(), pid, start_ticks: start_ticks(pid).unwrap_or(0) }
}

/// `user@machine`, as it stands in every record.
pub(crate) fn author() -> String {
    format!("{}@{}", user(), machine())
}

/// Whether the holder was a process of this machine that has certainly ended.
pub(crate) fn is_gone(holder: &Holder) -> bool {
    holder.machine == machine() && start_ticks(holder.pid) != Some(holder.start_ticks)
}

/// The name in `$USER`; the user database is not asked, since a static program cannot do so reliably.
fn user() -> String {
    let name = ["USER", "LOGNAME"].iter().find_map(|v| std::env::var(v).ok()).filter(|n| !n.is_empty());
    name.unwrap_or_else(|| format!("uid{}", rustix::process::getuid().as_raw()))
}

fn machine() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// Start of a process in clock ticks since boot: field 22 of `/proc/PID/stat`, counted after the program's name, which
/// may hold spaces. `None` where there is no such process, or only its remains wait to be collected.
fn start_ticks(pid: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?;
    if matches!(state, "Z" | "X") {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_not_gone() {
        let me = holder();
        assert!(me.start_ticks > 0);
        assert!(!is_gone(&me));
        assert!(is_gone(&Holder { start_ticks: me.start_ticks + 1, ..me.clone() }));
        assert!(!is_gone(&Holder { machine: "elsewhere".to_owned(), pid: 1, ..me }));
    }
}
