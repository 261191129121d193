//! Each setting with many values, beside `systemd-analyze verify`: which it says to ignore.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use plimsoll_rules::systemd::keys::{self, Key};
use plimsoll_rules::systemd::value::has_specifier;

use crate::tool::{is_missing, verify};

/// Values that each setting is tried with. What a type accepts is among them, and what is nearly that.
const VALUES: &[&str] = &[
    "",
    "yes",
    "no",
    "nonsense",
    "1",
    "0",
    "-1",
    "100",
    "256",
    "010",
    "99999",
    "1.5",
    "+5",
    "10%",
    "150%",
    "10s",
    "1min 30s",
    "5 x",
    "infinity",
    "1G",
    "1.5G",
    "64K:128K",
    "2:1",
    "/absolute",
    "relative/path",
    "-/absolute",
    "~",
    "a b",
    "a=b",
    "A=b c=d",
    "\"A=b c",
    "A=b c",
    "'x",
    "AF_INET AF_FOO",
    "CAP_KILL CAP_FOO",
    "@system-service",
    "@foo read",
    "SIGTERM",
    "TERM",
    "SIGFOO",
    "1 SIGKILL 300",
    "strict",
    "full",
    "on-failure",
    "on-fail",
    "journal",
    "syslog",
    "file:/x",
    "file:x",
    "any",
    "10.0.0.0/8",
    "10.0.0.0/40",
    "EPERM",
    "EFOO",
    "native x86 foo",
    "user pid",
    "user foo",
    "foo.service",
    "foo.socket",
    "foo.slice",
    "foo",
    "a.service b",
    "%i.service",
    "man:x(1) http://a",
    "debug",
    "daemon",
    "reboot",
    "fail",
    "0-3",
    "0-x",
    "0,2",
    "/dev/null rw",
    "/dev/null x",
    "daily",
    "Mon 04:00",
    "batch",
    "idle",
    "1:2",
    "5ns",
    "3us",
    "7",
    "20",
    "-20",
    "-21",
    "99",
    "10001",
    "root",
    "bad name",
    "9bad",
    "a/b",
    "../x",
    "none",
    "0022",
    "07777",
    "17777",
    "0999",
    "kill",
    "auto",
    "low-delay",
    "x86",
    "best-effort",
    "!/x",
    "|!/x",
    "|x",
    "  ",
    "é",
    "%n",
    "%h/x",
    "1e3",
    "0x10",
    "500ms",
    "2h 3",
    "3 2h",
    "1d1h",
    "10 %",
    "both",
    "idle 5",
];

/// Settings whose values are read in a way that the table does not judge, or with effects beyond the line.
const NOT_COMPARED: &[&str] = &[
    // Names of accounts in a form that only the host judges.
    // systemd 252 leaves out capabilities that it does not know without a word; ours says it.
    "AmbientCapabilities",
    "CapabilityBoundingSet",
    // Times of the calendar: only their form is judged.
    "OnCalendar",
    // It names a unit that must be there and of another kind.
    "Slice",
    "Unit",
    "Service",
    "Sockets",
];

/// Whether a message is about something else than the value.
fn is_other(text: &str) -> bool {
    // What is on the way out is another rule's (SYSD013, SYSD014), and some settings are not for every kind of unit.
    ["not supported for this unit type", "obsolete", "KillMode=none", "no longer", "deprecated", "removed"]
        .iter()
        .any(|words| text.contains(words))
}

/// A unit's own text before the settings that are tried, by its section.
const UNITS: &[(&str, &str, &str)] = &[
    ("Unit", "service", "[Service]\nExecStart=/bin/true\n[Unit]\n"),
    ("Service", "service", "[Service]\nExecStart=/bin/true\n"),
    ("Socket", "socket", "[Socket]\nListenStream=/run/x\n"),
    ("Timer", "timer", "[Timer]\nOnBootSec=1\n"),
    ("Path", "path", "[Path]\nPathExists=/x\n"),
    ("Slice", "slice", "[Slice]\n"),
];

/// Types without a judge are not compared: their values are lists with a grammar of their own (`BindPaths=`, `MountImages=`,
/// `IODeviceWeight=`, addresses of sockets).
fn is_compared(key: &Key) -> bool {
    key.since <= 252 && !key.value.is_any() && !NOT_COMPARED.contains(&key.name)
}

#[test]
fn settings_are_known_as_in_systemd() {
    if let Some(why) = is_missing() {
        return println!("skipped: settings_are_known_as_in_systemd: {why}");
    }
    let folder = tempfile::tempdir().unwrap();
    let mut wrong = Vec::new();
    for (section, kind, head) in UNITS {
        let keys: Vec<&Key> = keys::all(section).collect();
        // An empty value is right for most; where a wrong one ends the reading of the file, there is a right one.
        let value = |key: &Key| if key.is_fatal && key.name == "DynamicUser" { "yes" } else { "" };
        let lines: Vec<String> = keys.iter().map(|key| format!("{}={}\n", key.name, value(key))).collect();
        let name = format!("x.{kind}");
        fs::write(folder.path().join(&name), format!("{head}{}", lines.concat())).unwrap();
        let said = verify(folder.path(), std::slice::from_ref(&name));
        let first = head.lines().count() + 1;
        for (at, key) in keys.iter().enumerate() {
            let is_unknown = said
                .iter()
                .any(|m| m.file == name && m.line == first + at && (m.text.starts_with("Unknown key")));
            if is_unknown != (key.since > 252) {
                wrong.push(format!(
                    "[{section}] {} since {}: systemd 252 knows it: {}",
                    key.name, key.since, !is_unknown
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn values_are_ignored_as_in_systemd() {
    if let Some(why) = is_missing() {
        return println!("skipped: values_are_ignored_as_in_systemd: {why}");
    }
    let (mut compared, mut wrong) = (0, BTreeMap::<String, BTreeSet<String>>::new());
    for (section, kind, head) in UNITS {
        let folder = tempfile::tempdir().unwrap();
        let mut tried: BTreeMap<(String, usize), (&Key, &str)> = BTreeMap::new();
        let mut names = Vec::new();
        for key in keys::all(section).filter(|key| is_compared(key)) {
            let step = if key.is_fatal { 1 } else { VALUES.len() };
            for values in VALUES.chunks(step) {
                let name = format!("k{}.{kind}", names.len());
                let first = head.lines().count() + 1;
                for (at, value) in values.iter().enumerate() {
                    tried.insert((name.clone(), first + at), (key, value));
                }
                let lines: Vec<String> =
                    values.iter().map(|value| format!("{}={value}\n", key.name)).collect();
                fs::write(folder.path().join(&name), format!("{head}{}", lines.concat())).unwrap();
                names.push(name);
            }
        }
        let said: BTreeMap<(String, usize), String> =
            verify(folder.path(), &names).into_iter().map(|m| ((m.file, m.line), m.text)).collect();
        for (place, (key, value)) in &tried {
            compared += 1;
            let theirs = said.get(place);
            // What a specifier becomes is known only on the host.
            if has_specifier(value) || theirs.is_some_and(|text| is_other(text)) {
                continue;
            }
            let ours = key.value.check(value.trim(), 252);
            if theirs.is_some() != ours.is_err() {
                let text = format!("{}={value}: ours {ours:?}, theirs {theirs:?}", key.name);
                wrong.entry(key.value.name()).or_default().insert(text);
            }
        }
    }
    let report: Vec<String> = wrong
        .iter()
        .map(|(kind, texts)| format!("## {kind}\n{}", texts.iter().cloned().collect::<Vec<_>>().join("\n")))
        .collect();
    println!("{compared} values compared");
    assert!(wrong.is_empty(), "{} types differ:\n{}", wrong.len(), report.join("\n"));
}
