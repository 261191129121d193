//! The gate's questions, in the order in which one answer makes the next question sensible.

use plimsoll_model::evidence::GateDecision;

use super::summary::summary;
use super::{Code, Finding, Severity, Subject, Target, fix};
use crate::elf::{Facts, InspectError, Loader, Problem, Resolution, ResolvedLibrary, resolve};
use crate::go::Answer;

/// What the gate found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// What is wrong, the worst first.
    pub findings: Vec<Finding>,
    /// What the program needs and finds, where that could be asked.
    pub resolution: Option<Resolution>,
    /// One line for people.
    pub summary: String,
}

impl Judgement {
    /// What the gate decided.
    pub fn decision(&self) -> GateDecision {
        match self.findings.iter().map(|finding| finding.severity).max() {
            Some(Severity::Refuse) => GateDecision::Refused,
            Some(Severity::Warn) => GateDecision::Warned,
            None => GateDecision::Passed,
        }
    }
}

/// Judges an artifact for a target.
pub fn first_gate(subject: &Subject, target: &Target<'_>) -> Judgement {
    let mut findings = Vec::new();
    let mut resolution = None;
    let summary = match &subject.program {
        Err(why) => {
            findings.push(unreadable(subject, why));
            why.what()
        }
        Ok(facts) => {
            findings.extend(program(subject, facts));
            findings.extend(platform(subject, facts, target));
            // Needs of a program for another machine are not this target's to satisfy.
            resolution = findings.is_empty().then(|| resolve(facts, target.root, target.folder));
            findings.extend(mode(subject));
            findings.extend(dirty(subject));
            if let Some(found) = &resolution {
                findings.extend(found.loader.as_ref().and_then(|found| loader(subject, facts, found)));
                findings.extend(found.libraries.iter().flat_map(|library| needs(subject, facts, library)));
            }
            summary(facts, resolution.as_ref())
        }
    };
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    Judgement { findings, resolution, summary }
}

fn unreadable(subject: &Subject, why: &InspectError) -> Finding {
    let code = match why {
        InspectError::Empty => Code::ArtifactEmpty,
        InspectError::Script { .. } => Code::ScriptNotBinary,
        InspectError::NotExecutable { .. } => Code::NotAProgram,
        InspectError::Truncated { .. } | InspectError::Malformed { .. } => Code::ArtifactDamaged,
        InspectError::Unreadable { .. } => Code::ArtifactUnreadable,
    };
    Finding::new(code, format!("{}: {}", subject.name, why.what()), why.advice())
}

fn program(subject: &Subject, facts: &Facts) -> Option<Finding> {
    let kind = facts.file_type;
    (!kind.is_program()).then(|| {
        let fix = "name the file that the linker makes of it: an executable (C: without `-c` and `-shared`; Go: `-buildmode=exe`)";
        Finding::new(Code::NotAProgram, format!("{} is a {}, not a program", subject.name, kind.name()), fix)
    })
}

fn platform(subject: &Subject, facts: &Facts, target: &Target<'_>) -> Option<Finding> {
    let (is_for, matches) = match &facts.platform {
        Some(platform) => (platform.to_string(), platform == target.platform),
        None => (format!("an unknown platform (ELF machine {})", facts.machine), false),
    };
    (!matches).then(|| {
        let message = format!("{} is for {is_for}, the target is {}", subject.name, target.platform);
        Finding::new(Code::WrongPlatform, message, fix::build_for(subject, target.platform))
    })
}

fn mode(subject: &Subject) -> Option<Finding> {
    (!subject.file.executable).then(|| {
        let message = format!("{} may not be started: its mode has no `x`", subject.name);
        Finding::new(
            Code::NotExecutable,
            message,
            format!("`chmod +x {}`, and see why the build left it out", subject.name),
        )
    })
}

fn dirty(subject: &Subject) -> Option<Finding> {
    let info = subject.go.build_info().filter(|info| info.is_dirty() == Answer::Yes)?;
    let commit = info.revision().map_or("its commit", |revision| revision.get(..12).unwrap_or(revision));
    let message = format!("{} was built from a tree with changes that {commit} does not hold", subject.name);
    let fix = "commit what `git status --short` shows, or put it away with `git stash -u`, and build again";
    Some(Finding::new(Code::GoDirtyBuild, message, fix))
}

fn loader(subject: &Subject, facts: &Facts, loader: &Loader) -> Option<Finding> {
    let path = loader.path.display();
    let (code, what) = match (&loader.problem, loader.present) {
        (_, false) => (Code::LoaderMissing, "is not on the target".to_owned()),
        (Some(problem), true) => (Code::LoaderUnusable, describe(problem)),
        (None, true) => return None,
    };
    let message = format!("the loader {path} that {} needs {what}", subject.name);
    Some(Finding::new(code, message, fix::get_loader(subject, facts)))
}

fn needs(subject: &Subject, facts: &Facts, library: &ResolvedLibrary) -> Vec<Finding> {
    let name = &library.name;
    let who = library.needed_by.as_ref().unwrap_or(&subject.name);
    if let Some(problem) = &library.problem {
        let path = library.path.as_ref().map_or_else(|| name.clone(), |path| path.display().to_string());
        let message = format!("the library {path} that {who} needs {}", describe(problem));
        return vec![Finding::new(Code::LibraryUnusable, message, fix::get_library(subject, name))];
    }
    let Some(path) = &library.path else {
        let message = format!("the library {name} that {who} needs is not on the target");
        return vec![Finding::new(Code::LibraryMissing, message, fix::get_library(subject, name))];
    };
    if library.missing_versions.is_empty() {
        return Vec::new();
    }
    let versions: Vec<_> = library
        .missing_versions
        .iter()
        .map(|missing| match &missing.needed_by {
            None => missing.version.clone(),
            Some(who) => format!("{} (for {who})", missing.version),
        })
        .collect();
    let message =
        format!("{} on the target lacks {}, which {who} needs", path.display(), versions.join(", "));
    let is_glibc = library.missing_versions.iter().any(|missing| missing.version.starts_with("GLIBC_"));
    let fix = if is_glibc { fix::get_loader(subject, facts) } else { fix::get_library(subject, name) };
    vec![Finding::new(Code::SymbolVersionMissing, message, fix)]
}

fn describe(problem: &Problem) -> String {
    match problem {
        Problem::WrongMachine => "is there, but for another machine".to_owned(),
        Problem::Unreadable { why } => format!("is there, but cannot be used: {why}"),
        Problem::TooMany => "comes after more libraries than are followed (2,048)".to_owned(),
    }
}
