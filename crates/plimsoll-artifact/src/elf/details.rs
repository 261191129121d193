//! What an ELF file tells beside what its loader needs: how it is protected, for which kernel and processor it is.

use std::collections::BTreeSet;

use object::ReadRef;
use object::elf;
use plimsoll_model::facts::CpuLevel;

use super::InspectError;
use super::dynamic::Dynamic;
use super::image::Image;
use super::notes::Notes;
use super::symbols;
use crate::program::Source;

const X86_FEATURES: u32 = 0xc000_0002;
const X86_ISA_NEEDED: u32 = 0xc000_8002;
const ARM64_FEATURES: u32 = 0xc000_0000;

/// What a file tells of its protection and of its place.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Debug, Clone)]
pub(crate) struct Details {
    /// Part of memory that is made read-only once addresses are filled in: address and size.
    pub(crate) relro: Option<(u64, u64)>,
    /// Whether all names are looked up before the program starts.
    pub(crate) binds_now: bool,
    /// Whether it has a dynamic table.
    pub(crate) has_dynamic: bool,
    /// Address of the table of addresses of functions, where it has one that is not empty.
    pub(crate) got_plt: Option<u64>,
    /// Whether the stack may be executed; absent where the file does not tell.
    pub(crate) executable_stack: Option<bool>,
    /// Whether a part of memory can be both written and executed.
    pub(crate) writable_code: bool,
    /// Whether the loader writes into code.
    pub(crate) text_relocations: bool,
    /// x86: indirect branch tracking, shadow stack.
    pub(crate) cet: (bool, bool),
    /// arm64: branch targets, signed return addresses.
    pub(crate) bti: (bool, bool),
    /// The processor level that it says it needs.
    pub(crate) cpu_level: Option<CpuLevel>,
    /// The oldest kernel that its start-up code accepts.
    pub(crate) oldest_kernel: Option<[u32; 3]>,
    /// Names that it takes from libraries; absent where the table cannot be read.
    pub(crate) imports: Option<BTreeSet<String>>,
    /// Whether the function that a broken stack frame calls is among its own symbols; absent where it has no table of them.
    pub(crate) defines_canary: Option<bool>,
}

impl Details {
    pub(crate) fn read<'data, R: ReadRef<'data>>(
        image: &Image<'data, R>,
        source: &Source<'_>,
    ) -> Result<Self, InspectError> {
        let dynamic = Dynamic::read(image)?;
        let notes = Notes::read(image);
        let x86 = notes.property(X86_FEATURES).unwrap_or_default();
        let arm64 = notes.property(ARM64_FEATURES).unwrap_or_default();
        let stack = image.segment(elf::PT_GNU_STACK).map(|segment| segment.executable);
        let got_plt = image.section(".got.plt").filter(|section| section.size > 24);
        let has_dynamic = image.segment(elf::PT_DYNAMIC).is_some();
        Ok(Self {
            relro: image.segment(elf::PT_GNU_RELRO).map(|segment| (segment.address, segment.memory)),
            binds_now: dynamic.binds_now,
            has_dynamic,
            got_plt: got_plt.map(|section| section.address),
            executable_stack: stack,
            writable_code: image.loaded().any(|segment| segment.writable && segment.executable),
            text_relocations: dynamic.text_relocations,
            cet: (x86 & 1 != 0, x86 & 2 != 0),
            bti: (arm64 & 1 != 0, arm64 & 2 != 0),
            cpu_level: notes.property(X86_ISA_NEEDED).and_then(level),
            oldest_kernel: notes.oldest_kernel,
            imports: if has_dynamic { symbols::imports(image, &dynamic) } else { Some(BTreeSet::new()) },
            defines_canary: symbols::is_defined(image, source, "__stack_chk_fail"),
        })
    }
}

/// The highest level that is asked for.
fn level(bits: u32) -> Option<CpuLevel> {
    let levels = [CpuLevel::V1, CpuLevel::V2, CpuLevel::V3, CpuLevel::V4];
    levels
        .into_iter()
        .enumerate()
        .filter(|(bit, _)| bits & (1 << bit) != 0)
        .map(|(_, level)| level)
        .next_back()
}
