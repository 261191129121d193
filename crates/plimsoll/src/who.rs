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

/// The name in `$USER`, or the one in `/etc/passwd`; the user database itself is not asked, since a static program cannot
/// do so reliably.
pub(crate) fn user() -> String {
    let name = ["USER", "LOGNAME"].iter().find_map(|v| std::env::var(v).ok().filter(|n| !n.is_empty()));
    let uid = rustix::process::getuid().as_raw();
    let listed = || named(&std::fs::read_to_string("/etc/passwd").ok()?, uid);
    name.or_else(listed).unwrap_or_else(|| format!("uid{uid}"))
}

/// The name of a user in the text of `/etc/passwd`: `name:password:uid:...`.
fn named(passwd: &str, uid: u32) -> Option<String> {
    let uid = uid.to_string();
    let mut users = passwd.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let user = users.find(|fields| fields.get(2) == Some(&uid.as_str()))?;
    user.first().filter(|name| !name.is_empty()).map(|name| (*name).to_owned())
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
    fn users_are_found_in_the_list() {
        let passwd =
            "root:x:0:0:root:/root:/bin/bash\n\nodd line\nana:x:1000:1000::/srv/ana:/bin/sh\n:x:7:7\n";
        assert_eq!(named(passwd, 0).as_deref(), Some("root"));
        assert_eq!(named(passwd, 1000).as_deref(), Some("ana"));
        assert_eq!((named(passwd, 7), named(passwd, 100)), (None, None));
    }

    #[test]
    fn this_process_is_not_gone() {
        let me = holder();
        assert!(me.start_ticks > 0);
        assert!(!is_gone(&me));
        assert!(is_gone(&Holder { start_ticks: me.start_ticks + 1, ..me.clone() }));
        assert!(!is_gone(&Holder { machine: "elsewhere".to_owned(), pid: 1, ..me }));
    }
}
