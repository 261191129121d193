//! What a program tells of Go and of Rust.

use plimsoll_model::inspection::{Answer, Go, Rust};

use super::{Block, MARGIN};
use crate::line::Line;
use crate::number::counted;
use crate::style::Style;

/// Defaults of `GODEBUG` that weaken TLS or ignore limits of the host.
const TELLING: [&str; 7] =
    ["tls10server", "tls3des", "tlsrsakex", "rsa1024min", "tlssha1", "tlsunsafeekm", "containermaxprocs"];
/// Longer lists are counted unless all is asked for.
const SHOWN: usize = 8;

pub(super) fn about_go(block: &mut Block, go: &Go, style: &Style) {
    let version = go.version.as_deref().unwrap_or("of an unknown version");
    let module = go.main.as_ref().map(|main| match main.version.as_deref() {
        Some(version) => format!(", {} {version}", main.path),
        None => format!(", {}", main.path),
    });
    let commit = go.revision.as_ref().map(|revision| {
        let dirty = if go.modified.is_yes() { " with changes" } else { "" };
        format!(", commit {}{dirty}", revision.get(..12).unwrap_or(revision))
    });
    let info = if go.build_info.is_yes() { "" } else { ", its build information is gone" };
    let name = |part: Option<String>| part.unwrap_or_default();
    block.row("go", format!("{version}{}{}{info}", name(module), name(commit)));
    block.row("", format!("cgo {}; looks up hosts: {}", c_code(go), go.resolver.name()));
    let zones = embedded(go.loads_time_zones, go.embeds_time_zones, "time zones");
    let roots = embedded(go.loads_system_roots, go.embeds_roots, "CA roots");
    block.row("", format!("{zones}; {roots}"));
    let replaced = go.modules.iter().filter(|module| module.replaced_by.is_some()).count();
    let mut parts = vec![counted(go.modules.len() as u64, "module")];
    if replaced > 0 {
        parts.push(format!("{replaced} replaced"));
    }
    parts.push(match go.function_count {
        Some(count) => {
            format!("{} in {}", counted(count, "function"), counted(go.packages.len() as u64, "package"))
        }
        None => "functions unknown".to_owned(),
    });
    parts.push(format!("paths trimmed: {}", go.trimmed.name()));
    block.row("", parts.join(", "));
    go_lists(block, go, style);
}

fn go_lists(block: &mut Block, go: &Go, style: &Style) {
    if !go.godebug.is_empty() {
        let chosen = go.godebug.iter().filter(|(name, _)| style.verbose || TELLING.contains(&name.as_str()));
        let pairs: Vec<_> = chosen.map(|(name, value)| format!("{name}={value}")).collect();
        let count = counted(go.godebug.len() as u64, "old default");
        let shown = if pairs.is_empty() { String::new() } else { format!(": {}", pairs.join(", ")) };
        block.row("", format!("GODEBUG keeps {count}{shown}"));
    }
    let modules = go.modules.iter().filter(|module| style.verbose || module.replaced_by.is_some());
    let modules: Vec<_> = modules.collect();
    for module in modules.iter().take(if style.verbose { modules.len() } else { SHOWN }) {
        let version = module.version.as_deref().unwrap_or("");
        let by = module.replaced_by.as_ref().map_or(String::new(), |by| {
            format!(" => {} {}", by.path, by.version.as_deref().unwrap_or("(a folder)"))
        });
        block.row("", format!("module {} {version}{by}", module.path));
    }
    if style.verbose {
        for (name, value) in &go.settings {
            block.row("", format!("build {name}={value}"));
        }
    }
    for function in go.functions.iter().flatten() {
        block.lines.push(Line::text(format!("{}{function}", " ".repeat(MARGIN))));
    }
}

/// What is said of C code.
fn c_code(go: &Go) -> String {
    match (go.cgo, go.cgo_enabled) {
        (Answer::Yes, _) if go.cgo_packages.is_empty() => "used".to_owned(),
        (Answer::Yes, _) => format!("used by {}", go.cgo_packages.join(", ")),
        (Answer::No, Answer::Yes) => "on, but not used".to_owned(),
        (Answer::No, _) => "not used".to_owned(),
        (Answer::Unknown, enabled) => format!("unknown (switched on: {})", enabled.name()),
    }
}

fn embedded(needed: Answer, embedded: Answer, what: &str) -> String {
    match (needed, embedded) {
        (_, Answer::Yes) => format!("{what} embedded"),
        (Answer::Yes, _) => format!("{what} loaded from the host"),
        (Answer::No, _) => format!("no {what} needed"),
        (Answer::Unknown, _) => format!("{what} unknown"),
    }
}

pub(super) fn about_rust(block: &mut Block, rust: &Rust) {
    let compiler = match (&rust.rustc, &rust.commit) {
        (Some(version), _) => format!("rustc {version}"),
        (None, Some(commit)) => format!("rustc of commit {}", commit.get(..12).unwrap_or(commit)),
        (None, None) => "rustc of an unknown version".to_owned(),
    };
    let packages = match rust.auditable {
        Answer::Yes => format!("{} (cargo auditable)", counted(rust.packages.len() as u64, "package")),
        Answer::Unknown => "its list of packages is damaged".to_owned(),
        Answer::No if rust.crates_in_paths.is_empty() => "packages unknown (no cargo auditable)".to_owned(),
        Answer::No => format!(
            "packages unknown (no cargo auditable); {} seen in paths",
            counted(rust.crates_in_paths.len() as u64, "crate")
        ),
    };
    block.row("rust", format!("{compiler}, {packages}"));
}
