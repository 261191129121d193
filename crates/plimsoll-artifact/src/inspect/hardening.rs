//! How an ELF file is protected. Each answer says what shows it; what makes no sense for a file is "not applicable",
//! and what only a name in a stripped table could tell is "unknown", never "no".

use std::collections::BTreeSet;

use plimsoll_model::inspection::Protection::{No, NotApplicable, Partial, Unknown, Yes};
use plimsoll_model::inspection::{Answer, CLibrary, Hardening, Inspection, Protection, Verdict};

use crate::elf::details::Details;
use crate::elf::{Facts, FileType, LinkageKind};

const CANARY: [&str; 2] = ["__stack_chk_fail", "__stack_chk_guard"];

/// Functions of the C library that have a variant which checks sizes (glibc's headers `bits/*_fortified.h`, `*2.h`).
const FORTIFIABLE: [&str; 42] = [
    "memcpy",
    "memmove",
    "memset",
    "mempcpy",
    "strcpy",
    "stpcpy",
    "strncpy",
    "stpncpy",
    "strcat",
    "strncat",
    "sprintf",
    "snprintf",
    "vsprintf",
    "vsnprintf",
    "printf",
    "fprintf",
    "vprintf",
    "vfprintf",
    "dprintf",
    "asprintf",
    "vasprintf",
    "gets",
    "fgets",
    "fread",
    "read",
    "pread",
    "pread64",
    "recv",
    "recvfrom",
    "readlink",
    "readlinkat",
    "getcwd",
    "realpath",
    "gethostname",
    "getgroups",
    "confstr",
    "ttyname_r",
    "longjmp",
    "syslog",
    "vsyslog",
    "poll",
    "wcscpy",
];

/// Judges the protections of a file.
pub(super) fn judge(facts: &Facts, details: &Details, inspection: &Inspection) -> Hardening {
    if matches!(facts.file_type, FileType::Object | FileType::CoreDump | FileType::Other) {
        let verdict = || NotApplicable.because("it is not linked");
        return Hardening {
            relro: verdict(),
            canary: verdict(),
            nx: verdict(),
            pie: verdict(),
            fortify: verdict(),
            cet: verdict(),
            bti: verdict(),
            separate_code: verdict(),
            no_text_relocations: verdict(),
        };
    }
    let language = Language::of(inspection);
    Hardening {
        relro: relro(details),
        canary: canary(facts, details, language),
        nx: nx(facts, details),
        pie: pie(facts),
        fortify: fortify(facts, details, inspection, language),
        cet: pair("x86", is_for(facts, &["amd64", "386"]), details.cet, ["IBT", "SHSTK"]),
        bti: pair("arm64", is_for(facts, &["arm64", "arm64be"]), details.bti, ["BTI", "PAC"]),
        separate_code: if details.writable_code {
            No.because("a part of memory is writable and executable")
        } else {
            Yes.because("no part of memory is both writable and executable")
        },
        no_text_relocations: if details.text_relocations {
            No.because("its dynamic table has TEXTREL")
        } else {
            Yes.because("its dynamic table has no TEXTREL")
        },
    }
}

/// What decides whether C's protections mean anything.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Language {
    PureGo,
    Rust,
    Other,
}

impl Language {
    fn of(inspection: &Inspection) -> Self {
        match (&inspection.go, inspection.is_rust) {
            (Some(go), _) if go.cgo == Answer::No => Self::PureGo,
            (None, Some(Answer::Yes)) => Self::Rust,
            _ => Self::Other,
        }
    }

    fn not_applicable(self) -> Option<Verdict> {
        match self {
            Self::PureGo => Some(NotApplicable.because("Go code without C: Go checks bounds itself")),
            Self::Rust => Some(NotApplicable.because("Rust code: the compiler checks bounds itself")),
            Self::Other => None,
        }
    }
}

fn is_for(facts: &Facts, names: &[&str]) -> bool {
    facts.platform.as_ref().is_some_and(|platform| names.contains(&platform.arch.as_str()))
}

fn relro(details: &Details) -> Verdict {
    match (details.relro, details.has_dynamic, details.got_plt) {
        (None, false, None) => NotApplicable.because("it has no table of addresses to protect"),
        (None, ..) => No.because("it has no PT_GNU_RELRO"),
        (Some(_), true, _) if details.binds_now => Yes.because("PT_GNU_RELRO, and all is bound at the start"),
        (Some(_), true, _) => Partial.because("PT_GNU_RELRO, but functions are bound later (no BIND_NOW)"),
        (Some((address, size)), false, Some(got)) if got.checked_sub(address).is_none_or(|at| at >= size) => {
            Partial.because("PT_GNU_RELRO, but .got.plt lies outside of it")
        }
        (Some(_), false, _) => Yes.because("PT_GNU_RELRO, and nothing is bound later"),
    }
}

fn canary(facts: &Facts, details: &Details, language: Language) -> Verdict {
    let imports = |imports: &BTreeSet<String>| CANARY.iter().find(|name| imports.contains(**name)).copied();
    if let Some(name) = details.imports.as_ref().and_then(imports) {
        return Yes.because(format!("it calls {name}"));
    }
    if let Some(verdict) = language.not_applicable() {
        return verdict;
    }
    let is_static = facts.linkage.kind != LinkageKind::Dynamic;
    match (is_static, details.defines_canary, &details.imports) {
        // The C library that is linked in has it for itself.
        (true, Some(true), _) => Unknown.because("__stack_chk_fail is in it, perhaps only for the C library"),
        (true, Some(false), _) => No.because("__stack_chk_fail is not among its names"),
        (true, None, _) => Unknown.because("it is static and stripped"),
        (false, _, None) => Unknown.because("its table of names cannot be read"),
        (false, _, Some(_)) => No.because("it does not call __stack_chk_fail"),
    }
}

fn nx(facts: &Facts, details: &Details) -> Verdict {
    match details.executable_stack {
        Some(false) => Yes.because("PT_GNU_STACK is not executable"),
        Some(true) => No.because("PT_GNU_STACK is executable"),
        None if is_for(facts, &["amd64"]) => {
            Partial.because("it has no PT_GNU_STACK: the stack is executable before Linux 5.8")
        }
        None if is_for(facts, &["386"]) => No.because("it has no PT_GNU_STACK: the stack is executable"),
        None => Unknown.because("it has no PT_GNU_STACK: the kernel decides"),
    }
}

fn pie(facts: &Facts) -> Verdict {
    match facts.file_type {
        FileType::Executable => No.because("it is linked to a fixed address"),
        FileType::Pie | FileType::StaticPie => Yes.because("it runs at any address"),
        _ => NotApplicable.because("a library runs at any address"),
    }
}

fn fortify(facts: &Facts, details: &Details, inspection: &Inspection, language: Language) -> Verdict {
    if let Some(verdict) = language.not_applicable() {
        return verdict;
    }
    if inspection.c_library == Some(CLibrary::Musl) {
        return NotApplicable.because("musl has no checking variants");
    }
    let Some(imports) = &details.imports else {
        return Unknown.because("its table of names cannot be read");
    };
    if facts.linkage.kind != LinkageKind::Dynamic {
        return Unknown.because("it is static: what it calls is not told by names");
    }
    let checked = imports.iter().filter(|name| *name != "__stack_chk_fail" && name.ends_with("_chk"));
    let checked = checked.filter(|name| name.starts_with("__")).count();
    let open = imports.iter().filter(|name| FORTIFIABLE.contains(&name.as_str())).count();
    let of_all = format!("{checked} of {} functions that can check sizes do", checked + open);
    match (checked, open) {
        (0, 0) => NotApplicable.because("it calls no function that could check sizes"),
        (0, _) => No.because(of_all),
        (_, 0) => Yes.because(of_all),
        // The compiler leaves the check out where it sees no size, so this is what a fortified program looks like.
        (..) => Partial.because(of_all),
    }
}

fn pair(processor: &str, applies: bool, (first, second): (bool, bool), names: [&str; 2]) -> Verdict {
    let answer = |answer: Protection, why: String| answer.because(why);
    match (applies, first, second) {
        (false, ..) => answer(NotApplicable, format!("only {processor} has it")),
        (true, true, true) => answer(Yes, format!("marked for {} and {}", names[0], names[1])),
        (true, true, false) => answer(Partial, format!("marked for {}, not for {}", names[0], names[1])),
        (true, false, true) => answer(Partial, format!("marked for {}, not for {}", names[1], names[0])),
        (true, false, false) => answer(No, format!("not marked for {} nor {}", names[0], names[1])),
    }
}
