//! Files of a build: folders, the copy that becomes the artifact, and what its first bytes say.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use plimsoll_model::release::Platform;

use super::BuildError;

/// What the names of our folders begin with.
const OURS: &str = ".plimsoll-";

fn failed<'a>(action: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> BuildError + 'a {
    move |source| BuildError::File { action, path: path.to_owned(), source }
}

/// The path from the root, without links.
pub(super) fn whole_path(path: &Path) -> Result<PathBuf, BuildError> {
    path.canonicalize().map_err(failed("find", path))
}

/// Makes a folder where it is absent; its path from the root.
pub(super) fn make_folder(path: &Path) -> Result<PathBuf, BuildError> {
    fs::create_dir_all(path).map_err(failed("make the folder", path))?;
    whole_path(path)
}

/// A folder of ours for intermediate files: named so that no project has one like it, since it is emptied.
pub(super) fn fresh_folder(out: &Path, tool: &str) -> Result<PathBuf, BuildError> {
    let folder = out.join(format!("{OURS}{tool}"));
    match fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed("empty", &folder)(error)),
        _ => {}
    }
    make_folder(&folder)
}

/// Copies `file` to `<out>/<name>`, with its mode. The copy shares blocks where the file system can, and appears whole
/// or not at all. A file in a folder of ours is moved.
pub(super) fn place(file: &Path, out: &Path, name: &str) -> Result<PathBuf, BuildError> {
    let artifact = out.join(name);
    if file == artifact {
        return Ok(artifact);
    }
    let new = out.join(format!(".{name}.new"));
    // What an earlier build left may be without write permission.
    let _ = fs::remove_file(&new);
    let in_ours = file.strip_prefix(out).is_ok_and(|path| path.to_string_lossy().starts_with(OURS));
    if in_ours && !file.is_symlink() && fs::rename(file, &artifact).is_ok() {
        return Ok(artifact);
    }
    fs::copy(file, &new).map_err(failed("copy", file))?;
    fs::rename(&new, &artifact).map_err(failed("place", &artifact))?;
    Ok(artifact)
}

/// Whether its owner may execute the file.
pub(super) fn is_executable(file: &Path) -> Result<bool, BuildError> {
    Ok(file.metadata().map_err(failed("read", file))?.permissions().mode() & 0o100 != 0)
}

/// Names of at most 20 programs below a folder, relative to it.
pub(super) fn programs_below(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    // CMake's own folder holds its trial programs.
    while let Some(at) = folders.pop() {
        for entry in fs::read_dir(&at).into_iter().flatten().flatten() {
            let path = entry.path();
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && entry.file_name() != "CMakeFiles" => folders.push(path),
                Ok(kind) if kind.is_file() && is_executable(&path).unwrap_or(false) => {
                    found.push(path.strip_prefix(folder).unwrap_or(&path).display().to_string());
                }
                _ => {}
            }
        }
        if found.len() >= 20 || folders.len() > 10_000 {
            break;
        }
    }
    found.sort();
    found.truncate(20);
    found
}

/// The machine that we run on, in Go's words.
pub(super) fn here() -> Platform {
    let os = if cfg!(target_os = "macos") { "darwin" } else { std::env::consts::OS };
    Platform { os: os.to_owned(), arch: go_word(std::env::consts::ARCH).to_owned() }
}

/// A processor's name in Go's words, from what Rust and GNU call it.
pub(super) fn go_word(arch: &str) -> &str {
    match arch {
        "x86_64" => "amd64",
        "aarch64" | "arm64" => "arm64",
        "x86" | "i386" | "i586" | "i686" => "386",
        "riscv64gc" | "riscv64a23" => "riscv64",
        "powerpc64" => "ppc64",
        "powerpc64le" => "ppc64le",
        "loongarch64" => "loong64",
        arch if arch.starts_with("arm") || arch.starts_with("thumb") => "arm",
        arch => arch,
    }
}

/// The first bytes of a file.
pub(super) struct Head([u8; 20]);

impl Head {
    pub(super) fn read(file: &Path) -> Result<Self, BuildError> {
        let mut bytes = Vec::new();
        let open = File::open(file).map_err(failed("read", file))?;
        open.take(20).read_to_end(&mut bytes).map_err(failed("read", file))?;
        let mut head = [0; 20];
        head[..bytes.len()].copy_from_slice(&bytes);
        Ok(Self(head))
    }

    /// Whether it is an archive of object files: what `go build` makes of a package that is no program.
    pub(super) fn is_archive(&self) -> bool {
        self.0.starts_with(b"!<arch>\n")
    }

    /// The processor, in Go's words, where the file is ELF and for one that is known.
    pub(super) fn processor(&self) -> Option<String> {
        let [0x7f, b'E', b'L', b'F', _, order, ..] = self.0 else { return None };
        let machine = [self.0[18], self.0[19]];
        let little = order == 1;
        let machine = if little { u16::from_le_bytes(machine) } else { u16::from_be_bytes(machine) };
        let name = match machine {
            3 => "386",
            21 if little => "ppc64le",
            21 => "ppc64",
            22 => "s390x",
            40 => "arm",
            62 => "amd64",
            183 => "arm64",
            243 => "riscv64",
            258 => "loong64",
            _ => return None,
        };
        Some(name.to_owned())
    }
}
