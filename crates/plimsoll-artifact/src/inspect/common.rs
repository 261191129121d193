//! What programs of all formats tell: Go, Rust, paths of the build.

use std::collections::BTreeSet;

use plimsoll_model::inspection::{
    Answer, BuildPaths, Go, GoModule, GoModuleReplacement, Inspection, Resolver,
};

use super::Question;
use crate::go::{self, BuildInfo, Functions, Program};
use crate::program::{PEOPLE, Traces, View, scan};
use crate::rust;

/// How many paths of the build are shown.
const EXAMPLES: usize = 5;

/// Fills in what the program tells of Go, Rust and its build; hands back what was found in its data.
pub(super) fn fill(inspection: &mut Inspection, view: &View<'_>, question: &Question) -> Traces {
    let program = go::read(view);
    let functions = match program {
        Program::NotGo | Program::Unknown { .. } => None,
        _ => Functions::read(view, question.functions),
    };
    let is_go = !matches!(program, Program::NotGo | Program::Unknown { .. });
    // Go's own data is large and is told by the names of its functions; only C code beside it needs a look.
    let is_pure_go = functions.as_ref().is_some_and(|functions| functions.cgo() == Answer::No);
    let is_plain_go = is_pure_go && program.build_info().is_some();
    let traces =
        if is_plain_go { Traces { complete: true, ..Traces::default() } } else { scan(view, view.data()) };
    let packed = is_packed(view);
    // What a packer hides nobody sees.
    inspection.is_go = Some(match (is_go, packed) {
        (true, _) => Answer::Yes,
        (false, false) => Answer::No,
        (false, true) => Answer::Unknown,
    });
    inspection.go = is_go.then(|| about_go(program.build_info(), functions.as_ref(), &traces));
    let about_rust = if is_plain_go { None } else { rust::read(view, &traces) };
    inspection.is_rust = Some(match &about_rust {
        Some(_) => Answer::Yes,
        None if is_plain_go => Answer::No,
        None => Answer::Unknown,
    });
    inspection.rust = about_rust;
    inspection.packed = Some(Answer::of(packed));
    let searched = traces.complete && !packed;
    inspection.build_paths = Some(build_paths(functions.as_ref(), &traces.build_paths, searched));
    traces
}

/// UPX leaves its mark behind the headers, and no sections or ones of its own.
fn is_packed(view: &View<'_>) -> bool {
    let start = view.bytes(0, view.source.length().min(1024)).unwrap_or_default();
    let marked = memchr::memmem::find(&start, b"UPX!").is_some();
    view.section(&["UPX0", "UPX1"]).is_some() || view.sections.is_empty() && marked
}

fn build_paths(functions: Option<&Functions>, traces: &BTreeSet<String>, searched: bool) -> BuildPaths {
    let of_go = functions.map(|functions| &functions.build_paths);
    let all: Vec<&String> = of_go.into_iter().flatten().chain(traces).collect();
    // Paths of people tell most.
    let personal = |path: &&String| PEOPLE.iter().any(|part| path.contains(part));
    let count = all.len() as u64;
    let is_empty = all.is_empty();
    let (first, last): (Vec<&String>, Vec<&String>) = all.into_iter().partition(personal);
    let examples = first.into_iter().chain(last).take(EXAMPLES).cloned().collect();
    let found = match (is_empty, searched) {
        (false, _) => Answer::Yes,
        (true, true) => Answer::No,
        (true, false) => Answer::Unknown,
    };
    BuildPaths { found, count, examples }
}

fn about_go(info: Option<&BuildInfo>, functions: Option<&Functions>, traces: &Traces) -> Go {
    let mut go = Go { build_info: Answer::of(info.is_some()), ..Go::default() };
    if let Some(info) = info {
        go.version = Some(info.go_version.clone());
        go.path.clone_from(&info.path);
        go.main = info.main.as_ref().map(module);
        go.modules = info.dependencies.iter().map(module).collect();
        go.settings.clone_from(&info.settings);
        go.revision = info.revision().map(str::to_owned);
        go.modified = info.is_dirty();
        go.trimmed = info.is_trimmed();
        go.cgo_enabled = info.cgo();
        let defaults = info.setting("DefaultGODEBUG").unwrap_or_default();
        let defaults = defaults.split(',').filter_map(|pair| pair.split_once('='));
        go.godebug = defaults.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    } else {
        go.version.clone_from(&traces.go_version);
    }
    if let Some(functions) = functions {
        go.cgo = functions.cgo();
        go.cgo_packages = functions.cgo_packages.iter().cloned().collect();
        go.resolver = functions.resolver();
        go.users_through_c = functions.users_through_c();
        go.loads_time_zones = functions.loads_time_zones();
        go.embeds_time_zones = functions.embeds_time_zones();
        go.loads_system_roots = functions.loads_system_roots();
        go.embeds_roots = functions.embeds_roots();
        go.function_count = Some(functions.count);
        go.packages = functions.packages.iter().map(|package| package.replace("%2e", ".")).collect();
        go.functions.clone_from(&functions.names);
    } else {
        go.resolver = Resolver::Unknown;
    }
    go
}

fn module(module: &go::Module) -> GoModule {
    let replacement = |by: &go::Module| GoModuleReplacement {
        path: by.path.clone(),
        version: by.version.clone(),
        sum: by.sum.clone(),
    };
    GoModule {
        path: module.path.clone(),
        version: module.version.clone(),
        sum: module.sum.clone(),
        replaced_by: module.replaced_by.as_deref().map(replacement),
    }
}
