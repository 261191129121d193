//! Capabilities: their names, and the sets that a unit puts together.

/// The capabilities in the order of their numbers, without `CAP_`.
pub const NAMES: [&str; 41] = [
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
];

/// A set of capabilities: bit N is number N.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities(pub u64);

impl Capabilities {
    /// Every one, also those that no kernel has yet.
    pub const ALL: Self = Self(u64::MAX);
    /// None.
    pub const NONE: Self = Self(0);

    /// The set of these names, which stand without `CAP_`.
    pub fn of(names: &[&str]) -> Self {
        let number = |name: &&str| NAMES.iter().position(|known| known == name);
        Self(names.iter().filter_map(number).fold(0, |bits, number| bits | 1 << number))
    }

    /// The names of those that a kernel has.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        NAMES.iter().enumerate().filter(move |(number, _)| self.0 & (1 << number) != 0).map(|(_, name)| *name)
    }

    /// Whether it holds one of these.
    pub fn has_any(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Takes these away.
    pub fn drop(&mut self, names: &[&str]) {
        self.0 &= !Self::of(names).0;
    }

    /// An assignment. `initial` is what the set is as long as nobody said anything.
    pub fn assign(&mut self, value: &str, initial: Self) {
        let (inverted, list) = value.strip_prefix('~').map_or((false, value), |list| (true, list));
        let words = super::super::words::readable(list);
        let sum = words.iter().filter_map(|word| number(word)).fold(0, |bits, number| bits | 1 << number);
        let negated = if inverted { !sum } else { sum };
        self.0 = match (sum == 0 || *self == initial, inverted) {
            (true, _) => negated,
            (false, true) => self.0 & !sum,
            (false, false) => self.0 | sum,
        };
    }
}

/// The number of a capability, by its name or as a number.
pub fn number(word: &str) -> Option<u32> {
    if let Ok(number) = word.parse::<u32>() {
        return (number <= 63).then_some(number);
    }
    let upper = word.to_ascii_uppercase();
    let name = upper.strip_prefix("CAP_")?;
    NAMES.iter().position(|known| *known == name).and_then(|at| u32::try_from(at).ok())
}
