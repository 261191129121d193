//! What the first bytes of an ELF file say: class, byte order, type, machine, and so the platform.

use object::elf;
use plimsoll_model::release::Platform;
use serde::{Deserialize, Serialize};

/// Width of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// 32 bits.
    Elf32,
    /// 64 bits.
    Elf64,
}

/// Order of the bytes of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ByteOrder {
    /// Least first.
    Little,
    /// Greatest first.
    Big,
}

/// What kind of ELF file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileType {
    /// A program at a fixed address.
    Executable,
    /// A program at any address that a loader starts.
    Pie,
    /// A program at any address that starts by itself.
    StaticPie,
    /// A library.
    SharedLibrary,
    /// Output of a compiler that is not linked yet.
    Object,
    /// The memory of a program that crashed.
    CoreDump,
    /// None of these.
    Other,
}

impl FileType {
    /// Whether the kernel can start it as a program.
    pub const fn is_program(self) -> bool {
        matches!(self, Self::Executable | Self::Pie | Self::StaticPie)
    }

    /// The type as people say it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Executable => "executable",
            Self::Pie => "position-independent executable",
            Self::StaticPie => "static position-independent executable",
            Self::SharedLibrary => "shared library",
            Self::Object => "object file that is not linked",
            Self::CoreDump => "core dump",
            Self::Other => "file of an unknown ELF type",
        }
    }
}

/// The header's fields that matter here.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Header {
    pub(crate) class: Class,
    pub(crate) byte_order: ByteOrder,
    pub(crate) os_abi: u8,
    pub(crate) elf_type: u16,
    pub(crate) machine: u16,
    pub(crate) entry: u64,
}

impl Header {
    /// The architecture in Go's words, where it has one.
    fn architecture(&self) -> Option<&'static str> {
        use ByteOrder::{Big, Little};
        use Class::{Elf32, Elf64};
        Some(match (elf::Machine(self.machine), self.class, self.byte_order) {
            (elf::EM_X86_64, Elf64, Little) => "amd64",
            (elf::EM_X86_64, Elf32, Little) => "amd64p32",
            (elf::EM_386, Elf32, Little) => "386",
            (elf::EM_AARCH64, Elf64, Little) => "arm64",
            (elf::EM_AARCH64, Elf64, Big) => "arm64be",
            (elf::EM_ARM, Elf32, Little) => "arm",
            (elf::EM_ARM, Elf32, Big) => "armbe",
            (elf::EM_RISCV, Elf64, Little) => "riscv64",
            (elf::EM_RISCV, Elf32, Little) => "riscv",
            (elf::EM_PPC64, Elf64, Little) => "ppc64le",
            (elf::EM_PPC64, Elf64, Big) => "ppc64",
            (elf::EM_PPC, Elf32, Big) => "ppc",
            (elf::EM_S390, Elf64, Big) => "s390x",
            (elf::EM_S390, Elf32, Big) => "s390",
            (elf::EM_MIPS, Elf32, Big) => "mips",
            (elf::EM_MIPS, Elf32, Little) => "mipsle",
            (elf::EM_MIPS, Elf64, Big) => "mips64",
            (elf::EM_MIPS, Elf64, Little) => "mips64le",
            (elf::EM_LOONGARCH, Elf64, Little) => "loong64",
            (elf::EM_SPARCV9, Elf64, Big) => "sparc64",
            _ => return None,
        })
    }

    /// The operating system. Linux programs mostly leave the field at zero, so what says nothing else is Linux;
    /// OpenBSD and NetBSD say it in a note.
    fn system(&self, notes: &[&str]) -> Option<&'static str> {
        Some(match elf::OsAbi(self.os_abi) {
            elf::ELFOSABI_FREEBSD => "freebsd",
            elf::ELFOSABI_NETBSD => "netbsd",
            elf::ELFOSABI_OPENBSD => "openbsd",
            elf::ELFOSABI_SOLARIS => "solaris",
            elf::ELFOSABI_SYSV | elf::ELFOSABI_GNU | elf::ELFOSABI_ARM => match notes {
                notes if notes.contains(&"OpenBSD") => "openbsd",
                notes if notes.contains(&"NetBSD") => "netbsd",
                notes if notes.contains(&"FreeBSD") => "freebsd",
                notes if notes.contains(&"Android") => "android",
                _ => "linux",
            },
            _ => return None,
        })
    }

    /// The platform that the file is for; `None` where it is none that is known here.
    pub(crate) fn platform(&self, notes: &[&str]) -> Option<Platform> {
        Some(Platform { os: self.system(notes)?.to_owned(), arch: self.architecture()?.to_owned() })
    }
}
