//! What `systemd-analyze verify` says about wrong units, beside our findings: each line that it speaks of is one of ours, and each
//! difference is in the list below with its reason.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use jiff::civil::date;
use plimsoll_rules::{Question, Settings, check};

use crate::tool::{is_missing, verify_text};

/// A wrong unit and the lines that both speak of; 0 is the unit as a whole.
struct Case {
    name: &'static str,
    text: &'static str,
    /// Why the two differ, and about which lines; `+` only we speak of it, `-` only systemd does.
    differs: &'static [(&'static str, u32, &'static str)],
}

const fn case(name: &'static str, text: &'static str) -> Case {
    Case { name, text, differs: &[] }
}

/// Rules that say what `verify` says. Others judge what systemd accepts.
const RULES: [&str; 5] = ["SYSD002", "SYSD003", "SYSD004", "SYSD008", "SYSD014"];

const CASES: &[Case] = &[
    case(
        "right.service",
        "[Unit]\nDescription=x\n[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n",
    ),
    case("key.service", "[Unit]\nDescriptio=x\n[Service]\nExecStart=/bin/true\nProtectSytem=strict\n"),
    case(
        "section.service",
        "[Unit]\n[Servce]\nA=b\n[Service]\nExecStart=/bin/true\n[Socket]\nListenStream=1\n",
    ),
    case("outside.service", "Description=x\n[Service]\nExecStart=/bin/true\n"),
    case("no-sign.service", "[Service]\nExecStart=/bin/true\nnonsense\n=x\n"),
    case(
        "other-section.service",
        "[Unit]\nExecStart=/bin/true\n[Service]\nExecStart=/bin/true\nWants=a.service\n",
    ),
    case(
        "values.service",
        "[Unit]\nAfter=nonsense\nStartLimitBurst=x\n[Service]\nExecStart=/bin/true\nRestart=on-fail\nTimeoutSec=abc\nUMask=abc\nNice=100\nLimitNOFILE=abc\nKillSignal=SIGFOO\n",
    ),
    case(
        "lists.service",
        "[Service]\nExecStart=/bin/true\nSystemCallFilter=foo\nRestrictAddressFamilies=AF_FOO\nRestrictNamespaces=foo\nIPAddressDeny=nonsense\nDeviceAllow=null\nReadWritePaths=relative\n",
    ),
    case("continued.service", "[Service]\nExecStart=/bin/true \\\n# comment\n  --a\nTimeoutSec=\\\n abc\n"),
    case("none.service", "[Service]\nType=exec\n"),
    case("empty.service", ""),
    case("several.service", "[Service]\nType=exec\nExecStart=/bin/true\nExecStart=/bin/false\n"),
    case("oneshot.service", "[Service]\nType=oneshot\nExecStart=/bin/true\nExecStart=/bin/false\n"),
    case("relative.service", "[Service]\nExecStart=bin/true\n"),
    case("quote.service", "[Service]\nExecStart=/bin/true \"a\n"),
    case("folder.service", "[Service]\nExecStart=/bin/\n"),
    Case {
        name: "prefix.service",
        text: "[Service]\nExecStart=-@\n",
        differs: &[("-", 0, "that nothing is left to start follows from the line")],
    },
    case("user.service", "[Service]\nExecStart=/bin/true\nUser=a/b\n"),
    case(
        "environment.service",
        "[Service]\nExecStart=/bin/true\nEnvironment=A=b c\nEnvironment=\"A=b c\nEnvironment=1A=b\n",
    ),
    case(
        "old.service",
        "[Service]\nExecStart=/bin/true\nStandardOutput=syslog\nCPUShares=100\nMemoryLimit=1G\n",
    ),
    Case {
        name: "capability.service",
        text: "[Service]\nExecStart=/bin/true\nCapabilityBoundingSet=CAP_FOO\n",
        differs: &[(
            "+",
            3,
            "252 leaves out a capability that it does not know without a word; the set is then empty",
        )],
    },
    Case {
        name: "specifier.service",
        text: "[Service]\nExecStart=/bin/true\nSyslogIdentifier=100%\nSyslogIdentifier=a%Q\nEnvironmentFile=/srv/%Q\nWorkingDirectory=/srv/%Q\n",
        differs: &[],
    },
    Case {
        name: "spelling.service",
        text: "[Unit]\nPropagateReloadTo=a.service\n[Service]\nExecStart=/bin/true\nPermissionsStartOnly=yes\nPIDFile=/var/run/x.pid\nReadOnlyDirectories=/srv\nStartLimitBurst=3\n",
        differs: &[
            ("+", 2, "old spellings are accepted without a word"),
            ("+", 5, "the same"),
            ("+", 7, "the same"),
            ("+", 8, "settings of [Unit] are accepted in [Service] without a word"),
            ("+", 6, "verify of 252 is silent about /var/run in PIDFile="),
        ],
    },
    Case {
        name: "program.service",
        text: "[Service]\nExecStart=/usr/bin/nonsense\n",
        differs: &[(
            "-",
            0,
            "verify looks on this machine; we look in the root that the unit lies in, where it lies in one",
        )],
    },
    Case {
        name: "install.service",
        text: "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=nonsense\n",
        differs: &[("+", 4, "verify does not read [Install]; `systemctl enable` fails")],
    },
    Case {
        name: "newer.service",
        text: "[Service]\nExecStart=/bin/true\nMemoryKSM=yes\nPrivateTmp=disconnected\n",
        differs: &[],
    },
    case("a.timer", "[Timer]\nOnBootSec=abc\nPersistent=maybe\nFoo=1\n"),
    case("a.socket", "[Socket]\nListenStream=/run/x\nAccept=maybe\nSocketMode=9\nBacklog=x\n"),
    case("a.path", "[Path]\nPathExists=relative\nMakeDirectory=x\n"),
    case("a.slice", "[Slice]\nMemoryMax=x\nCPUWeight=0\nFoo=1\n"),
    case("header.service", "[Unit\nDescription=x\n"),
];

#[test]
fn what_verify_says_is_said() {
    if let Some(why) = is_missing() {
        return println!("skipped: what_verify_says_is_said: {why}");
    }
    let mut wrong = Vec::new();
    for case in CASES {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(case.name), case.text).unwrap();
        // What a timer, socket or path starts.
        if !case.name.ends_with(".service") {
            fs::write(folder.path().join("a.service"), "[Service]\nExecStart=/bin/true\n").unwrap();
        }
        let text = verify_text(folder.path(), case.name);
        let theirs = lines_of(&text, case.name);
        let ours = found(folder.path().join(case.name));
        let only = |sign: &'static str, a: &BTreeSet<u32>, b: &BTreeSet<u32>| {
            a.difference(b).map(|line| (sign, *line)).collect::<BTreeSet<_>>()
        };
        let mut differs = only("+", &ours, &theirs);
        differs.extend(only("-", &theirs, &ours));
        let named: BTreeSet<(&str, u32)> =
            case.differs.iter().map(|(sign, line, _)| (*sign, *line)).collect();
        if differs != named {
            wrong.push(format!("{}: ours {ours:?}, theirs {theirs:?}\n{text}", case.name));
        }
    }
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), CASES.len(), wrong.join("\n"));
    println!("{} units compared", CASES.len());
}

/// The lines that `verify` speaks of.
fn lines_of(text: &str, name: &str) -> BTreeSet<u32> {
    let numbers = text.lines().filter_map(|line| {
        let behind = line.split_once(name)?.1;
        // "has a bad unit file setting" repeats what was said.
        if line.starts_with("Unit ") || line.contains("fatal error") {
            return None;
        }
        let number =
            behind.strip_prefix(':').and_then(|rest| rest.split(':').next()).and_then(|n| n.parse().ok());
        Some(number.unwrap_or(0))
    });
    numbers.collect()
}

/// The lines that we speak of: the last one of a continued line, as systemd counts; 0 where it is about the whole unit.
fn found(path: PathBuf) -> BTreeSet<u32> {
    let settings = Settings { only: RULES.map(str::to_owned).to_vec(), ..Settings::default() };
    let report =
        check(&Question { paths: vec![path], exclude: Vec::new(), settings, today: date(2026, 11, 24) });
    let line = |finding: &plimsoll_model::finding::Finding| {
        let is_whole = ["ExecStart=", "there is none of"].iter().any(|words| finding.message.contains(words))
            && finding.message.starts_with("there ");
        if is_whole { 0 } else { finding.place.map_or(0, |place| place.end_line) }
    };
    report.findings.iter().map(line).collect()
}
