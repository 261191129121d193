//! The small static program that starts a bundled one: its code, compiled from `launcher/launcher.c`, wrapped into an ELF file
//! together with the texts that are its own.
//!
//! `cargo xtask launcher` compiles the code again; the results are kept beside the source, so that plimsoll can be built, and
//! bundles made for other processors, without any C compiler. How the texts are laid out is told at the top of `launcher.c`.

use super::BundleError;

const X86_64: &[u8] = include_bytes!("launcher/x86_64.bin");
const AARCH64: &[u8] = include_bytes!("launcher/aarch64.bin");

/// ELF's numbers of machines.
const EM_X86_64: u16 = 62;
const EM_AARCH64: u16 = 183;

/// Where the file's first byte is in memory; `link.ld` begins the code `CODE` bytes later.
const BASE: u64 = 0x40_0000;
const CODE: u64 = 0x200;
/// Where the texts are, in the file and in memory (`launcher.c`). The distance to a multiple of the largest page is the same.
const TEXTS: u64 = 0x1000;
const TEXTS_ADDRESS: u64 = 0x61_1000;
/// arm64 kernels may have pages of 64 KiB.
const PAGE: u64 = 0x1_0000;
/// Bounds of `launcher.c`; the expanded texts need room for the folder's path each time that it is named.
const LONGEST_TEXTS: usize = 16_384;
const MOST_ARGUMENTS: usize = 32;
const MOST_VARIABLES: usize = 64;

/// Stands for the bundle's folder in a text.
pub(super) const FOLDER: char = '\u{1}';
/// Stands for the name by which the launcher was called.
pub(super) const CALLED: char = '\u{2}';

/// What one launcher does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Launcher {
    /// How many parts of its own path lead up to the bundle's folder: 2 for `bin/NAME`.
    pub(super) levels: u8,
    /// The file to execute.
    pub(super) program: String,
    /// The arguments from the first on; the caller's follow.
    pub(super) arguments: Vec<String>,
    /// `NAME=VALUE`, for those that the caller has not set.
    pub(super) variables: Vec<String>,
}

/// Whether there is a launcher for a machine.
pub(super) fn is_there_for(machine: u16) -> bool {
    code(machine).is_some()
}

fn code(machine: u16) -> Option<&'static [u8]> {
    match machine {
        EM_X86_64 => Some(X86_64),
        EM_AARCH64 => Some(AARCH64),
        _ => None,
    }
}

impl Launcher {
    /// The launcher as a program for a machine.
    pub(super) fn to_elf(&self, machine: u16) -> Result<Vec<u8>, BundleError> {
        let code = code(machine).ok_or(BundleError::NoLauncher { machine })?;
        let texts = self.texts()?;
        let code_end = CODE + code.len() as u64;
        assert!(code_end <= TEXTS, "the launcher's code is {} bytes: it ends before the texts", code.len());
        let mut file = header(machine);
        file.extend(segment(1, 5, 0, BASE, code_end));
        file.extend(segment(1, 4, TEXTS, TEXTS_ADDRESS, texts.len() as u64));
        // A stack that is not executable.
        file.extend(segment(0x6474_e551, 6, 0, 0, 0));
        file.resize(usize::try_from(CODE).expect("it is small"), 0);
        file.extend(code);
        file.resize(usize::try_from(TEXTS).expect("it is small"), 0);
        file.extend(texts);
        Ok(file)
    }

    fn texts(&self) -> Result<Vec<u8>, BundleError> {
        let mut texts = vec![self.levels];
        let mut add = |text: &str| {
            texts.extend(text.as_bytes());
            texts.push(0);
        };
        add(&self.program);
        self.arguments.iter().for_each(|text| add(text));
        add("");
        self.variables.iter().for_each(|text| add(text));
        add("");
        let fits = texts.len() <= LONGEST_TEXTS
            && self.arguments.len() <= MOST_ARGUMENTS
            && self.variables.len() <= MOST_VARIABLES;
        if fits { Ok(texts) } else { Err(BundleError::TooManyVariables) }
    }
}

/// The header of a 64-bit little-endian program with three segments.
fn header(machine: u16) -> Vec<u8> {
    let mut header = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    let executable: u16 = 2;
    header.extend(executable.to_le_bytes());
    header.extend(machine.to_le_bytes());
    header.extend(1_u32.to_le_bytes());
    header.extend((BASE + CODE).to_le_bytes());
    header.extend(64_u64.to_le_bytes());
    header.extend(0_u64.to_le_bytes());
    header.extend(0_u32.to_le_bytes());
    // Sizes: header, a row of segments, rows of segments, a row of sections, rows, index of their names.
    for number in [64_u16, 56, 3, 0, 0, 0] {
        header.extend(number.to_le_bytes());
    }
    header
}

fn segment(kind: u32, flags: u32, offset: u64, address: u64, size: u64) -> Vec<u8> {
    let mut row = [kind.to_le_bytes(), flags.to_le_bytes()].concat();
    for number in [offset, address, address, size, size, if kind == 1 { PAGE } else { 16 }] {
        row.extend(number.to_le_bytes());
    }
    row
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;
    use crate::elf::{LinkageKind, inspect};

    fn launcher() -> Launcher {
        Launcher {
            levels: 2,
            program: format!("{FOLDER}/lib/ld.so"),
            arguments: vec![format!("{CALLED}")],
            variables: vec![format!("HOME_OF={FOLDER}/tree")],
        }
    }

    #[test]
    fn launchers_are_small_static_programs() {
        for (machine, arch) in [(EM_X86_64, "amd64"), (EM_AARCH64, "arm64")] {
            let file = launcher().to_elf(machine).unwrap();
            let facts = inspect(&file).unwrap();
            assert_eq!(facts.linkage.kind, LinkageKind::Static);
            assert_eq!(facts.platform.unwrap().arch, arch);
            assert!(file.len() < 5000, "{} bytes", file.len());
        }
        assert!(matches!(launcher().to_elf(8), Err(BundleError::NoLauncher { machine: 8 })));
    }

    #[test]
    fn more_than_the_code_can_hold_is_refused() {
        let many = Launcher { variables: vec!["A=1".to_owned(); MOST_VARIABLES + 1], ..launcher() };
        assert!(matches!(many.to_elf(EM_X86_64), Err(BundleError::TooManyVariables)));
        let long = Launcher { variables: vec!["A".repeat(LONGEST_TEXTS)], ..launcher() };
        assert!(matches!(long.to_elf(EM_X86_64), Err(BundleError::TooManyVariables)));
    }

    /// Runs a launcher that starts a shell, which prints its name, its arguments and two variables.
    fn run(machine: u16, emulator: Option<&str>) {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().join("bin/start");
        std::fs::create_dir(folder.path().join("bin")).unwrap();
        let launcher = Launcher {
            levels: 2,
            program: "/bin/sh".to_owned(),
            arguments: [
                "a shell",
                "-c",
                "printf '%s|' \"$0\" \"$@\" \"$OURS\" \"$THEIRS\"",
                &CALLED.to_string(),
            ]
            .map(str::to_owned)
            .to_vec(),
            variables: vec![format!("OURS={FOLDER}/tree"), "THEIRS=changed".to_owned()],
        };
        std::fs::write(&at, launcher.to_elf(machine).unwrap()).unwrap();
        std::fs::set_permissions(&at, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let mut command = std::process::Command::new(emulator.map_or(at.as_os_str(), OsStr::new));
        command
            .args(emulator.map(|_| &at))
            .args(["one", "two words"])
            .env("THEIRS", "kept")
            .env_remove("OURS");
        let output = command.output().unwrap();
        let real = folder.path().canonicalize().unwrap();
        let expected = format!("{}|one|two words|{}/tree|kept|", at.display(), real.display());
        assert_eq!(String::from_utf8_lossy(&output.stdout), expected, "{output:?}");
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn it_starts_what_its_texts_say() {
        run(EM_X86_64, None);
    }

    #[test]
    fn it_starts_what_its_texts_say_on_arm64() {
        if cfg!(target_arch = "aarch64") {
            return run(EM_AARCH64, None);
        }
        let emulator = "qemu-aarch64-static";
        if std::process::Command::new(emulator).arg("--version").output().is_err() {
            return super::super::real::skip("the launcher on arm64", "qemu-aarch64-static is not here");
        }
        run(EM_AARCH64, Some(emulator));
    }
}
