//! What the release needs to start at all: system, processor, loader, libraries, the files of its secrets.

use plimsoll_model::facts::{Fact, HostFacts, Probe, ProbeOutcome, Unmet};
use plimsoll_model::preflight::{Answer, CheckId, ReleaseNeeds};
use plimsoll_model::release::Platform;

use super::Question;
use super::sheet::{Asked, Sheet};

const LINK_STATICALLY: &str =
    "link it statically (Go: `CGO_ENABLED=0 go build`; Rust: `-C target-feature=+crt-static`)";

pub(super) fn judge(sheet: &mut Sheet<'_>, question: &Question<'_>, facts: &HostFacts) {
    cpu_level(sheet, question, facts);
    let Some(release) = question.release else { return };
    if platform(sheet, release, facts) {
        libraries(sheet, release, facts);
    }
    for path in &release.secret_files {
        secret(sheet, path, facts);
    }
}

/// Whether it makes sense to ask on.
fn platform(sheet: &mut Sheet<'_>, release: &ReleaseNeeds, facts: &HostFacts) -> bool {
    let Platform { os, arch } = &facts.platform;
    let asked = Asked::error(CheckId::Platform, format!("the release is for {}", release.platform))
        .needed(release.platform.to_string())
        .fix(format!(
            "build it for {os}/{arch} (Go: `GOOS={os} GOARCH={arch} go build`), or take other hosts"
        ));
    let compatible =
        matches!((release.platform.arch.as_str(), arch.as_str()), ("386", "amd64") | ("arm", "arm64"));
    let answer = match (release.platform == facts.platform, compatible) {
        (true, _) => Answer::Yes,
        // Most 64-bit kernels run 32-bit programs, and some are built not to.
        (false, true) => Answer::Unknown,
        (false, false) => Answer::No,
    };
    sheet.answer(asked, answer, facts.platform.to_string());
    answer != Answer::No
}

fn cpu_level(sheet: &mut Sheet<'_>, question: &Question<'_>, facts: &HostFacts) {
    let of_release = question.release.and_then(|release| release.cpu);
    let Some(needed) = of_release.max(question.requires.cpu) else { return };
    let by =
        if of_release == Some(needed) { "the release is compiled for" } else { "the environment asks for" };
    let asked = Asked::error(CheckId::CpuLevel, format!("{by} processors from {needed} on"))
        .needed(needed.name())
        .fix("compile for an older level (Go: `GOAMD64=v1`; Rust: `-C target-cpu=x86-64`), or take other hosts");
    sheet.by_fact(asked, &facts.processor.level, |level| {
        (
            level.is_some_and(|level| level >= needed),
            level.map_or("none of x86-64", |level| level.name()).to_owned(),
        )
    });
}

fn libraries(sheet: &mut Sheet<'_>, release: &ReleaseNeeds, facts: &HostFacts) {
    let (Some(needs), Some(unmet)) = (&release.program, &facts.program) else {
        let asked = Asked::info(CheckId::Libraries, "what the program needs of the host is not known");
        return sheet.answer(asked, Answer::Unknown, "its file could not be read as a program");
    };
    if unmet.is_empty() {
        let asked = Asked::error(CheckId::Libraries, "the program does not find its libraries");
        let measured = match needs.libraries.len() {
            0 if needs.loader.is_none() => "it needs none".to_owned(),
            count => format!("loader and all of {count} named libraries found"),
        };
        return sheet.answer(asked, Answer::Yes, measured);
    }
    for one in unmet {
        let (asked, measured) = missing(one, needs.glibc.as_deref(), facts);
        sheet.answer(asked, Answer::No, measured);
    }
}

/// What is missing, as a question whose answer is no.
fn missing(unmet: &Unmet, glibc: Option<&str>, facts: &HostFacts) -> (Asked, String) {
    let host_with =
        glibc.map_or_else(String::new, |version| format!(", or take hosts with glibc {version} or newer"));
    let state = |unusable: &Option<String>| unusable.clone().unwrap_or_else(|| "not there".to_owned());
    match unmet {
        Unmet::Loader { path, unusable } => {
            let asked = Asked::error(
                CheckId::Loader,
                format!("the loader {path} that starts the program is missing"),
            )
            .needed(path.clone())
            .fix(format!("{LINK_STATICALLY}{host_with}"));
            let libc = match (&facts.glibc, &facts.musl) {
                (Fact::Known(None), Some(musl)) => format!(" (the host has musl: {musl})"),
                _ => String::new(),
            };
            (asked, state(unusable) + &libc)
        }
        Unmet::Library { name, needed_by, unusable } => {
            let who = needed_by.as_deref().unwrap_or("the program");
            let asked = Asked::error(CheckId::Libraries, format!("{who} does not find the library {name}"))
                .needed(name.clone())
                .fix(format!(
                    "install the package that has it (Debian: `apt-file search {name}` names it), or {LINK_STATICALLY}"
                ));
            (asked, state(unusable))
        }
        Unmet::Versions { path, versions } => {
            let file = path.rsplit('/').next().unwrap_or(path);
            let asked = Asked::error(
                CheckId::SymbolVersions,
                format!("{file} is older than what the program was built with"),
            )
            .needed(versions.join(", "))
            .fix(format!("{LINK_STATICALLY}{host_with}"));
            let has = facts.glibc.known().and_then(Option::as_ref).filter(|libc| libc.path == *path);
            (asked, has.map_or_else(|| path.clone(), |libc| format!("glibc {}", libc.version)))
        }
    }
}

fn secret(sheet: &mut Sheet<'_>, path: &str, facts: &HostFacts) {
    let asked = Asked::error(CheckId::SecretFile, format!("the file {path} of a secret is missing"))
        .needed(path)
        .fix(format!("put it there, readable by the service alone: `install -m 0600 FILE {path}`"));
    let probe = Probe::File { path: path.to_owned() };
    match facts.probes.iter().find(|result| result.probe == probe) {
        Some(result) => sheet.by_fact(asked, &result.outcome, |outcome| match outcome {
            ProbeOutcome::Missing(why) => (false, why.clone()),
            _ => (true, "there".to_owned()),
        }),
        None => sheet.answer(asked, Answer::Unknown, "it was not looked for"),
    }
}
