//! Why a file has no facts.

use std::path::PathBuf;

const BUILD_AGAIN: &str = "copy or build it again";
const NAME_THE_PROGRAM: &str = "release the program that it starts";
const NAME_THE_OUTPUT: &str = "name the program that the build makes";
const CHECK_THE_PATH: &str = "check its path and permissions";

/// A file that is no readable ELF file.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// There are no bytes.
    #[error("the file is empty; {}", BUILD_AGAIN)]
    Empty,
    /// It is a script.
    #[error("the file is a script (`{line}`), not a program; {}", NAME_THE_PROGRAM)]
    Script {
        /// Its first line.
        line: String,
    },
    /// It is something else.
    #[error("the file is {what}, not an ELF executable; {}", NAME_THE_OUTPUT)]
    NotExecutable {
        /// What it seems to be.
        what: &'static str,
    },
    /// It ends too early.
    #[error("the file is cut off: {part} ends at byte {needs}, the file at byte {has}; {}", BUILD_AGAIN)]
    Truncated {
        /// What lies beyond the end.
        part: &'static str,
        /// Where that part ends.
        needs: u64,
        /// Where the file ends.
        has: u64,
    },
    /// Its tables contradict themselves or are beyond every sensible size.
    #[error("the file is damaged: {why}; {}", BUILD_AGAIN)]
    Malformed {
        /// What is wrong.
        why: &'static str,
    },
    /// The operating system did not let it be read.
    #[error("cannot read {}; {}", path.display(), CHECK_THE_PATH)]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

impl InspectError {
    /// What to do about it: the end of the error's text.
    pub const fn advice(&self) -> &'static str {
        match self {
            Self::Script { .. } => NAME_THE_PROGRAM,
            Self::NotExecutable { .. } => NAME_THE_OUTPUT,
            Self::Empty | Self::Truncated { .. } | Self::Malformed { .. } => BUILD_AGAIN,
            Self::Unreadable { .. } => CHECK_THE_PATH,
        }
    }

    /// What is wrong: the error's text without the advice.
    pub fn what(&self) -> String {
        let text = self.to_string();
        text.strip_suffix(self.advice()).unwrap_or(&text).trim_end_matches("; ").to_owned()
    }
}

/// A part of the file that is damaged.
pub(crate) const fn malformed(why: &'static str) -> InspectError {
    InspectError::Malformed { why }
}

/// How files of other formats begin.
const KNOWN: [(&[u8], &str); 16] = [
    (b"MZ", "a Windows program (PE)"),
    (b"\xcf\xfa\xed\xfe", "a macOS program (Mach-O)"),
    (b"\xce\xfa\xed\xfe", "a macOS program (Mach-O)"),
    (b"\xfe\xed\xfa\xcf", "a macOS program (Mach-O)"),
    (b"\xfe\xed\xfa\xce", "a macOS program (Mach-O)"),
    (b"\xca\xfe\xba\xbe", "a macOS universal program or a Java class"),
    (b"\0asm", "a WebAssembly module"),
    (b"!<arch>\n", "a static library or package (ar)"),
    (b"PK\x03\x04", "a zip archive"),
    (b"\x1f\x8b", "gzip data"),
    (b"\xfd7zXZ\0", "xz data"),
    (b"\x28\xb5\x2f\xfd", "zstd data"),
    (b"BZh", "bzip2 data"),
    (b"BC\xc0\xde", "LLVM bitcode"),
    (b"{", "JSON or other text"),
    (b"<", "a page or other text"),
];

/// What a file is that is no ELF file, by its first bytes.
pub(super) fn other_format(start: &[u8]) -> InspectError {
    if let Some(script) = start.strip_prefix(b"#!") {
        let line = script.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let line = String::from_utf8_lossy(&line[..line.len().min(200)]);
        return InspectError::Script { line: format!("#!{}", line.escape_debug()) };
    }
    let known = KNOWN.iter().find(|(magic, _)| start.starts_with(magic)).map(|(_, name)| *name);
    let tar = start.get(257..262).is_some_and(|magic| magic == b"ustar").then_some("a tar archive");
    let is_text = !start.contains(&0) && std::str::from_utf8(&start[..start.len().min(64)]).is_ok();
    let what = known.or(tar).unwrap_or(if is_text { "text" } else { "of no format that is known here" });
    InspectError::NotExecutable { what }
}
