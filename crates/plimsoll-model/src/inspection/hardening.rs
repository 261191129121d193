//! How a program is protected against being made to do something else.

use serde::{Deserialize, Serialize};

/// The protections, each with what shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hardening {
    /// Tables of addresses are read-only once the program runs.
    pub relro: Verdict,
    /// Functions notice when their stack frame was overwritten.
    pub canary: Verdict,
    /// The stack cannot be executed.
    pub nx: Verdict,
    /// The program runs at any address.
    pub pie: Verdict,
    /// Functions of the C library check the sizes of their buffers.
    pub fortify: Verdict,
    /// x86: jumps land where they should (IBT), returns go where they came from (SHSTK).
    pub cet: Verdict,
    /// arm64: jumps land where they should (BTI), return addresses are signed (PAC).
    pub bti: Verdict,
    /// No part of memory can be both written and executed.
    pub separate_code: Verdict,
    /// The loader does not write into code.
    pub no_text_relocations: Verdict,
}

impl Hardening {
    /// The protections with their names, in the order in which they are shown.
    pub fn all(&self) -> [(&'static str, &Verdict); 9] {
        [
            ("relro", &self.relro),
            ("canary", &self.canary),
            ("nx", &self.nx),
            ("pie", &self.pie),
            ("fortify", &self.fortify),
            ("cet", &self.cet),
            ("bti", &self.bti),
            ("separate code", &self.separate_code),
            ("read-only code", &self.no_text_relocations),
        ]
    }
}

/// Whether a program has a protection, and what shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Whether it has.
    pub answer: Protection,
    /// What shows it.
    pub why: String,
}

/// Whether a program has a protection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protection {
    /// It has.
    Yes,
    /// In part.
    Partial,
    /// It has not.
    No,
    /// It makes no sense for this file.
    NotApplicable,
    /// Nothing in the file tells.
    Unknown,
}

impl Protection {
    /// As people say it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::Partial => "partial",
            Self::No => "no",
            Self::NotApplicable => "not applicable",
            Self::Unknown => "unknown",
        }
    }

    /// The protection with what shows it.
    pub fn because(self, why: impl Into<String>) -> Verdict {
        Verdict { answer: self, why: why.into() }
    }
}
