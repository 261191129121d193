//! Mach-O files, universal ones too. Libraries are named, not searched: macOS keeps its own in a cache, not in files.

use object::macho::{self, FatArch32, FatArch64, MachHeader32, MachHeader64};
use object::read::macho::{
    FatArch as _, LoadCommandVariant, MachHeader, MachOFatFile, Section as _, Segment as _,
};
use object::{BigEndian, Endianness};
use plimsoll_model::inspection::{
    Answer, ByteOrder, FileFormat, Inspection, Library, Linkage, MachO, Machine, Purpose, Slice, Symbols,
};
use plimsoll_model::release::Platform;

use super::{Question, common};
use crate::elf::{InspectError, malformed};
use crate::program::{Region, Source, View};

/// Real programs have some kilobytes of load commands.
const LARGEST_COMMANDS: u64 = 8 << 20;
const MOST_COMMANDS: usize = 16_384;
const MOST_SECTIONS: usize = 16_384;
const MOST_SLICES: usize = 32;

pub(super) fn read(source: &Source<'_>, question: &Question) -> Result<Inspection, InspectError> {
    let slices = slices(source)?;
    let universal = slices.len() > 1 || slices.first().is_some_and(|(offset, _)| *offset > 0);
    let mut inspections = Vec::new();
    for (offset, _) in &slices {
        inspections.push(read_slice(source, *offset, question)?);
    }
    let all: Vec<Slice> =
        inspections.iter().filter_map(|one| one.mach_o.as_ref()).flat_map(|m| m.slices.clone()).collect();
    // The first program speaks for the file, as its processors' programs are made from the same sources.
    let mut inspection =
        inspections.into_iter().next().ok_or(malformed("the universal file holds no program"))?;
    inspection.mach_o = Some(MachO { universal, slices: all });
    Ok(inspection)
}

/// Where the programs begin, and how large they are.
fn slices(source: &Source<'_>) -> Result<Vec<(u64, u64)>, InspectError> {
    let start = source.read(0, source.length().min(4096)).unwrap_or_default();
    let wide = match start.first_chunk() {
        Some([0xca, 0xfe, 0xba, 0xbe]) => false,
        Some([0xca, 0xfe, 0xba, 0xbf]) => true,
        _ => return Ok(vec![(0, source.length())]),
    };
    let unreadable = |_| malformed("the table of its programs is cut off");
    let all: Vec<(u64, u64)> = if wide {
        let file = MachOFatFile::<FatArch64>::parse(&*start).map_err(unreadable)?;
        file.arches().iter().map(|a| (a.offset.get(BigEndian), a.size.get(BigEndian))).collect()
    } else {
        let file = MachOFatFile::<FatArch32>::parse(&*start).map_err(unreadable)?;
        file.arches().iter().map(|a| (a.offset().into(), a.size().into())).collect()
    };
    if all.is_empty() || all.len() > MOST_SLICES {
        return Err(malformed("it holds no program, or more than 32"));
    }
    Ok(all)
}

fn read_slice(source: &Source<'_>, start: u64, question: &Question) -> Result<Inspection, InspectError> {
    let cut = || malformed("its load commands are cut off");
    let head = source.read(start, 32).ok_or_else(cut)?;
    let is_wide = matches!(head.first_chunk(), Some([0xcf, 0xfa, 0xed, 0xfe] | [0xfe, 0xed, 0xfa, 0xcf]));
    let big = head[0] == 0xfe;
    let size = *head[20..].first_chunk().ok_or_else(cut)?;
    let size = if big { u32::from_be_bytes(size) } else { u32::from_le_bytes(size) };
    if u64::from(size) > LARGEST_COMMANDS {
        return Err(malformed("it has more than 8 MiB of load commands"));
    }
    let blob = source.read(start, u64::from(size) + if is_wide { 32 } else { 28 }).ok_or_else(cut)?;
    if is_wide {
        read_as::<MachHeader64<Endianness>>(&blob, source, start, question)
    } else {
        read_as::<MachHeader32<Endianness>>(&blob, source, start, question)
    }
}

fn read_as<Mach: MachHeader<Endian = Endianness>>(
    blob: &[u8],
    source: &Source<'_>,
    start: u64,
    question: &Question,
) -> Result<Inspection, InspectError> {
    let damaged = |_| malformed("its load commands contradict themselves");
    let header = Mach::parse(blob, 0).map_err(|_| malformed("its header is unreadable"))?;
    let endian = header.endian().map_err(damaged)?;
    let machine = machine(header.cputype(endian).0);
    let mut commands = Commands {
        slice: Slice {
            machine: machine.clone(),
            libraries: Vec::new(),
            rpaths: Vec::new(),
            system: None,
            minimum_os: None,
            sdk: None,
            signed: Answer::No,
            pie: Answer::of(header.flags(endian).contains(macho::MH_PIE)),
        },
        view: View {
            source,
            wide: header.is_type_64(),
            big_endian: endian == Endianness::Big,
            sections: Vec::new(),
            segments: Vec::new(),
        },
        interpreter: None,
        has_symbols: false,
        start,
    };
    let mut rows = header.load_commands(endian, blob, 0).map_err(damaged)?;
    for _ in 0..MOST_COMMANDS {
        let Some(row) = rows.next().map_err(damaged)? else { break };
        commands.add::<Mach>(row, endian);
    }
    let file_type = header.filetype(endian);
    let is_program = file_type == macho::MH_EXECUTE;
    let is_library = [macho::MH_DYLIB, macho::MH_BUNDLE].contains(&file_type);
    let mut inspection = Inspection::of("", FileFormat::MachO);
    common::fill(&mut inspection, &commands.view, question);
    inspection.purpose = Some(match (is_program, is_library) {
        (true, _) => Purpose::Program,
        (_, true) => Purpose::Library,
        _ if file_type == macho::MH_OBJECT => Purpose::Object,
        _ => Purpose::Other,
    });
    inspection.machine = Some(Machine {
        name: machine.clone(),
        bits: if commands.view.wide { 64 } else { 32 },
        byte_order: if commands.view.big_endian { ByteOrder::Big } else { ByteOrder::Little },
    });
    let os = match commands.slice.system.as_deref() {
        None | Some("macos") => "darwin",
        Some(other) => other,
    };
    inspection.platform = Some(Platform { os: os.to_owned(), arch: machine });
    let slice = commands.slice;
    if is_program || is_library {
        let dynamic = commands.interpreter.is_some() || !slice.libraries.is_empty();
        inspection.linkage = Some(if dynamic { Linkage::Dynamic } else { Linkage::Static });
        let count = slice.libraries.len();
        inspection.linkage_reason = Some(if dynamic {
            format!("started by dyld, libraries named: {count}")
        } else {
            "names no loader and no library".to_owned()
        });
    }
    inspection.interpreter = commands.interpreter;
    inspection.needed.clone_from(&slice.libraries);
    inspection.libraries =
        slice.libraries.iter().map(|name| Library { name: name.clone(), ..Library::default() }).collect();
    inspection.runpath.clone_from(&slice.rpaths);
    let has_debug = commands.view.sections.iter().any(|section| section.name == "__debug_info");
    inspection.symbols = Some(match (has_debug, commands.has_symbols) {
        (true, _) => Symbols::DebugInformation,
        (_, true) => Symbols::Names,
        _ => Symbols::Stripped,
    });
    inspection.mach_o = Some(MachO { universal: false, slices: vec![slice] });
    Ok(inspection)
}

/// What the load commands tell.
struct Commands<'s> {
    slice: Slice,
    view: View<'s>,
    interpreter: Option<String>,
    has_symbols: bool,
    start: u64,
}

impl Commands<'_> {
    fn add<Mach: MachHeader<Endian = Endianness>>(
        &mut self,
        row: object::read::macho::LoadCommandData<'_, Endianness>,
        endian: Endianness,
    ) {
        if let Ok(Some((segment, sections))) = Mach::Segment::from_command(row) {
            self.add_segment::<Mach>(segment, sections, endian);
            return;
        }
        if row.cmd() == macho::LC_CODE_SIGNATURE {
            self.slice.signed = Answer::Yes;
        }
        let text =
            |name| row.string(endian, name).ok().map(|text| String::from_utf8_lossy(text).into_owned());
        let Ok(variant) = row.variant() else { return };
        match variant {
            LoadCommandVariant::Dylib(dylib) => self.slice.libraries.extend(text(dylib.dylib.name)),
            LoadCommandVariant::Rpath(rpath) => self.slice.rpaths.extend(text(rpath.path)),
            LoadCommandVariant::LoadDylinker(linker) => self.interpreter = text(linker.name),
            LoadCommandVariant::Symtab(table) => self.has_symbols = table.nsyms.get(endian) > 0,
            LoadCommandVariant::BuildVersion(build, _) => {
                self.slice.system = Some(system(build.platform.get(endian).0));
                self.slice.minimum_os = Some(version(build.minos.get(endian).0));
                self.slice.sdk = Some(version(build.sdk.get(endian).0));
            }
            LoadCommandVariant::VersionMin(least) => {
                let is_mac = row.cmd() == macho::LC_VERSION_MIN_MACOSX;
                self.slice.system.get_or_insert(if is_mac { "macos" } else { "ios" }.to_owned());
                self.slice.minimum_os.get_or_insert(version(least.version.get(endian).0));
                self.slice.sdk.get_or_insert(version(least.sdk.get(endian).0));
            }
            _ => {}
        }
    }

    fn add_segment<Mach: MachHeader<Endian = Endianness>>(
        &mut self,
        segment: &Mach::Segment,
        sections: &[u8],
        endian: Endianness,
    ) {
        let protection = segment.initprot(endian).0;
        let (offset, size) = segment.file_range(endian);
        let region = |name: String, address: u64, offset: u64, size: u64| Region {
            name,
            address,
            offset: self.start.saturating_add(offset),
            size,
            writable: protection & macho::VM_PROT_WRITE.0 != 0,
            executable: protection & macho::VM_PROT_EXECUTE.0 != 0,
        };
        // Constants are in the code's segment here, so data is what its sections are.
        self.view.segments.push(Region {
            executable: false,
            ..region(String::new(), segment.vmaddr(endian).into(), offset, size)
        });
        let Ok(rows) = segment.sections(endian, sections) else { return };
        for row in rows.iter().take(MOST_SECTIONS) {
            let name = String::from_utf8_lossy(row.name()).into_owned();
            let (address, size) = (row.addr(endian).into(), row.size(endian).into());
            self.view.sections.push(region(name, address, row.offset(endian).into(), size));
        }
    }
}

fn machine(cpu: u32) -> String {
    match macho::CpuType(cpu) {
        macho::CPU_TYPE_X86 => "386".to_owned(),
        macho::CPU_TYPE_X86_64 => "amd64".to_owned(),
        macho::CPU_TYPE_ARM => "arm".to_owned(),
        macho::CPU_TYPE_ARM64 => "arm64".to_owned(),
        macho::CPU_TYPE_POWERPC => "ppc".to_owned(),
        macho::CPU_TYPE_POWERPC64 => "ppc64".to_owned(),
        other => other.0.to_string(),
    }
}

fn system(platform: u32) -> String {
    match macho::Platform(platform) {
        macho::PLATFORM_MACOS => "macos".to_owned(),
        macho::PLATFORM_IOS => "ios".to_owned(),
        other => format!("platform {}", other.0),
    }
}

/// `xxxx.yy.zz` in nibbles.
fn version(number: u32) -> String {
    let (major, minor, patch) = (number >> 16, number >> 8 & 0xff, number & 0xff);
    if patch == 0 { format!("{major}.{minor}") } else { format!("{major}.{minor}.{patch}") }
}
