//! Processes of a host, as this machine's `/proc` shows them.

/// A process that runs inside a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Its number on this machine.
    pub pid: i32,
    /// Its number inside the host.
    pub pid_inside: i32,
    /// Its arguments, separated by spaces.
    pub arguments: String,
}

impl Process {
    /// Reads a process; none where it has ended, is a zombie, or runs outside of any container.
    pub(super) fn read(pid: i32) -> Option<Self> {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name));
        if field("State:")?.trim_start().starts_with('Z') {
            return None;
        }
        // One number for each namespace, from ours inwards. The container's supervisor has only ours.
        let numbers: Vec<i32> = field("NSpid:")?.split_whitespace().filter_map(|n| n.parse().ok()).collect();
        let [_, .., inside] = *numbers.as_slice() else {
            return None;
        };
        let arguments = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        let arguments = String::from_utf8_lossy(&arguments).trim_end_matches('\0').replace('\0', " ");
        Some(Self { pid, pid_inside: inside, arguments })
    }
}
