//! The score beside `systemd-analyze security --offline=true`: every unit of this machine, each directive alone with
//! several values, and random combinations.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use plimsoll_model::inspection::Exposure;
use plimsoll_rules::Source;
use plimsoll_rules::systemd::{Unit, UnitName, exposure};

use crate::tool::{Said, is_missing, security};

/// Where systemd looks for units and drop-ins, the nearest first.
const FOLDERS: [&str; 5] = [
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];

/// Units a call: a call takes as long as a few hundred units do.
const AT_ONCE: usize = 200;

/// Combinations, and how many settings one has at most.
const COMBINATIONS: usize = 4000;
const MOST_SETTINGS: u64 = 16;

fn ours(exposure: &Exposure) -> Said {
    let overall = format!("{} {}", exposure.score, exposure.level.word());
    let rows = exposure.rows.iter().map(|row| {
        let part = row.exposure.map(|part| part.to_string());
        (row.field.clone(), (row.badness.map(u64::from), part))
    });
    Said { overall, rows: rows.collect() }
}

/// What differs between two answers.
fn difference(ours: &Said, theirs: &Said) -> Option<String> {
    if ours == theirs {
        return None;
    }
    let rows = theirs.rows.iter().filter(|(name, row)| ours.rows.get(*name) != Some(row));
    let rows: Vec<String> =
        rows.map(|(name, row)| format!("{name}: {:?}, not {row:?}", ours.rows.get(name))).collect();
    Some(format!("{}, not {}; {}", ours.overall, theirs.overall, rows.join("; ")))
}

#[test]
fn the_score_of_every_unit_of_this_machine_is_systemds() {
    if let Some(why) = is_missing() {
        return println!("skipped: the_score_of_every_unit_of_this_machine_is_systemds: {why}");
    }
    let folders: Vec<PathBuf> = FOLDERS.iter().map(PathBuf::from).collect();
    let (mut compared, mut refused, mut wrong) = (0, Vec::new(), Vec::new());
    for folder in
        ["/etc/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system"].map(Path::new)
    {
        let names = units_in(folder);
        let theirs: BTreeMap<String, Said> =
            names.chunks(AT_ONCE).flat_map(|names| security(folder, names)).collect();
        for name in &names {
            let Some(theirs) = theirs.get(&name.replace("@.", "@test-instance.")) else {
                refused.push(name.clone());
                continue;
            };
            let unit = Unit::read(&folder.join(name), &folders).unwrap();
            compared += 1;
            wrong.extend(difference(&ours(&exposure(&unit)), theirs).map(|what| format!("{name}: {what}")));
        }
    }
    println!("{compared} units compared; systemd loads not: {refused:?}");
    assert!(wrong.is_empty(), "{} of {compared} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(compared > 0, "no unit was compared");
}

/// Units that run programs; links are other names of units.
fn units_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let files = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
    let names = files.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names
        .filter(|name| [".service", ".socket", ".mount", ".swap"].iter().any(|end| name.ends_with(end)))
        .collect();
    names.sort();
    names
}

/// Compares units of these lines of `[Service]`.
fn compare(bodies: &[String]) {
    let folder = tempfile::tempdir().unwrap();
    let text = |body: &String| format!("[Unit]\nDescription=x\n[Service]\nExecStart=/bin/true\n{body}");
    let names: Vec<String> = (0..bodies.len()).map(|number| format!("t{number}.service")).collect();
    for (name, body) in names.iter().zip(bodies) {
        fs::write(folder.path().join(name), text(body)).unwrap();
    }
    let theirs: BTreeMap<String, Said> =
        names.chunks(AT_ONCE).flat_map(|names| security(folder.path(), names)).collect();
    let mut wrong = Vec::new();
    for (name, body) in names.iter().zip(bodies) {
        let unit = Unit::of_texts(UnitName::new(name).unwrap(), [Source::new(name.clone(), text(body))]);
        match theirs.get(name) {
            None => wrong.push(format!("{body:?}: systemd does not load it")),
            Some(theirs) => wrong
                .extend(difference(&ours(&exposure(&unit)), theirs).map(|what| format!("{body:?}: {what}"))),
        }
    }
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), bodies.len(), wrong.join("\n"));
    println!("{} units compared", bodies.len());
}

/// Settings with the values that each is tried with.
const SETTINGS: &[(&str, &[&str])] = &[
    ("User", &["", "root", "0", "nobody", "www-data", "1000", "nosuchuser"]),
    ("DynamicUser", &["yes", "no"]),
    ("SupplementaryGroups", &["", "adm", "adm audio"]),
    ("RemoveIPC", FLAG),
    ("RootDirectory", &["", "/", "/srv", "//"]),
    ("RootImage", &["", "/", "/srv/x.raw"]),
    ("MountImages", &["/srv/a.raw:/a"]),
    ("NoNewPrivileges", FLAG),
    ("PrivateDevices", FLAG),
    ("PrivateMounts", FLAG),
    ("PrivateNetwork", FLAG),
    ("PrivateTmp", FLAG),
    ("PrivateUsers", FLAG),
    ("PrivateIPC", FLAG),
    ("ProtectClock", FLAG),
    ("ProtectControlGroups", FLAG),
    ("ProtectHostname", FLAG),
    ("ProtectKernelLogs", FLAG),
    ("ProtectKernelModules", FLAG),
    ("ProtectKernelTunables", FLAG),
    ("LockPersonality", FLAG),
    ("MemoryDenyWriteExecute", FLAG),
    ("RestrictRealtime", FLAG),
    ("RestrictSUIDSGID", FLAG),
    ("Delegate", &["", "yes", "no", "cpu memory", "nonsense", "pids"]),
    ("ProtectHome", &["", "yes", "no", "read-only", "tmpfs", "nonsense", "on"]),
    ("ProtectSystem", &["", "yes", "no", "full", "strict", "nonsense", "1"]),
    ("ProtectProc", &["", "default", "noaccess", "invisible", "ptraceable", "nonsense"]),
    ("ProcSubset", &["", "all", "pid", "nonsense"]),
    ("KeyringMode", &["", "inherit", "private", "shared", "nonsense"]),
    ("NotifyAccess", &["", "none", "main", "exec", "all", "nonsense"]),
    ("Type", &["notify", "oneshot", "exec", "dbus"]),
    ("DevicePolicy", &["", "auto", "closed", "strict", "nonsense"]),
    (
        "DeviceAllow",
        &[
            "",
            "/dev/null",
            "/dev/null rw",
            "/dev/null xyz",
            "char-pts rwm",
            "null",
            "/etc/passwd r",
            "block-*",
            "/dev/null r w",
        ],
    ),
    (
        "UMask",
        &[
            "", "0", "0022", "022", "077", "0007", "0027", "0777", "9", "10000", "0o22", "+22", "0002",
            "0004", "0020", "0040",
        ],
    ),
    (
        "SystemCallArchitectures",
        &["", "native", "x86-64", "x86", "native x86", "native native", "native x86-64", "nonsense"],
    ),
    ("SystemCallErrorNumber", &["EPERM"]),
    (
        "IPAddressDeny",
        &[
            "",
            "any",
            "0.0.0.0/0",
            "::/0",
            "0.0.0.0/0 ::/0",
            "10.0.0.0/8",
            "nonsense",
            "localhost",
            "1.2.3.4/0 ::1/0",
        ],
    ),
    (
        "IPAddressAllow",
        &[
            "",
            "any",
            "localhost",
            "link-local",
            "multicast",
            "127.0.0.1",
            "127.0.0.0/4",
            "::1",
            "::1/64",
            "10.0.0.0/8",
            "nonsense",
            "127.0.0.1 10.1.2.3/33",
            "fe80::/10",
            "2001:db8::1",
            "127.0.0.1/8/9",
        ],
    ),
    ("IPIngressFilterPath", &["", "/sys/fs/bpf/a", "relative"]),
    ("IPEgressFilterPath", &["", "/sys/fs/bpf/a"]),
    (
        "RestrictNamespaces",
        &[
            "",
            "yes",
            "no",
            "user",
            "~user",
            "cgroup ipc net",
            "~cgroup ipc",
            "mnt pid uts",
            "nonsense",
            "user nonsense",
            "~",
            "time",
            "\"user\"",
        ],
    ),
    (
        "RestrictAddressFamilies",
        &[
            "",
            "none",
            "AF_INET",
            "AF_INET6",
            "AF_UNIX",
            "AF_INET AF_INET6 AF_UNIX",
            "~AF_INET",
            "~AF_UNIX",
            "~AF_PACKET",
            "~AF_NETLINK",
            "~AF_CAN",
            "AF_CAN",
            "nonsense",
            "af_inet",
            "~AF_INET AF_INET6 AF_UNIX AF_NETLINK AF_PACKET",
            "AF_ROUTE",
            "AF_LOCAL",
            "AF_UNSPEC",
            "~none",
            "AF_CAN AF_BLUETOOTH",
            "~",
            "INET",
            "2",
        ],
    ),
    (
        "CapabilityBoundingSet",
        &[
            "",
            "~",
            "CAP_SYS_ADMIN",
            "cap_net_admin",
            "~CAP_SYS_ADMIN CAP_KILL",
            "CAP_NET_BIND_SERVICE CAP_CHOWN",
            "~CAP_NET_RAW",
            "nonsense",
            "~nonsense",
            "21",
            "~12",
            "63",
            "64",
            "CAP_BPF",
            "~CAP_MAC_ADMIN CAP_MAC_OVERRIDE",
            "CAP_SYS_ADMIN nonsense",
            "SYS_ADMIN",
            "~CAP_AUDIT_READ",
        ],
    ),
    ("AmbientCapabilities", &["", "CAP_NET_BIND_SERVICE", "~CAP_KILL", "nonsense", "~"]),
    (
        "SystemCallFilter",
        &[
            "",
            "@system-service",
            "~@privileged",
            "~@privileged @resources",
            "@default",
            "~@mount",
            "mount",
            "~mount",
            "@nonsense",
            "nonsense",
            "~nonsense",
            "~@mount:EPERM",
            "@mount:EPERM",
            "mount:EPERM",
            "~mount:EPERM",
            "~mount:nonsense",
            "~chroot:kill",
            "~@clock @cpu-emulation @debug @module @mount @obsolete @raw-io @reboot @swap",
            "@known",
            "~@known",
            "read write",
            "~",
            "~socketcall",
            "~@obsolete",
            "~@setuid:1",
            "~open:5000",
            "~_sysctl",
        ],
    ),
    ("LoadCredentialEncrypted", &["", "a:/b", "b", "nonsense/", ":x"]),
    ("SetCredentialEncrypted", &["", "a:x", "a:YWJj"]),
    ("SetCredential", &["", "a:x"]),
    ("ProtectSystem ", &["strict"]),
    ("LoadCredential", &["", "a:/b"]),
    ("ReadWritePaths", &["/srv"]),
    ("LimitNOFILE", &["1000"]),
    ("protectsystem", &["strict"]),
];

const FLAG: &[&str] = &["", "yes", "no", "On", "1", "f", "nonsense"];

#[test]
fn each_directive_alone_scores_as_in_systemd() {
    if let Some(why) = is_missing() {
        return println!("skipped: each_directive_alone_scores_as_in_systemd: {why}");
    }
    let mut bodies = vec![String::new()];
    for (key, values) in SETTINGS {
        bodies.extend(values.iter().map(|value| format!("{key}={value}\n")));
        // One after the other: what an empty value or a `~` does to what came before.
        for first in *values {
            bodies.extend(values.iter().map(|second| format!("{key}={first}\n{key}={second}\n")));
        }
    }
    for ends in ["DefaultDependencies=no\n", "DefaultDependencies=nonsense\n"] {
        bodies.push(format!("User=x\n[Unit]\n{ends}"));
    }
    // What systemd refuses to load has no score.
    bodies.retain(|body| !is_refused(body));
    compare(&bodies);
}

/// A service of D-Bus needs a name, which these have not.
fn is_refused(body: &str) -> bool {
    body.contains("Type=dbus")
}

#[test]
fn random_combinations_score_as_in_systemd() {
    if let Some(why) = is_missing() {
        return println!("skipped: random_combinations_score_as_in_systemd: {why}");
    }
    let mut random = Random(0x5eed_0252);
    let combination = |random: &mut Random| -> String {
        let count = 2 + random.below(MOST_SETTINGS - 1);
        let line = |random: &mut Random| {
            let (key, values) = SETTINGS[random.index(SETTINGS.len())];
            format!("{key}={}\n", values[random.index(values.len())])
        };
        (0..count).map(|_| line(random)).collect()
    };
    let mut bodies: Vec<String> = (0..COMBINATIONS).map(|_| combination(&mut random)).collect();
    bodies.retain(|body| !is_refused(body));
    compare(&bodies);
}

/// `SplitMix64`: small, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).expect("it is below a usize")
    }
}
