//! Which folders a target's loader searches when nothing names one: glibc's built-in ones, `ld.so.conf`, musl's.

use std::path::{Path, PathBuf};

use super::Facts;
use super::header::Class;
use super::root::Root;

const LARGEST_CONFIGURATION: u64 = 1 << 20;
/// ldconfig has no bound; a loop of includes must end here.
const MOST_FOLDERS: usize = 1024;
const DEEPEST_INCLUDE: u32 = 8;
const MOST_FILES: u32 = 256;

/// The folders that glibc's loader has built in.
///
/// Debian and its children compile in the folder of the architecture; others use `lib64` for 64 bits. A root that
/// has Debian's folder is taken for one of those.
pub(super) fn defaults(root: &Root<'_>, facts: &Facts) -> Vec<PathBuf> {
    let arch = facts.platform.as_ref().map_or("", |platform| platform.arch.as_str());
    let exists = |folder: &String| root.folder(Path::new(folder)).is_some();
    let mut folders: Vec<String> = triples(arch)
        .iter()
        .flat_map(|triple| [format!("/lib/{triple}"), format!("/usr/lib/{triple}")])
        .collect();
    folders.retain(exists);
    let is_debian = !folders.is_empty();
    if !is_debian && facts.class == Class::Elf64 {
        let abi = if arch == "riscv64" { "/lp64d" } else { "" };
        folders.extend([format!("/lib64{abi}"), format!("/usr/lib64{abi}")]);
    }
    if !is_debian && arch == "amd64p32" {
        folders.extend(["/libx32".to_owned(), "/usr/libx32".to_owned()]);
    }
    folders.extend(["/lib".to_owned(), "/usr/lib".to_owned()]);
    folders.into_iter().map(PathBuf::from).collect()
}

/// Debian's names of architectures in paths.
fn triples(arch: &str) -> &'static [&'static str] {
    match arch {
        "amd64" => &["x86_64-linux-gnu"],
        "amd64p32" => &["x86_64-linux-gnux32"],
        "386" => &["i386-linux-gnu"],
        "arm64" => &["aarch64-linux-gnu"],
        "arm" => &["arm-linux-gnueabihf", "arm-linux-gnueabi"],
        "riscv64" => &["riscv64-linux-gnu"],
        "ppc64le" => &["powerpc64le-linux-gnu"],
        "ppc64" => &["powerpc64-linux-gnu"],
        "s390x" => &["s390x-linux-gnu"],
        "mips64le" => &["mips64el-linux-gnuabi64"],
        "mipsle" => &["mipsel-linux-gnu"],
        "loong64" => &["loongarch64-linux-gnu"],
        _ => &[],
    }
}

/// What `$LIB` stands for on the root.
pub(super) fn lib_token(root: &Root<'_>, facts: &Facts) -> String {
    let folder = defaults(root, facts).into_iter().next().unwrap_or_default();
    let text = folder.to_string_lossy().into_owned();
    text.trim_start_matches("/usr").trim_start_matches('/').to_owned()
}

/// What `$PLATFORM` stands for: the kernel's name of the processor.
pub(super) fn platform_token(facts: &Facts) -> &'static str {
    match facts.platform.as_ref().map_or("", |platform| platform.arch.as_str()) {
        "amd64" | "amd64p32" => "x86_64",
        "386" => "i686",
        "arm64" => "aarch64",
        "arm" => "v7l",
        "ppc64" | "ppc64le" => "power8",
        "s390x" => "z900",
        _ => "",
    }
}

/// The folders that `/etc/ld.so.conf` names: what `ldconfig` would put into a cache.
pub(super) fn configured(root: &Root<'_>) -> Vec<PathBuf> {
    let mut configuration = Configuration { root, folders: Vec::new(), files_left: MOST_FILES };
    configuration.read(Path::new("/etc/ld.so.conf"), DEEPEST_INCLUDE);
    configuration.folders
}

struct Configuration<'a> {
    root: &'a Root<'a>,
    folders: Vec<PathBuf>,
    files_left: u32,
}

impl Configuration<'_> {
    fn read(&mut self, file: &Path, depth: u32) {
        if depth == 0 || self.files_left == 0 {
            return;
        }
        self.files_left -= 1;
        let Some(bytes) = self.root.read(file, LARGEST_CONFIGURATION) else { return };
        for line in String::from_utf8_lossy(&bytes).lines() {
            let line = line.split('#').next().unwrap_or_default().trim();
            let mut words = line.split_whitespace();
            match words.next() {
                None | Some("hwcap") => {}
                Some("include") => words.for_each(|pattern| self.include(pattern, depth)),
                Some(_) if self.folders.len() < MOST_FOLDERS => {
                    self.folders.extend(line.split([' ', '\t', ',', ':', '=']).next().map(PathBuf::from));
                }
                Some(_) => return,
            }
        }
    }

    fn include(&mut self, pattern: &str, depth: u32) {
        if self.files_left == 0 {
            return;
        }
        // Patterns count as files do: each costs a look at a folder, though it may match nothing.
        self.files_left -= 1;
        for file in matches(self.root, &Path::new("/etc").join(pattern)) {
            self.read(&file, depth - 1);
        }
    }
}

/// The files that a pattern with at most one `*` in its last part names, in order.
fn matches(root: &Root<'_>, pattern: &Path) -> Vec<PathBuf> {
    let Some((folder, name)) = pattern.parent().zip(pattern.file_name()) else { return Vec::new() };
    let name = name.to_string_lossy();
    let Some((start, end)) = name.split_once('*') else { return vec![pattern.to_owned()] };
    let entries = root.folder(folder).and_then(|folder| folder.read_dir().ok());
    let names = entries.into_iter().flatten().take(MOST_FOLDERS).flatten().map(|entry| entry.file_name());
    let mut names: Vec<_> = names.filter_map(|name| name.into_string().ok()).collect();
    // As a shell's pattern: the star does not stand for a first dot, and the two ends do not overlap.
    names.retain(|name| {
        let hidden = start.is_empty() && name.starts_with('.');
        !hidden && name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end)
    });
    names.sort_unstable();
    names.into_iter().map(|name| folder.join(name)).collect()
}

/// Whether a loader is musl's, by its name `/lib/ld-musl-x86_64.so.1`.
pub(super) fn is_musl(interpreter: &str) -> bool {
    interpreter.rsplit('/').next().is_some_and(|name| name.starts_with("ld-musl-"))
}

/// The folders that musl's loader searches.
pub(super) fn musl(root: &Root<'_>, interpreter: &str) -> Vec<PathBuf> {
    let name = interpreter.rsplit('/').next().unwrap_or_default();
    let file = format!("/etc/{}.path", name.split(".so").next().unwrap_or_default());
    let text = root.read(Path::new(&file), LARGEST_CONFIGURATION);
    let text =
        text.map_or("/lib:/usr/local/lib:/usr/lib".to_owned(), |b| String::from_utf8_lossy(&b).into_owned());
    let folders = text.split([':', '\n']).filter(|folder| folder.starts_with('/'));
    folders.take(MOST_FOLDERS).map(PathBuf::from).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn configuration_is_followed_through_includes_and_loops_end() {
        let folder = tempfile::tempdir().unwrap();
        let parts = folder.path().join("etc/ld.so.conf.d");
        fs::create_dir_all(&parts).unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join("etc").join(name), text).unwrap();
        write("ld.so.conf", "# comment\n/opt/first\ninclude /etc/ld.so.conf.d/*.conf\n/opt/last # here\n");
        write("ld.so.conf.d/b.conf", "/opt/b\n");
        write("ld.so.conf.d/a.conf", "/opt/a\ninclude ld.so.conf.d/other\n");
        write("ld.so.conf.d/other", "/opt/other\n");
        let found = configured(&Root::new(folder.path()));
        assert_eq!(found, ["/opt/first", "/opt/a", "/opt/other", "/opt/b", "/opt/last"].map(PathBuf::from));

        write("ld.so.conf", &"include ld.so.conf ld.so.conf\n/opt/x\n".repeat(1000));
        assert!(configured(&Root::new(folder.path())).len() <= MOST_FOLDERS);
    }
}
