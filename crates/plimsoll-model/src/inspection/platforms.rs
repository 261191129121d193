//! What only files of other systems than Linux have.

use serde::{Deserialize, Serialize};

use super::Answer;

/// What only Mach-O files have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MachO {
    /// Whether it holds programs for several processors.
    pub universal: bool,
    /// The programs; one where it is not universal.
    pub slices: Vec<Slice>,
}

/// A program of a Mach-O file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slice {
    /// The processor in Go's words; its number where it has no name here.
    pub machine: String,
    /// The libraries that it names.
    pub libraries: Vec<String>,
    /// Folders that `@rpath` stands for.
    pub rpaths: Vec<String>,
    /// The system, `macos`.
    pub system: Option<String>,
    /// The oldest version of the system, `12.0`.
    pub minimum_os: Option<String>,
    /// The version of the SDK that it was built with.
    pub sdk: Option<String>,
    /// Whether a signature is in it. Whether the signature holds is not checked.
    pub signed: Answer,
    /// Whether it runs at any address.
    pub pie: Answer,
}

/// What only PE files have.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the format")]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pe {
    /// `console`, `windows`, `native`, `efi`, or the number.
    pub subsystem: String,
    /// The oldest Windows that it asks for, `6.1`.
    pub minimum_os: String,
    /// Whether an Authenticode signature is in it. Whether the signature holds is not checked.
    pub signed: Answer,
    /// Runs at any address (`DYNAMIC_BASE`).
    pub aslr: bool,
    /// Of all 64 bits of addresses (`HIGH_ENTROPY_VA`).
    pub high_entropy: bool,
    /// Data cannot be executed (`NX_COMPAT`).
    pub dep: bool,
    /// Calls go where they should (`GUARD_CF`).
    pub control_flow_guard: bool,
    /// Whether it needs the Visual C++ runtime that Windows does not have by itself.
    pub needs_visual_c_runtime: bool,
    /// The field `DllCharacteristics` as it is.
    pub characteristics: u16,
}
