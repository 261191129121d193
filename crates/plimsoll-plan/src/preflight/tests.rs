//! One host, changed in one way at a time: what each change is judged as.

use plimsoll_model::facts::{
    CpuLevel, Disk, Fact, HostFacts, Library, LibraryVersions, PortUse, Probe, ProbeOutcome, ProbeResult,
    ProgramNeeds, SelinuxMode, Unmet,
};
use plimsoll_model::preflight::{Answer, Finding, ReleaseNeeds, Requires, Skew};
use plimsoll_model::release::Platform;
use plimsoll_model::{HostName, Span};

use super::*;

fn facts() -> HostFacts {
    serde_json::from_str(include_str!("../../../plimsoll-model/tests/data/facts.json")).unwrap()
}

fn release() -> ReleaseNeeds {
    ReleaseNeeds {
        release: "0123456789ab".parse().unwrap(),
        platform: Platform { os: "linux".to_owned(), arch: "amd64".to_owned() },
        size: 6_000_000_000,
        program: Some(ProgramNeeds {
            machine: 62,
            wide: true,
            big_endian: false,
            loader: Some("/lib64/ld-linux-x86-64.so.2".to_owned()),
            libraries: vec!["libc.so.6".to_owned()],
            rpath: vec![],
            runpath: vec![],
            no_default_folders: false,
            versions: vec![LibraryVersions { library: "libc.so.6".to_owned(), versions: vec![] }],
            glibc: Some("2.34".to_owned()),
        }),
        cpu: None,
        memory: None,
        cores: None,
        open_files: None,
        secret_files: vec![],
    }
}

/// What is not good about a host, as `severity id answer`.
fn judged(requires: &Requires, release: Option<&ReleaseNeeds>, facts: &HostFacts, skew: Skew) -> Vec<String> {
    let told = |finding: &Finding| {
        let answer = match finding.answer {
            Answer::Yes => "yes",
            Answer::Unknown => "unknown",
            Answer::No => "no",
        };
        assert!(finding.answer == Answer::Yes || !finding.measured.is_empty(), "{finding:?}");
        assert!(finding.answer != Answer::No || !finding.fix.is_empty(), "{finding:?}");
        format!("{} {} {answer}", finding.severity.name(), finding.id.name())
    };
    let host: HostName = "web1".parse().unwrap();
    let question = Question { requires, listen: "0.0.0.0:8080".parse().unwrap(), instances: 2, release };
    let findings = judge(&question, &Seen { host: &host, facts, skew: Some(skew) });
    findings.iter().filter(|finding| finding.answer != Answer::Yes).map(told).collect()
}

type Change = fn(&mut HostFacts);

const RIGHT: Skew = Skew { ahead: 3, within: 5 };

fn on(change: impl FnOnce(&mut HostFacts)) -> Vec<String> {
    let mut facts = facts();
    facts.program = Some(vec![]);
    change(&mut facts);
    judged(&Requires::default(), Some(&release()), &facts, RIGHT)
}

fn disk(facts: &mut HostFacts) -> &mut Disk {
    match &mut facts.root.disk {
        Fact::Known(disk) => disk,
        Fact::Unknown(why) => panic!("{why}"),
    }
}

#[test]
fn a_usual_host_is_fit() {
    assert_eq!(on(|_| {}), Vec::<String>::new());
    assert_eq!(judged(&Requires::default(), None, &facts(), RIGHT), Vec::<String>::new());
}

#[test]
fn what_makes_a_release_fail_is_an_error() {
    let cases: [(&str, Change); 14] = [
        ("error platform no", |f| f.platform.arch = "arm64".to_owned()),
        ("error exec no", |f| disk(f).no_exec = true),
        ("error writable no", |f| f.root.writable = Fact::Known(false)),
        ("error disk no", |f| disk(f).free = 5_000_000_000),
        ("warning disk no", |f| disk(f).free = 7_000_000_000),
        ("error inodes no", |f| disk(f).free_inodes = Some(3)),
        ("warning inodes no", |f| disk(f).free_inodes = Some(300)),
        ("error port no", |f| {
            f.listen.as_mut().unwrap().port = Fact::Known(PortUse::Held("process 7".to_owned()));
        }),
        ("error port no", |f| f.listen.as_mut().unwrap().permitted = Fact::Known(false)),
        ("error port unknown", |f| f.listen.as_mut().unwrap().port = Fact::unknown("not shown")),
        ("error loader no", |f| {
            f.program = Some(vec![Unmet::Loader { path: "/lib64/ld".to_owned(), unusable: None }]);
        }),
        ("error libraries no", |f| {
            let name = "libpq.so.5".to_owned();
            f.program = Some(vec![Unmet::Library { name, needed_by: None, unusable: None }]);
        }),
        ("error symbol-versions no", |f| {
            let versions = vec!["GLIBC_2.38".to_owned()];
            f.program = Some(vec![Unmet::Versions { path: "/lib/libc.so.6".to_owned(), versions }]);
        }),
        ("info selinux unknown", |f| f.confinement.selinux = Fact::Known(SelinuxMode::Enforcing)),
    ];
    for (expected, change) in cases {
        assert_eq!(on(change), [expected]);
    }
}

#[test]
fn what_is_not_known_is_neither_good_nor_bad() {
    let cases: [(&[&str], Change); 5] = [
        (&["error disk unknown"], |f| f.root.disk = Fact::unknown("statvfs")),
        (&["error writable unknown"], |f| f.root.writable = Fact::unknown("access")),
        (&["info libraries unknown"], |f| f.program = None),
        (&["info clock-sync unknown"], |f| f.clock.synchronised = Fact::unknown("a container")),
        (&["info firewall unknown"], |f| f.firewall.lets_in = Some(Fact::unknown("only root may look"))),
    ];
    for (expected, change) in cases {
        assert_eq!(on(change), expected);
    }
}

#[test]
fn ours_is_no_stranger_and_a_release_that_is_here_needs_no_room() {
    assert!(on(|f| f.listen.as_mut().unwrap().port = Fact::Known(PortUse::Ours)).is_empty());
    let here = on(|f| {
        f.root.has_release = Some(true);
        disk(f).free = 5_000_000_000;
    });
    assert!(here.is_empty(), "{here:?}");
    assert!(on(|f| disk(f).free_inodes = None).is_empty(), "btrfs counts no files");
}

#[test]
fn declared_minimums_are_errors() {
    let version = |text: &str| Some(text.parse().unwrap());
    let cases: Vec<(&str, Requires)> = vec![
        ("error memory no", Requires { memory: Some(9_000_000_000), ..Requires::default() }),
        ("error cores no", Requires { cores: Some(450), ..Requires::default() }),
        ("error disk no", Requires { disk: Some(30_000_000_000), ..Requires::default() }),
        ("error inodes no", Requires { inodes: Some(3_000_000), ..Requires::default() }),
        ("error kernel no", Requires { kernel: version("6.2"), ..Requires::default() }),
        ("error glibc no", Requires { glibc: version("2.37"), ..Requires::default() }),
        ("error systemd no", Requires { systemd: version("255"), ..Requires::default() }),
        ("error cpu-level no", Requires { cpu: Some(CpuLevel::V4), ..Requires::default() }),
    ];
    for (expected, requires) in cases {
        assert_eq!(judged(&requires, None, &facts(), RIGHT), [expected]);
    }
    let met = Requires {
        memory: Some(8_000_000_000),
        cores: Some(400),
        disk: Some(20_000_000_000),
        kernel: version("6.1"),
        glibc: version("2.36"),
        systemd: version("252"),
        cpu: Some(CpuLevel::V3),
        time_zones: true,
        ca_roots: true,
        ..Requires::default()
    };
    assert_eq!(judged(&met, None, &facts(), RIGHT), Vec::<String>::new());
}

#[test]
fn declared_things_that_are_not_known_stay_open() {
    let requires = Requires {
        kernel: Some("5.10".parse().unwrap()),
        glibc: Some("2.31".parse().unwrap()),
        memory: Some(1),
        time_zones: true,
        ..Requires::default()
    };
    let mut facts = facts();
    facts.kernel = Fact::Known("a kernel of our own".to_owned());
    facts.glibc = Fact::unknown("not this processor");
    facts.memory = Fact::unknown("no /proc");
    facts.zones = Fact::Known(None);
    let found = judged(&requires, None, &facts, RIGHT);
    assert_eq!(
        found,
        ["error memory unknown", "error kernel unknown", "error glibc unknown", "error time-zones no"]
    );
    facts.glibc = Fact::Known(Some(Library { version: "2.36".to_owned(), path: String::new() }));
    assert!(!judged(&requires, None, &facts, RIGHT).contains(&"error glibc unknown".to_owned()));
}

#[test]
fn control_groups_take_away() {
    let requires = Requires { memory: Some(2_000_000_000), cores: Some(200), ..Requires::default() };
    let mut facts = facts();
    let Fact::Known(memory) = &mut facts.memory else { panic!() };
    memory.limit = Some(1_000_000_000);
    facts.processor.quota = Fact::Known(Some(150));
    assert_eq!(judged(&requires, None, &facts, RIGHT), ["error cores no", "error memory no"]);
}

#[test]
fn a_clock_is_wrong_only_beyond_its_measurement() {
    let declared = Requires { clock_skew: Some(Span::from_secs(5)), ..Requires::default() };
    let found = |requires: &Requires, ahead, within| judged(requires, None, &facts(), Skew { ahead, within });
    assert!(found(&declared, -4900, 90).is_empty());
    assert_eq!(found(&declared, -4900, 200), ["error clock unknown"]);
    assert_eq!(found(&declared, 5300, 200), ["error clock no"]);
    assert!(found(&Requires::default(), 59_000, 10).is_empty());
    assert_eq!(found(&Requires::default(), i64::MIN, 10), ["warning clock no"]);
}

#[test]
fn probes_are_held_against_what_was_declared() {
    let known = |outcome| Fact::Known(outcome);
    let program = |name: &str| Probe::Program { name: name.to_owned() };
    let missing = || known(ProbeOutcome::Missing("refused".to_owned()));
    let cases = [
        (Probe::Tcp { address: "db:5432".to_owned() }, missing(), Some("error tcp no")),
        (
            Probe::Tcp { address: "db:5432".to_owned() },
            known(ProbeOutcome::There("10.0.0.1".to_owned())),
            None,
        ),
        (Probe::Http { url: "http://a".to_owned() }, known(ProbeOutcome::Status(500)), Some("error http no")),
        (Probe::Http { url: "http://a".to_owned() }, known(ProbeOutcome::Status(302)), None),
        (Probe::File { path: "/etc/a".to_owned() }, missing(), Some("error file no")),
        (program("psql"), known(ProbeOutcome::Version("psql (PostgreSQL) 15.4".to_owned())), None),
        (program("psql"), known(ProbeOutcome::Version("psql 14.9".to_owned())), Some("error program no")),
        (
            program("psql"),
            known(ProbeOutcome::Version("psql, the newest".to_owned())),
            Some("error program unknown"),
        ),
        (program("psql"), Fact::unknown("it hangs"), Some("error program unknown")),
        (program("git"), Fact::unknown("prints no version"), None),
        (program("git"), missing(), Some("error program no")),
    ];
    let requires = Requires {
        files: vec!["/etc/a".to_owned()],
        programs: [("psql".to_owned(), Some("15.2".parse().unwrap())), ("git".to_owned(), None)].into(),
        ..Requires::default()
    };
    for (probe, outcome, expected) in cases {
        let mut facts = facts();
        facts.probes = vec![ProbeResult { probe: probe.clone(), outcome: outcome.clone() }];
        let found = judged(&requires, None, &facts, RIGHT);
        assert_eq!(found.first().map(String::as_str), expected, "{probe:?} {outcome:?}");
    }
}

#[test]
fn a_release_brings_needs_of_its_own() {
    let needs = |change: fn(&mut ReleaseNeeds), facts: &HostFacts| {
        let mut release = release();
        change(&mut release);
        judged(&Requires::default(), Some(&release), facts, RIGHT)
    };
    let mut facts = facts();
    facts.program = Some(vec![]);
    assert_eq!(needs(|r| r.cpu = Some(CpuLevel::V4), &facts), ["error cpu-level no"]);
    assert_eq!(needs(|r| r.memory = Some(3_000_000_000), &facts), ["warning memory no"]);
    let secret: fn(&mut ReleaseNeeds) = |r| r.secret_files = vec!["/etc/key".to_owned()];
    assert_eq!(needs(secret, &facts), ["error secret-file unknown"]);
    let outcome = Fact::Known(ProbeOutcome::Missing("not there".to_owned()));
    facts.probes = vec![ProbeResult { probe: Probe::File { path: "/etc/key".to_owned() }, outcome }];
    assert_eq!(needs(secret, &facts), ["error secret-file no"]);
    facts.cgroups.clone_from(&Fact::unknown("none is mounted"));
    assert_eq!(needs(|r| r.cores = Some(50), &facts), ["warning limits unknown"]);
    facts.user.uid = 1000;
    assert_eq!(needs(|r| r.open_files = Some(2_000_000), &facts), ["warning open-files no"]);
}

#[test]
fn the_order_asks_for_each_thing_once() {
    let requires = Requires {
        files: vec!["/etc/key".to_owned(), "/etc/key".to_owned()],
        tcp: vec!["db:5432".to_owned()],
        ..Requires::default()
    };
    let mut release = release();
    release.secret_files = vec!["/etc/key".to_owned()];
    let listen = "0.0.0.0:8080".parse().unwrap();
    let question = Question { requires: &requires, listen, instances: 1, release: Some(&release) };
    let order = question.order();
    assert_eq!(order.probes.len(), 2);
    assert!(order.program.is_some() && order.release.is_some());
}
