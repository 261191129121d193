//! The machine: processor, memory, kernel, C library, clock, limits, and what is installed.

use plimsoll_model::Span;
use plimsoll_model::facts::{Fact, HostFacts, SelinuxMode};
use plimsoll_model::preflight::{Answer, CheckId, Skew, VersionNumber};
use plimsoll_model::size::human;

use super::sheet::{Asked, Sheet};
use super::{Question, Seen};

/// How far a clock may be off where nothing is declared: signatures and leases go on, certificates begin to fail.
const USUAL_SKEW: Span = Span::from_secs(60);
const INSTALL_NEWER: &str = "update the hosts' system, or lower it in `requires`";

pub(super) fn judge(sheet: &mut Sheet<'_>, question: &Question<'_>, seen: &Seen<'_>) {
    let facts = seen.facts;
    cores(sheet, question, facts);
    memory(sheet, question, facts);
    versions(sheet, question, facts);
    clock(sheet, question, seen.skew);
    clock_sync(sheet, facts);
    open_files(sheet, question, facts);
    limits(sheet, question, facts);
    installed(sheet, question, facts);
    selinux(sheet, facts);
}

fn cores(sheet: &mut Sheet<'_>, question: &Question<'_>, facts: &HostFacts) {
    let Some(needed) = question.requires.cores else { return };
    let asked = Asked::error(CheckId::Cores, "fewer cores than the environment asks for")
        .needed(hundredths(needed))
        .fix("take larger hosts, or lower `cores` in `requires`");
    // Where control groups cannot be read, nothing is known to take cores away.
    let quota = facts.processor.quota.known().copied().flatten();
    sheet.by_fact(asked, &facts.processor.cores, |cores| {
        let all = cores.saturating_mul(100);
        let usable = quota.map_or(all, |quota| quota.min(all));
        let measured = match quota.filter(|quota| *quota < all) {
            Some(quota) => format!("{} of {cores} (control groups allow no more)", hundredths(quota)),
            None => cores.to_string(),
        };
        (usable >= needed, measured)
    });
}

fn hundredths(cores: u32) -> String {
    let text = format!("{}.{:02}", cores / 100, cores % 100);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn memory(sheet: &mut Sheet<'_>, question: &Question<'_>, facts: &HostFacts) {
    let measured = |memory: &plimsoll_model::facts::Memory| match memory.limit.filter(|l| *l < memory.total) {
        Some(limit) => format!("{} of {} (control groups allow no more)", human(limit), human(memory.total)),
        None => human(memory.total),
    };
    if let Some(needed) = question.requires.memory {
        let asked = Asked::error(CheckId::Memory, "less memory than the environment asks for")
            .needed(human(needed))
            .fix("take larger hosts, or lower `memory` in `requires`");
        sheet.by_fact(asked, &facts.memory, |memory| (memory.usable() >= needed, measured(memory)));
    }
    if let Some(one) = question.release.and_then(|release| release.memory) {
        // While a release comes in, the old instances are still there.
        let needed = one.saturating_mul(u64::from(question.instances)).saturating_mul(2);
        let what = "old and new instances together may use more memory than there is";
        let asked = Asked::warning(CheckId::Memory, what)
            .needed(format!("{} (2 x {} instances x {})", human(needed), question.instances, human(one)))
            .fix("fewer `instances`, a lower `memory` in `limits`, or larger hosts");
        sheet.by_fact(asked, &facts.memory, |memory| (memory.usable() >= needed, measured(memory)));
    }
}

fn versions(sheet: &mut Sheet<'_>, question: &Question<'_>, facts: &HostFacts) {
    let requires = question.requires;
    let asked = |id, name: &str, needed: &VersionNumber| {
        Asked::error(id, format!("{name} is older than the environment asks for"))
            .needed(format!("{name} {needed}"))
            .fix(INSTALL_NEWER)
    };
    if let Some(needed) = &requires.kernel {
        let asked = asked(CheckId::Kernel, "the kernel", needed).needed(format!("Linux {needed}"));
        let found = facts.kernel.clone().map(|release| (VersionNumber::find(&release), release));
        compare(sheet, asked, &found, needed);
    }
    if let Some(needed) = &requires.glibc {
        let found = facts.glibc.clone().map(|libc| {
            let version = libc.as_ref().and_then(|libc| libc.version.parse().ok());
            (version, libc.map_or_else(|| "no glibc".to_owned(), |libc| format!("glibc {}", libc.version)))
        });
        let asked = asked(CheckId::Glibc, "glibc", needed);
        match &facts.glibc {
            Fact::Known(None) => sheet.answer(asked, Answer::No, "no glibc"),
            _ => compare(sheet, asked, &found, needed),
        }
    }
    if let Some(needed) = &requires.systemd {
        let asked = asked(CheckId::Systemd, "systemd", needed);
        match &facts.systemd {
            Fact::Known(None) => sheet.answer(asked, Answer::No, "process 1 is not systemd"),
            Fact::Known(Some(systemd)) => {
                let found =
                    systemd.version.clone().map(|v| (v.to_string().parse().ok(), format!("systemd {v}")));
                compare(sheet, asked, &found, needed);
            }
            Fact::Unknown(why) => sheet.answer(asked, Answer::Unknown, why.clone()),
        }
    }
}

/// A version, where the text has one, and the text.
fn compare(
    sheet: &mut Sheet<'_>,
    asked: Asked,
    found: &Fact<(Option<VersionNumber>, String)>,
    needed: &VersionNumber,
) {
    match found {
        Fact::Known((None, text)) => {
            sheet.answer(asked, Answer::Unknown, format!("its version is not understood: {text}"));
        }
        Fact::Known((Some(version), text)) => {
            sheet.answer(asked, if version >= needed { Answer::Yes } else { Answer::No }, text.clone());
        }
        Fact::Unknown(why) => sheet.answer(asked, Answer::Unknown, why.clone()),
    }
}

/// The measurement is a range: only what lies outside of it is certain.
fn clock(sheet: &mut Sheet<'_>, question: &Question<'_>, skew: Option<Skew>) {
    let declared = question.requires.clock_skew;
    let limit = declared.unwrap_or(USUAL_SKEW);
    let what = "the clock is wrong";
    let asked = if declared.is_some() {
        Asked::error(CheckId::Clock, what)
    } else {
        Asked::warning(CheckId::Clock, what)
    };
    let asked = asked
        .needed(format!("at most {limit} from ours"))
        .fix("sudo timedatectl set-ntp true    or install chrony; `timedatectl` shows what it does");
    let Some(Skew { ahead, within }) = skew else {
        return sheet.answer(asked, Answer::Unknown, "it was not measured");
    };
    let limit = u64::try_from(limit.duration().as_millis()).unwrap_or(u64::MAX);
    let off = ahead.unsigned_abs();
    let answer = match (off.saturating_add(within) <= limit, off.saturating_sub(within) > limit) {
        (true, _) => Answer::Yes,
        (_, true) => Answer::No,
        _ => Answer::Unknown,
    };
    sheet.answer(asked, answer, offset(ahead, within));
}

/// `3.2 s behind, give or take 40 ms`.
fn offset(ahead: i64, within: u64) -> String {
    let off = ahead.unsigned_abs();
    if off <= within {
        return format!("right to {}", milliseconds(within.max(1)));
    }
    let side = if ahead < 0 { "behind" } else { "ahead" };
    format!("{} {side}, give or take {}", milliseconds(off), milliseconds(within))
}

fn milliseconds(count: u64) -> String {
    match count {
        0..1000 => format!("{count} ms"),
        1000..60_000 => format!("{}.{} s", count / 1000, count % 1000 / 100),
        _ => Span::from_secs(count / 1000).to_string(),
    }
}

fn clock_sync(sheet: &mut Sheet<'_>, facts: &HostFacts) {
    let what = "nothing keeps the clock right";
    let asked = match &facts.clock.synchronised {
        Fact::Known(_) => Asked::warning(CheckId::ClockSync, what),
        Fact::Unknown(_) => Asked::info(CheckId::ClockSync, what),
    };
    let asked = asked.fix("sudo timedatectl set-ntp true    or install chrony");
    let keeper = facts.clock.keeper.as_deref();
    sheet.by_fact(asked, &facts.clock.synchronised, |synchronised| {
        (
            *synchronised,
            match (synchronised, keeper) {
                (true, keeper) => format!("{} has reached a server", keeper.unwrap_or("it")),
                (false, Some(keeper)) => format!("{keeper} has not reached a server yet"),
                (false, None) => "no program for it runs".to_owned(),
            },
        )
    });
}

fn open_files(sheet: &mut Sheet<'_>, question: &Question<'_>, facts: &HostFacts) {
    let declared = question.requires.open_files;
    let Some(needed) = declared.max(question.release.and_then(|release| release.open_files)) else { return };
    let what = "fewer files can be open than is asked for";
    let asked = if declared == Some(needed) {
        Asked::error(CheckId::OpenFiles, what)
    } else {
        Asked::warning(CheckId::OpenFiles, what)
    };
    let who = facts.user.name.as_deref().unwrap_or("the service's user");
    let asked = asked
        .needed(needed.to_string())
        .fix(format!("add `{who} hard nofile {needed}` to /etc/security/limits.conf, and log in again"));
    // Root may raise its own limit.
    let is_root = facts.user.uid == 0;
    sheet.by_fact(asked, &facts.open_files, |limit| match limit.hard {
        None => (true, "not limited".to_owned()),
        Some(hard) => (is_root || hard >= needed, hard.to_string()),
    });
}

fn limits(sheet: &mut Sheet<'_>, question: &Question<'_>, facts: &HostFacts) {
    let Some(release) = question.release else { return };
    let wanted = [("memory", release.memory.is_some()), ("cpu", release.cores.is_some())];
    let wanted: Vec<&str> = wanted.iter().filter(|(_, is_set)| *is_set).map(|(name, _)| *name).collect();
    if wanted.is_empty() {
        return;
    }
    let asked =
        Asked::warning(CheckId::Limits, format!("the limits on {} cannot be enforced", wanted.join(" and ")))
            .needed(format!("control groups with {}", wanted.join(" and ")))
            .fix(
                "run as root, or delegate: `systemctl edit user@.service`, [Service], `Delegate=cpu memory`",
            );
    sheet.by_fact(asked, &facts.cgroups, |groups| {
        let has_all = wanted.iter().all(|name| groups.controllers.iter().any(|c| c == name));
        let what = match (groups.writable, has_all) {
            (false, _) => "but they may not be changed".to_owned(),
            (true, _) => format!("with {}", groups.controllers.join(" ")),
        };
        (groups.writable && has_all, format!("version {}, {what}", groups.version))
    });
}

fn installed(sheet: &mut Sheet<'_>, question: &Question<'_>, facts: &HostFacts) {
    let severity = |declared: bool, id, what: &str| {
        if declared { Asked::error(id, what) } else { Asked::info(id, what) }
    };
    let there =
        |found: &Option<String>| (found.is_some(), found.clone().unwrap_or_else(|| "none".to_owned()));
    let asked = severity(question.requires.time_zones, CheckId::TimeZones, "there is no time zone database")
        .fix("sudo apt-get install tzdata    (Go: or build with `-tags timetzdata`)");
    sheet.by_fact(asked, &facts.zones, there);
    let asked =
        severity(question.requires.ca_roots, CheckId::CaRoots, "there are no certificates of authorities")
            .fix("sudo apt-get install ca-certificates");
    sheet.by_fact(asked, &facts.authorities, there);
}

/// Whether the label of a file lets it start depends on the policy, which is not read.
fn selinux(sheet: &mut Sheet<'_>, facts: &HostFacts) {
    if facts.confinement.selinux != Fact::Known(SelinuxMode::Enforcing) {
        return;
    }
    let root = &facts.root.path;
    let asked =
        Asked::info(CheckId::Selinux, format!("SELinux may keep programs below {root} from starting"))
            .fix(format!("sudo semanage fcontext -a -t bin_t '{root}(/.*)?' && sudo restorecon -R {root}"));
    sheet.answer(asked, Answer::Unknown, "enforcing");
}
