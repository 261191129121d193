//! PE files. Libraries are named, not searched.

use object::LittleEndian as LE;
use object::pe::{self, ImageDosHeader, ImageImportDescriptor, ImageNtHeaders32, ImageNtHeaders64};
use object::read::pe::{ImageNtHeaders, ImageOptionalHeader as _, optional_header_magic};
use plimsoll_model::inspection::{
    Answer, ByteOrder, FileFormat, Inspection, Library, Linkage, Machine, Pe, Purpose, Symbols,
};
use plimsoll_model::release::Platform;

use super::{Question, common};
use crate::elf::{InspectError, malformed};
use crate::program::{Region, Source, View};

/// Where all headers are.
const HEADERS: u64 = 1 << 20;
const MOST_LIBRARIES: u32 = 4096;
const LONGEST_NAME: u64 = 256;
const DESCRIPTOR: u64 = size_of::<ImageImportDescriptor>() as u64;

pub(super) fn read(source: &Source<'_>, question: &Question) -> Result<Inspection, InspectError> {
    let blob = source.read(0, source.length().min(HEADERS)).ok_or(malformed("it cannot be read"))?;
    match optional_header_magic(&*blob) {
        Ok(pe::IMAGE_NT_OPTIONAL_HDR32_MAGIC) => read_as::<ImageNtHeaders32>(&blob, source, question),
        Ok(pe::IMAGE_NT_OPTIONAL_HDR64_MAGIC) => read_as::<ImageNtHeaders64>(&blob, source, question),
        _ => Err(malformed("it begins as a program of Windows or DOS does, and has no PE header")),
    }
}

fn read_as<Nt: ImageNtHeaders>(
    blob: &[u8],
    source: &Source<'_>,
    question: &Question,
) -> Result<Inspection, InspectError> {
    let damaged = |_| malformed("its headers contradict themselves");
    let mut offset = ImageDosHeader::parse(blob).map_err(damaged)?.nt_headers_offset().into();
    let (headers, directories) = Nt::parse(blob, &mut offset).map_err(damaged)?;
    let sections = headers.sections(blob, offset).map_err(damaged)?;
    let regions: Vec<Region> = sections.iter().map(region).collect();
    let view = View {
        source,
        wide: headers.is_type_64(),
        big_endian: false,
        sections: regions.clone(),
        segments: regions
            .into_iter()
            .map(|region| based(region, headers.optional_header().image_base()))
            .collect(),
    };
    let directory = |which: usize| {
        let directory = directories.get(which)?;
        Some((directory.virtual_address.get(LE), directory.size.get(LE))).filter(|(_, size)| *size > 0)
    };
    let imports = directory(pe::IMAGE_DIRECTORY_ENTRY_IMPORT).map(|(address, _)| libraries(&view, address));
    let libraries = imports.unwrap_or_default();
    let file = headers.file_header();
    let optional = headers.optional_header();
    let flags = optional.dll_characteristics().0;
    let machine = machine(file.machine.get(LE).0);
    let mut inspection = Inspection::of("", FileFormat::Pe);
    common::fill(&mut inspection, &view, question);
    let is_library = file.characteristics.get(LE).contains(pe::IMAGE_FILE_DLL);
    inspection.purpose = Some(if is_library { Purpose::Library } else { Purpose::Program });
    inspection.platform = Some(Platform { os: "windows".to_owned(), arch: machine.clone() });
    inspection.machine =
        Some(Machine { name: machine, bits: if view.wide { 64 } else { 32 }, byte_order: ByteOrder::Little });
    inspection.linkage = Some(if libraries.is_empty() { Linkage::Static } else { Linkage::Dynamic });
    inspection.linkage_reason = Some(format!("libraries named: {}", libraries.len()));
    let has_debug = view.sections.iter().any(|section| section.name.starts_with(".debug"));
    let has_symbols = file.number_of_symbols.get(LE) > 0;
    inspection.symbols = Some(match (has_debug || directory(DEBUG).is_some(), has_symbols) {
        (true, _) if has_symbols => Symbols::DebugInformation,
        (_, true) => Symbols::Names,
        _ => Symbols::Stripped,
    });
    inspection.pe = Some(Pe {
        subsystem: subsystem(optional.subsystem().0),
        minimum_os: format!("{}.{}", optional.major_subsystem_version(), optional.minor_subsystem_version()),
        signed: Answer::of(directory(pe::IMAGE_DIRECTORY_ENTRY_SECURITY).is_some()),
        aslr: flags & 0x40 != 0,
        high_entropy: flags & 0x20 != 0,
        dep: flags & 0x100 != 0,
        control_flow_guard: flags & 0x4000 != 0,
        needs_visual_c_runtime: libraries.iter().any(|name| is_visual_c(name)),
        characteristics: flags,
    });
    inspection.libraries =
        libraries.iter().map(|name| Library { name: name.clone(), ..Library::default() }).collect();
    inspection.needed = libraries;
    Ok(inspection)
}

const DEBUG: usize = pe::IMAGE_DIRECTORY_ENTRY_DEBUG;

fn region(section: &pe::ImageSectionHeader) -> Region {
    let flags = section.characteristics.get(LE).0;
    let name = section.name.split(|byte| *byte == 0).next().unwrap_or_default();
    Region {
        name: String::from_utf8_lossy(name).into_owned(),
        address: section.virtual_address.get(LE).into(),
        offset: section.pointer_to_raw_data.get(LE).into(),
        size: section.size_of_raw_data.get(LE).into(),
        writable: flags & pe::IMAGE_SCN_MEM_WRITE.0 != 0,
        executable: flags & pe::IMAGE_SCN_MEM_EXECUTE.0 != 0,
    }
}

/// Addresses in data are absolute, those in headers begin at the image's base.
fn based(region: Region, base: u64) -> Region {
    Region { address: region.address.saturating_add(base), ..region }
}

/// The names of the table of imports, read where they are: the section around it may be large.
fn libraries(view: &View<'_>, table: u32) -> Vec<String> {
    let place = |address: u32| {
        view.sections.iter().find_map(|section| {
            let inside = u64::from(address).checked_sub(section.address)?;
            (inside < section.size).then(|| section.offset.saturating_add(inside))
        })
    };
    let mut names = Vec::new();
    let Some(start) = place(table) else { return names };
    for index in 0..u64::from(MOST_LIBRARIES) {
        let row = start.checked_add(index * DESCRIPTOR).and_then(|at| view.bytes(at, DESCRIPTOR));
        let row = row.and_then(|row| row.get(12..16)?.first_chunk().copied());
        let Some(name) = row.map(u32::from_le_bytes).filter(|name| *name != 0) else { break };
        let text = place(name)
            .and_then(|at| view.bytes(at, LONGEST_NAME.min(view.source.length().checked_sub(at)?)));
        let text = text.unwrap_or_default();
        let text = text.split(|byte| *byte == 0).next().unwrap_or_default();
        names.push(String::from_utf8_lossy(text).into_owned());
    }
    names
}

fn is_visual_c(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["vcruntime", "msvcp", "api-ms-win-crt-"].iter().any(|start| name.starts_with(start))
}

fn machine(number: u16) -> String {
    match pe::Machine(number) {
        pe::IMAGE_FILE_MACHINE_I386 => "386".to_owned(),
        pe::IMAGE_FILE_MACHINE_AMD64 => "amd64".to_owned(),
        pe::IMAGE_FILE_MACHINE_ARM64 => "arm64".to_owned(),
        pe::IMAGE_FILE_MACHINE_ARMNT => "arm".to_owned(),
        other => other.0.to_string(),
    }
}

fn subsystem(number: u16) -> String {
    match number {
        1 => "native".to_owned(),
        2 => "windows".to_owned(),
        3 => "console".to_owned(),
        10..=13 => "efi".to_owned(),
        other => other.to_string(),
    }
}
