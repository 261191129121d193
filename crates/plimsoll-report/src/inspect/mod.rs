//! `plimsoll inspect` for people: a block a file, a row a subject. What a program tells of Go and Rust is in `languages`.

mod languages;

use plimsoll_model::inspection::{
    Answer, Exposure, ExposureLevel, FileFormat, Hardening, Inspection, Library, Protection, Purpose, Symbols,
};
use plimsoll_model::size::human;

use self::languages::{about_go, about_rust};
use crate::line::{Line, render_all};
use crate::number::counted;
use crate::palette::Role;
use crate::style::Style;
use crate::table::{Align, Table, cell};

const MARGIN: usize = 13;

/// What is known of some files, for people.
pub fn inspections(all: &[Inspection], style: &Style) -> String {
    let mut lines = Vec::new();
    for inspection in all {
        if !lines.is_empty() {
            lines.push(Line::new());
        }
        lines.extend(block(inspection, style));
    }
    render_all(&lines, style)
}

fn block(inspection: &Inspection, style: &Style) -> Vec<Line> {
    let head = Line::new().with(Role::Strong, &inspection.path);
    if let Some(problem) = &inspection.problem {
        let unknown = Line::text("  ").with(Role::Warning, "unknown").plain(format!(": {}", problem.what));
        let fix = Line::text("   = ").with(Role::Quiet, "fix  ").plain(&problem.advice);
        return vec![head, unknown.wrapped(2), fix.wrapped(10)];
    }
    let mut block = Block { lines: vec![head.plain(format!(": {}", title(inspection))).wrapped(2)] };
    linkage(&mut block, inspection);
    libraries(&mut block, inspection, style);
    needs(&mut block, inspection);
    if let Some(hardening) = &inspection.hardening {
        protections(&mut block, hardening, style);
    }
    systems(&mut block, inspection);
    contents(&mut block, inspection);
    if let Some(go) = &inspection.go {
        about_go(&mut block, go, style);
    }
    if let Some(exposure) = &inspection.exposure {
        exposed(&mut block, exposure);
    }
    if let Some(rust) = &inspection.rust {
        about_rust(&mut block, rust);
    }
    block.lines
}

/// Ways to lower the score that are named; JSON has all.
const NAMED: usize = 10;

fn exposed(block: &mut Block, exposure: &Exposure) {
    let role = match exposure.level {
        ExposureLevel::Perfect | ExposureLevel::Safe | ExposureLevel::Ok => Role::Good,
        ExposureLevel::Medium => Role::Plain,
        _ => Role::Warning,
    };
    let score = format!(": {} of 10, as systemd {} computes it", exposure.score, exposure.systemd);
    block.marked("exposure", role, exposure.level.word(), score);
    let bad = exposure.rows.iter().filter(|row| row.lower.is_some());
    let count = bad.clone().count();
    for row in bad.take(NAMED) {
        let said = |text: &Option<String>| text.clone().unwrap_or_default();
        let part = row.exposure.unwrap_or_default();
        let lower = format!("{} ({}); breaks {}", said(&row.lower), said(&row.may), said(&row.breaks));
        block.row(&format!("  -{part}"), lower);
    }
    if count > NAMED {
        block.row("", format!("and {} more; --json has them", count - NAMED));
    }
}

/// Rows of one file.
struct Block {
    lines: Vec<Line>,
}

impl Block {
    fn row(&mut self, name: &str, text: impl AsRef<str>) {
        self.marked(name, Role::Plain, "", text);
    }

    /// A row that begins with a word that carries a meaning.
    fn marked(&mut self, name: &str, role: Role, word: &str, text: impl AsRef<str>) {
        let line = Line::text("  ").with(Role::Quiet, format!("{name:<11}"));
        self.lines.push(line.with(role, word).plain(text).wrapped(MARGIN));
    }
}

fn title(inspection: &Inspection) -> String {
    let format = match inspection.format {
        FileFormat::Elf => "ELF ",
        FileFormat::MachO => "Mach-O ",
        FileFormat::Pe => "PE ",
        FileFormat::Script => return format!("script, {}", human(inspection.size)),
        FileFormat::SystemdUnit => return format!("systemd unit, {}", human(inspection.size)),
        FileFormat::Unknown => "",
    };
    let purpose = match inspection.purpose {
        Some(Purpose::Program) => "program",
        Some(Purpose::Library) => "library",
        Some(Purpose::Object) => "object file that is not linked",
        Some(Purpose::CoreDump) => "core dump",
        Some(Purpose::Other) | None => "file",
    };
    let machine = inspection.machine.as_ref();
    let platform = match (&inspection.platform, machine) {
        (Some(platform), _) => format!(" for {platform}"),
        (None, Some(machine)) => format!(" for an unknown platform (machine {})", machine.name),
        (None, None) => String::new(),
    };
    let bits = machine.map_or(String::new(), |machine| {
        let order = match machine.byte_order {
            plimsoll_model::inspection::ByteOrder::Little => "little",
            plimsoll_model::inspection::ByteOrder::Big => "big",
        };
        format!(", {} bits {order}-endian", machine.bits)
    });
    format!("{format}{purpose}{platform}{bits}, {}", human(inspection.size))
}

fn linkage(block: &mut Block, inspection: &Inspection) {
    if let Some(linkage) = inspection.linkage {
        let reason = inspection.linkage_reason.as_deref().unwrap_or_default();
        block.marked("linkage", Role::Strong, linkage.name(), format!(": {reason}"));
    }
    if let Some(interpreter) = &inspection.interpreter {
        let (role, word) = match inspection.interpreter_present {
            Some(Answer::Yes) => (Role::Good, "present"),
            Some(Answer::No) => (Role::Bad, "missing"),
            _ => (Role::Quiet, "not looked for"),
        };
        let name = if inspection.format == FileFormat::Script { "run by" } else { "loader" };
        block.marked(name, role, word, format!(": {interpreter}"));
    }
    for (name, folders) in [("rpath", &inspection.rpath), ("runpath", &inspection.runpath)] {
        if !folders.is_empty() {
            block.row(name, folders.join(":"));
        }
    }
}

fn libraries(block: &mut Block, inspection: &Inspection, style: &Style) {
    if inspection.libraries.is_empty() {
        return;
    }
    let count = counted_libraries(inspection.libraries.len());
    let Some(root) = &inspection.root else {
        let names: Vec<_> = inspection.libraries.iter().map(|library| library.name.as_str()).collect();
        return block.row("libraries", format!("{count}, not looked for: {}", names.join(", ")));
    };
    let place = if root == "/" { String::new() } else { format!(" in {root}") };
    match inspection.unmet().count() {
        0 => block.marked("libraries", Role::Good, "all found", format!("{place}: {count}")),
        unmet => block.marked("libraries", Role::Bad, "unmet", format!("{place}: {unmet} of {count}")),
    }
    let mut table = Table::new(MARGIN, &[Align::Left, Align::Left, Align::Left]);
    for library in &inspection.libraries {
        table.row(vec![
            cell(&library.name),
            state(library),
            cell(library.found_by.clone().unwrap_or_default()),
        ]);
    }
    block.lines.extend(table.fit(style.columns()).lines());
}

fn state(library: &Library) -> crate::table::Cell {
    let asker = library.needed_by.as_ref().map_or(String::new(), |asker| format!(", needed by {asker}"));
    match (&library.path, &library.problem) {
        (_, Some(problem)) => (Role::Bad, format!("unusable: {problem}")),
        (None, None) => (Role::Bad, format!("not found{asker}")),
        (Some(path), None) if library.missing_versions.is_empty() => (Role::Plain, path.clone()),
        (Some(path), None) => {
            let versions: Vec<_> = library.missing_versions.iter().map(|m| m.version.as_str()).collect();
            (Role::Bad, format!("{path} lacks {}", versions.join(", ")))
        }
    }
}

/// Libraries have another plural.
fn counted_libraries(count: usize) -> String {
    if count == 1 { "1 library".to_owned() } else { format!("{count} libraries") }
}

fn needs(block: &mut Block, inspection: &Inspection) {
    let versions = &inspection.minimum_versions;
    let mut parts = Vec::new();
    let mut need = |name: &str, version: &Option<String>| {
        parts.extend(version.as_ref().map(|version| format!("{name} {version}")));
    };
    need("glibc", &inspection.minimum_glibc);
    need("GLIBCXX", &versions.glibcxx);
    need("CXXABI", &versions.cxxabi);
    need("GCC", &versions.gcc);
    need("Linux", &inspection.minimum_kernel);
    parts.extend(inspection.cpu_level.map(|level| format!("processor {level}")));
    if versions.glibc_private {
        parts.push("private parts of one build of glibc".to_owned());
    }
    if !parts.is_empty() {
        block.row("needs", parts.join(", "));
    }
    if let Some(distributions) = &inspection.distributions {
        let text = match (distributions.oldest.join(", "), distributions.none_of.join(", no ")) {
            (oldest, _) if oldest.is_empty() => "no release that is known".to_owned(),
            (oldest, none) if none.is_empty() => format!("{oldest} and newer"),
            (oldest, none) => format!("{oldest} and newer; no {none} that is known"),
        };
        block.row("runs on", text);
    }
    if let Some(library) = inspection.c_library {
        let loads = if inspection.loads_name_services == Some(Answer::Yes) {
            "; loads name services of its own version from the host"
        } else {
            ""
        };
        block.row("C library", format!("{}{loads}", library.name()));
    }
}

fn protections(block: &mut Block, hardening: &Hardening, style: &Style) {
    let mut line = Line::text("  ").with(Role::Quiet, format!("{:<11}", "hardening"));
    let relevant = hardening.all();
    let relevant: Vec<_> =
        relevant.iter().filter(|(_, verdict)| verdict.answer != Protection::NotApplicable).collect();
    if relevant.is_empty() {
        return block.row("hardening", "not applicable");
    }
    for (i, (name, verdict)) in relevant.iter().enumerate() {
        let role = match verdict.answer {
            Protection::Yes => Role::Good,
            Protection::No => Role::Bad,
            Protection::Partial | Protection::Unknown => Role::Warning,
            Protection::NotApplicable => Role::Quiet,
        };
        let gap = if i == 0 { "" } else { ", " };
        line = line.plain(format!("{gap}{name} ")).with(role, verdict.answer.name());
    }
    block.lines.push(line.wrapped(MARGIN));
    // Why is said for what is not plainly there; for all of it where everything is asked for.
    for (name, verdict) in hardening.all() {
        if style.verbose
            || matches!(verdict.answer, Protection::No | Protection::Partial | Protection::Unknown)
        {
            let text = format!("{}{name}: {}, {}", " ".repeat(MARGIN), verdict.answer.name(), verdict.why);
            block.lines.push(Line::new().with(Role::Quiet, text).wrapped(MARGIN + 2));
        }
    }
}

fn systems(block: &mut Block, inspection: &Inspection) {
    let signed = |answer: Answer| match answer {
        Answer::Yes => "a signature is in it (not verified)",
        Answer::No => "not signed",
        Answer::Unknown => "not known whether it is signed",
    };
    for slice in inspection.mach_o.iter().flat_map(|mach_o| &mach_o.slices) {
        let system = slice.system.as_deref().unwrap_or("a system that it does not name");
        let least = slice.minimum_os.as_deref().unwrap_or("of any version");
        let pie = if slice.pie.is_yes() { "PIE" } else { "no PIE" };
        let libraries = counted_libraries(slice.libraries.len());
        block.row(&slice.machine, format!("{system} {least}, {libraries}, {pie}, {}", signed(slice.signed)));
    }
    if let Some(pe) = &inspection.pe {
        let yes = |yes: bool| if yes { "yes" } else { "no" };
        block.row("windows", format!("{}, {} or newer, {}", pe.subsystem, pe.minimum_os, signed(pe.signed)));
        let (aslr, high, dep, guard) = (pe.aslr, pe.high_entropy, pe.dep, pe.control_flow_guard);
        block.row(
            "hardening",
            format!("ASLR {}, high entropy {}, DEP {}, CFG {}", yes(aslr), yes(high), yes(dep), yes(guard)),
        );
        if pe.needs_visual_c_runtime {
            block.row("runtime", "needs the Visual C++ runtime, which Windows does not have by itself");
        }
    }
}

fn contents(block: &mut Block, inspection: &Inspection) {
    let symbols = match inspection.symbols {
        Some(Symbols::DebugInformation) => "names and debug information",
        Some(Symbols::Names) => "names, no debug information",
        Some(Symbols::Stripped) => "stripped",
        Some(Symbols::Unknown) => "unknown: its table of sections is damaged",
        None => "",
    };
    if !symbols.is_empty() {
        let id = inspection.build_id.as_ref().map_or(String::new(), |id| format!("; build id {id}"));
        block.row("symbols", format!("{symbols}{id}"));
    }
    if let Some(paths) = inspection.build_paths.as_ref().filter(|paths| paths.found != Answer::No) {
        let text = match (paths.found, paths.examples.first()) {
            (Answer::Yes, Some(first)) => {
                format!("{} of the machine that built it, as {first}", counted(paths.count, "path"))
            }
            _ => "not known whether paths of the machine that built it are in it".to_owned(),
        };
        block.marked("build", Role::Warning, "", text);
    }
    if inspection.packed == Some(Answer::Yes) {
        block.marked("packed", Role::Warning, "yes", ": by UPX; what is said here is about the packer");
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use plimsoll_model::inspection::Problem;

    use super::*;

    #[test]
    fn a_file_is_a_block_and_what_is_the_matter_is_said() {
        let text = include_str!("../../../plimsoll-model/tests/data/inspection.json");
        let mut known: Inspection = serde_json::from_str(text).unwrap();
        known.problem = None;
        let problem = Problem { what: "the file is empty".to_owned(), advice: "build it again".to_owned() };
        let all = [known, Inspection::without_facts("other", problem)];
        insta::assert_snapshot!(inspections(&all, &Style::plain(TimeZone::UTC)), @r"
        app: ELF program for linux/amd64, 64 bits little-endian, 3.4 MB
          linkage    dynamic: started by /lib64/ld-linux-x86-64.so.2, needs 1 library
          loader     present: /lib64/ld-linux-x86-64.so.2
          rpath      /opt/lib
          runpath    $ORIGIN/lib
          libraries  unmet: 1 of 1 library
                     libc.so.6  unusable: it is for another machine  cache
          needs      glibc 2.34, GLIBCXX 3.4.30, CXXABI 1.3.13, GCC 4.2.0, Linux 3.2.0, processor x86-64-v1
          runs on    Debian 12, Ubuntu 22.04, RHEL 9, Amazon Linux 2023 and newer
          C library  glibc; loads name services of its own version from the host
          hardening  relro no, canary no, nx yes, pie no, fortify no, cet no, separate code yes, read-only code yes
                     relro: no, it has no PT_GNU_RELRO
                     canary: no, it does not call __stack_chk_fail
                     pie: no, it is linked to a fixed address
                     fortify: no, 0 of 2 functions that can check sizes do
                     cet: no, not marked for IBT nor SHSTK
          arm64      macos 12.0, 2 libraries, PIE, a signature is in it (not verified)
          windows    console, 6.1 or newer, not signed
          hardening  ASLR yes, high entropy yes, DEP yes, CFG no
          symbols    names and debug information; build id 15dfff32
          build      1 path of the machine that built it, as /builds/ada/app/main.go
          go         go1.26.8, example.com/m v1.0.0, commit 51ab03d
                     cgo used by net, os/user; looks up hosts: Go's own or the system's: the host decides
                     no time zones needed; no CA roots needed
                     1 module, 1 replaced, 4,078 functions in 2 packages, paths trimmed: no
                     GODEBUG keeps 1 old default: tls10server=1
                     module example.com/m v1.0.0 => ../m v1.0.1
                     main.main
          exposure   UNSAFE: 9.6 of 10, as systemd 252 computes it
            -0.5     PrivateNetwork=yes (it reaches the host's network); breaks every program that speaks to others over the network
          rust       rustc 1.95.0, packages unknown (no cargo auditable); 1 crate seen in paths

        other
          unknown: the file is empty
           = fix  build it again
        ");
    }
}
