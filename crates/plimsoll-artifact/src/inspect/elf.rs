//! ELF files.

use std::io::BufReader;
use std::path::{Path, PathBuf};

use object::ReadRef;
use object::read::ReadCache;
use plimsoll_model::inspection::{
    Answer, ByteOrder, CLibrary, FileFormat, Inspection, Library, LibraryVersions, Linkage, Machine,
    MinimumVersions, MissingVersion, Purpose, Symbols, WeakVersion,
};

use super::{Question, common, distributions, hardening};
use crate::elf::details::Details;
use crate::elf::image::Image;
use crate::elf::{self, Facts, FileType, InspectError, LinkageKind, RequiredVersions, Resolution, resolve};
use crate::program::{Source, Traces};

pub(super) fn read(
    source: &Source<'_>,
    path: &Path,
    question: &Question,
) -> Result<Inspection, InspectError> {
    match source {
        Source::File(file, _) => {
            let cache = ReadCache::new(BufReader::new(file));
            read_image(&Image::parse(&cache)?, source, path, question)
        }
        Source::Bytes(bytes) => read_image(&Image::parse(*bytes)?, source, path, question),
    }
}

fn read_image<'data, R: ReadRef<'data>>(
    image: &Image<'data, R>,
    source: &Source<'_>,
    path: &Path,
    question: &Question,
) -> Result<Inspection, InspectError> {
    let facts = Facts::read(image)?;
    let details = Details::read(image, source)?;
    let mut inspection = Inspection::of("", FileFormat::Elf);
    let traces = common::fill(&mut inspection, &image.view(source), question);
    from_facts(&mut inspection, &facts);
    inspection.c_library = Some(c_library(&facts, &inspection, &traces));
    if inspection.c_library == Some(CLibrary::GlibcStatic) {
        inspection.loads_name_services = Some(match (traces.name_services, traces.complete) {
            (true, _) => Answer::Yes,
            (false, true) => Answer::No,
            (false, false) => Answer::Unknown,
        });
    }
    minimums(&mut inspection, &facts, &details);
    inspection.hardening = Some(hardening::judge(&facts, &details, &inspection));
    let resolution = resolve(&facts, &question.root, folder(path, &question.root).as_deref());
    from_resolution(&mut inspection, &resolution);
    inspection.root = Some(question.root.display().to_string());
    Ok(inspection)
}

/// Where the file is on the root, for `$ORIGIN`: its folder without links, as the kernel tells it to the loader. A file
/// that is outside of the root has no known folder there.
fn folder(path: &Path, root: &Path) -> Option<PathBuf> {
    let file = path.canonicalize().ok()?;
    let root = root.canonicalize().ok()?;
    let inside = file.strip_prefix(root).ok()?;
    Some(Path::new("/").join(inside.parent()?))
}

fn from_facts(inspection: &mut Inspection, facts: &Facts) {
    inspection.purpose = Some(match facts.file_type {
        FileType::Executable | FileType::Pie | FileType::StaticPie => Purpose::Program,
        FileType::SharedLibrary => Purpose::Library,
        FileType::Object => Purpose::Object,
        FileType::CoreDump => Purpose::CoreDump,
        FileType::Other => Purpose::Other,
    });
    inspection.platform.clone_from(&facts.platform);
    let name = facts.platform.as_ref().map_or_else(|| facts.machine.to_string(), |p| p.arch.clone());
    inspection.machine = Some(Machine {
        name,
        bits: if facts.class == elf::Class::Elf64 { 64 } else { 32 },
        byte_order: match facts.byte_order {
            elf::ByteOrder::Little => ByteOrder::Little,
            elf::ByteOrder::Big => ByteOrder::Big,
        },
    });
    let is_linked = matches!(inspection.purpose, Some(Purpose::Program | Purpose::Library));
    inspection.linkage = is_linked.then_some(match facts.linkage.kind {
        LinkageKind::Static => Linkage::Static,
        LinkageKind::StaticPie => Linkage::StaticPie,
        LinkageKind::Dynamic => Linkage::Dynamic,
    });
    inspection.linkage_reason = is_linked.then(|| facts.linkage.reason.clone());
    inspection.interpreter.clone_from(&facts.interpreter);
    inspection.needed.clone_from(&facts.needed);
    inspection.soname.clone_from(&facts.soname);
    inspection.rpath.clone_from(&facts.rpath);
    inspection.runpath.clone_from(&facts.runpath);
    inspection.required_versions = facts.required_versions.iter().map(versions).collect();
    inspection.defined_versions.clone_from(&facts.defined_versions);
    inspection.symbols = Some(match facts.symbols {
        elf::Symbols::DebugInformation => Symbols::DebugInformation,
        elf::Symbols::Names => Symbols::Names,
        elf::Symbols::Stripped => Symbols::Stripped,
        elf::Symbols::Unknown => Symbols::Unknown,
    });
    inspection.build_id.clone_from(&facts.build_id);
}

fn versions(required: &RequiredVersions) -> LibraryVersions {
    let version = |v: &elf::RequiredVersion| WeakVersion { name: v.name.clone(), weak: v.weak };
    LibraryVersions {
        library: required.library.clone(),
        versions: required.versions.iter().map(version).collect(),
    }
}

fn c_library(facts: &Facts, inspection: &Inspection, traces: &Traces) -> CLibrary {
    let is_musl = |name: &String| name.contains("ld-musl-") || name.starts_with("libc.musl-");
    let names = || facts.interpreter.iter().chain(&facts.needed);
    if names().any(is_musl) {
        return CLibrary::Musl;
    }
    let is_glibc = |name: &String| name == "libc.so.6" || name == "libc.so.6.1" || name.contains("/ld-linux");
    if names().any(is_glibc) || facts.oldest_glibc.is_some() {
        return CLibrary::Glibc;
    }
    if facts.linkage.kind == LinkageKind::Dynamic {
        return CLibrary::Unknown;
    }
    let is_pure_go = inspection.go.as_ref().is_some_and(|go| go.cgo == Answer::No);
    match (traces.has_static_glibc(), is_pure_go) {
        (true, _) => CLibrary::GlibcStatic,
        (false, true) => CLibrary::None,
        (false, false) => CLibrary::Unknown,
    }
}

fn minimums(inspection: &mut Inspection, facts: &Facts, details: &Details) {
    let names = || facts.required_versions.iter().flat_map(|library| &library.versions).filter(|v| !v.weak);
    let newest = |prefix: &str| {
        let versions = names().filter_map(|version| version.name.strip_prefix(prefix));
        let numeric = versions.filter(|version| version.starts_with(|c: char| c.is_ascii_digit()));
        numeric.max_by_key(|version| distributions::numbers(version)).map(str::to_owned)
    };
    inspection.minimum_glibc = facts.oldest_glibc.map(|version| version.to_string());
    inspection.minimum_versions = MinimumVersions {
        glibcxx: newest("GLIBCXX_"),
        cxxabi: newest("CXXABI_"),
        gcc: newest("GCC_"),
        glibc_private: names().any(|version| version.name == "GLIBC_PRIVATE"),
    };
    let is_linux = facts.platform.as_ref().is_some_and(|platform| platform.os == "linux");
    if let Some(glibc) = inspection.minimum_glibc.as_ref().filter(|_| is_linux) {
        let MinimumVersions { glibcxx, cxxabi, .. } = &inspection.minimum_versions;
        inspection.distributions =
            Some(distributions::that_have(glibc, glibcxx.as_deref(), cxxabi.as_deref()));
    }
    inspection.minimum_kernel = details.oldest_kernel.map(|[a, b, c]| format!("{a}.{b}.{c}"));
    let of_go = inspection.go.as_ref().and_then(|go| go.settings.get("GOAMD64")).and_then(|level| {
        use plimsoll_model::facts::CpuLevel::{V1, V2, V3, V4};
        [("v1", V1), ("v2", V2), ("v3", V3), ("v4", V4)].into_iter().find(|(name, _)| name == level)
    });
    inspection.cpu_level = details.cpu_level.max(of_go.map(|(_, level)| level));
}

fn from_resolution(inspection: &mut Inspection, resolution: &Resolution) {
    if let Some(loader) = &resolution.loader {
        inspection.interpreter_present = Some(Answer::of(loader.present && loader.problem.is_none()));
    }
    let libraries = resolution.libraries.iter().map(|library| Library {
        name: library.name.clone(),
        path: library.path.as_ref().map(|path| path.display().to_string()),
        found_by: library.found_by.map(|rule| rule.name().to_owned()),
        needed_by: library.needed_by.clone(),
        problem: library.problem.as_ref().map(elf::describe),
        missing_versions: library
            .missing_versions
            .iter()
            .map(|missing| MissingVersion {
                version: missing.version.clone(),
                needed_by: missing.needed_by.clone(),
            })
            .collect(),
    });
    inspection.libraries = libraries.collect();
}
