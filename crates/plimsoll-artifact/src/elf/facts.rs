//! What is known about an ELF file from its bytes alone.

use object::ReadRef;
use object::elf;
use plimsoll_model::release::Platform;
use serde::{Deserialize, Serialize};

use super::InspectError;
use super::dynamic::Dynamic;
use super::error::malformed;
use super::header::{ByteOrder, Class, FileType};
use super::image::Image;
use super::notes::Notes;
use super::versions::{self, GlibcVersion, RequiredVersions};

/// Facts about an ELF file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Facts {
    /// Size of the file in bytes.
    pub size: u64,
    /// Width of addresses.
    pub class: Class,
    /// Order of bytes.
    pub byte_order: ByteOrder,
    /// ELF's number of the machine.
    pub machine: u16,
    /// What it runs on; `None` where that is none that is known here.
    pub platform: Option<Platform>,
    /// What kind of file it is.
    pub file_type: FileType,
    /// How it is linked.
    pub linkage: Linkage,
    /// The loader that starts it (`PT_INTERP`).
    pub interpreter: Option<String>,
    /// The name that a library gives itself.
    pub soname: Option<String>,
    /// The libraries that it needs (`DT_NEEDED`), in order.
    pub needed: Vec<String>,
    /// Folders to search before all others; ignored by glibc where there is a runpath.
    pub rpath: Vec<String>,
    /// Folders to search for its own needs.
    pub runpath: Vec<String>,
    /// Whether the default folders are not searched (`DF_1_NODEFLIB`).
    pub no_default_libraries: bool,
    /// Symbol versions that it needs.
    pub required_versions: Vec<RequiredVersions>,
    /// Symbol versions that a library defines.
    pub defined_versions: Vec<String>,
    /// The oldest glibc that has what it needs; `None` where it needs nothing of glibc.
    pub oldest_glibc: Option<GlibcVersion>,
    /// Whether names and debug information are in it.
    pub symbols: Symbols,
    /// The linker's build id in hexadecimal digits.
    pub build_id: Option<String>,
}

/// How a file is linked, and what shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Linkage {
    /// How.
    pub kind: LinkageKind,
    /// What shows it, one sentence.
    pub reason: String,
}

/// How a file is linked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkageKind {
    /// Everything is inside, at a fixed address.
    Static,
    /// Everything is inside, at any address.
    StaticPie,
    /// A loader and perhaps libraries are needed.
    Dynamic,
}

impl LinkageKind {
    /// The kind as people write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Static => "static",
            Self::StaticPie => "static-pie",
            Self::Dynamic => "dynamic",
        }
    }
}

/// Which names a file carries beside those that linking needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Symbols {
    /// Names, lines and types for a debugger.
    DebugInformation,
    /// Names of functions and variables.
    Names,
    /// None: the file is stripped.
    Stripped,
    /// The section table is damaged, so that nobody can tell.
    Unknown,
}

impl Facts {
    pub(crate) fn read<'data, R: ReadRef<'data>>(image: &Image<'data, R>) -> Result<Self, InspectError> {
        let dynamic = Dynamic::read(image)?;
        let notes = Notes::read(image);
        let interpreter = interpreter(image)?;
        let file_type = file_type(image, &dynamic, interpreter.is_some());
        let required_versions = versions::needed(image, &dynamic)?;
        Ok(Self {
            size: image.length,
            class: image.header.class,
            byte_order: image.header.byte_order,
            machine: image.header.machine,
            platform: image.header.platform(&notes.owners),
            file_type,
            linkage: linkage(file_type, interpreter.as_deref(), dynamic.needed.len()),
            oldest_glibc: GlibcVersion::oldest(&required_versions),
            required_versions,
            defined_versions: versions::defined(image, &dynamic)?,
            symbols: symbols(image),
            build_id: notes.build_id,
            interpreter,
            soname: dynamic.soname,
            needed: dynamic.needed,
            rpath: dynamic.rpath,
            runpath: dynamic.runpath,
            no_default_libraries: dynamic.no_default_libraries,
        })
    }
}

fn interpreter<'data, R: ReadRef<'data>>(image: &Image<'data, R>) -> Result<Option<String>, InspectError> {
    let Some(segment) = image.segment(elf::PT_INTERP) else { return Ok(None) };
    let end = segment.offset.checked_add(segment.size);
    let text = end.and_then(|end| image.string(segment.offset, end));
    let text =
        text.filter(|text| !text.is_empty()).ok_or(malformed("the name of its loader is unreadable"))?;
    Ok(Some(String::from_utf8_lossy(text).into_owned()))
}

/// Programs at any address and libraries share one ELF type. Linkers since binutils 2.26 mark programs; older ones
/// are told apart by what a library has (a name of its own) and a program has (a loader, an entry).
fn file_type<'data, R: ReadRef<'data>>(
    image: &Image<'data, R>,
    dynamic: &Dynamic,
    has_interpreter: bool,
) -> FileType {
    match elf::FileType(image.header.elf_type) {
        elf::ET_EXEC => FileType::Executable,
        elf::ET_REL => FileType::Object,
        elf::ET_CORE => FileType::CoreDump,
        elf::ET_DYN => {
            let is_library = !dynamic.says_pie && dynamic.soname.is_some();
            let starts_alone = image.header.entry != 0 && dynamic.needed.is_empty();
            match (is_library, has_interpreter) {
                (false, true) => FileType::Pie,
                (false, false) if dynamic.says_pie || starts_alone => FileType::StaticPie,
                _ => FileType::SharedLibrary,
            }
        }
        _ => FileType::Other,
    }
}

fn linkage(file_type: FileType, interpreter: Option<&str>, needed: usize) -> Linkage {
    let (kind, reason) = match (interpreter, needed) {
        (Some(loader), 0) => {
            (LinkageKind::Dynamic, format!("started by {loader}, though it needs no library"))
        }
        (Some(loader), 1) => (LinkageKind::Dynamic, format!("started by {loader}, needs 1 library")),
        (Some(loader), n) => (LinkageKind::Dynamic, format!("started by {loader}, needs {n} libraries")),
        (None, n) if n > 0 => (LinkageKind::Dynamic, format!("needs {n} libraries, but names no loader")),
        (None, _) if file_type == FileType::StaticPie => {
            (LinkageKind::StaticPie, "names no loader, needs no library, runs at any address".to_owned())
        }
        (None, _) if file_type == FileType::SharedLibrary => {
            (LinkageKind::Dynamic, "a library, loaded by other programs".to_owned())
        }
        (None, _) => (LinkageKind::Static, "names no loader, needs no library".to_owned()),
    };
    Linkage { kind, reason }
}

fn symbols<'data, R: ReadRef<'data>>(image: &Image<'data, R>) -> Symbols {
    let Some(sections) = &image.sections else { return Symbols::Unknown };
    if image.section(".debug_info").or(image.section(".zdebug_info")).is_some() {
        Symbols::DebugInformation
    } else if sections.iter().any(|section| section.kind == elf::SHT_SYMTAB) {
        Symbols::Names
    } else {
        Symbols::Stripped
    }
}
