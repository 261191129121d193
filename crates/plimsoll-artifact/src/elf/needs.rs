//! What a program needs, as it is sent to the host that shall run it, and the same question asked there.
//!
//! The model knows no ELF: [`ProgramNeeds`] holds the few facts that the loader's search depends on, so that a host can
//! search with its own files before the program itself has come.

use std::path::Path;

use plimsoll_model::facts::{LibraryVersions, ProgramNeeds, Unmet};

use super::header::{ByteOrder, Class, FileType};
use super::{
    Facts, Linkage, LinkageKind, Problem, RequiredVersion, RequiredVersions, Resolution, Symbols, resolve,
};

impl Facts {
    /// What the program needs of a host.
    pub fn needs(&self) -> ProgramNeeds {
        let versions = self.required_versions.iter().map(|required| LibraryVersions {
            library: required.library.clone(),
            versions: required.versions.iter().filter(|v| !v.weak).map(|v| v.name.clone()).collect(),
        });
        ProgramNeeds {
            machine: self.machine,
            wide: self.class == Class::Elf64,
            big_endian: self.byte_order == ByteOrder::Big,
            loader: self.interpreter.clone(),
            libraries: self.needed.clone(),
            rpath: self.rpath.clone(),
            runpath: self.runpath.clone(),
            no_default_folders: self.no_default_libraries,
            versions: versions.collect(),
            glibc: self.oldest_glibc.map(|version| version.to_string()),
        }
    }
}

/// What a program with these needs does not find on a root; nothing where its loader would start it.
pub fn unmet(needs: &ProgramNeeds, root: &Path) -> Vec<Unmet> {
    unmet_in(&resolve(&facts_of(needs), root, None))
}

/// The library that a program of this machine gets for a name.
pub fn find_library(needs: &ProgramNeeds, name: &str, root: &Path) -> Option<std::path::PathBuf> {
    let resolution = resolve(&facts_of(needs), root, None);
    resolution.libraries.into_iter().find(|library| library.name == name)?.path
}

fn unmet_in(resolution: &Resolution) -> Vec<Unmet> {
    let mut unmet = Vec::new();
    if let Some(loader) = &resolution.loader {
        let unusable = loader.problem.as_ref().map(describe);
        if !loader.present || unusable.is_some() {
            unmet.push(Unmet::Loader { path: loader.path.display().to_string(), unusable });
        }
    }
    for library in resolution.libraries.iter().filter(|library| !library.is_satisfied()) {
        unmet.push(match (&library.path, &library.problem) {
            (Some(path), None) => Unmet::Versions {
                path: path.display().to_string(),
                versions: library.missing_versions.iter().map(|missing| missing.version.clone()).collect(),
            },
            (_, problem) => Unmet::Library {
                name: library.name.clone(),
                needed_by: library.needed_by.clone(),
                unusable: problem.as_ref().map(describe),
            },
        });
    }
    unmet
}

/// Facts that lead the search the same way as those of the program itself.
fn facts_of(needs: &ProgramNeeds) -> Facts {
    let versions = needs.versions.iter().map(|of| RequiredVersions {
        library: of.library.clone(),
        versions: of
            .versions
            .iter()
            .map(|name| RequiredVersion { name: name.clone(), weak: false })
            .collect(),
    });
    Facts {
        size: 0,
        class: if needs.wide { Class::Elf64 } else { Class::Elf32 },
        byte_order: if needs.big_endian { ByteOrder::Big } else { ByteOrder::Little },
        machine: needs.machine,
        platform: None,
        file_type: FileType::Pie,
        linkage: Linkage { kind: LinkageKind::Dynamic, reason: String::new() },
        interpreter: needs.loader.clone(),
        soname: None,
        needed: needs.libraries.clone(),
        rpath: needs.rpath.clone(),
        runpath: needs.runpath.clone(),
        no_default_libraries: needs.no_default_folders,
        required_versions: versions.collect(),
        defined_versions: Vec::new(),
        oldest_glibc: None,
        symbols: Symbols::Unknown,
        build_id: None,
    }
}

/// Why a file that is there cannot be used, for people.
pub(crate) fn describe(problem: &Problem) -> String {
    match problem {
        Problem::WrongMachine => "it is for another machine".to_owned(),
        Problem::Unreadable { why } => why.clone(),
        Problem::TooMany => "more libraries are needed than are followed (2,048)".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::inspect_file;
    use super::*;

    #[test]
    fn needs_lead_to_the_same_files_as_the_program() {
        for program in ["/bin/ls", "/bin/bash", "/usr/bin/env"] {
            let facts = inspect_file(Path::new(program)).unwrap();
            let (own, sent) = (resolve(&facts, Path::new("/"), None), facts_of(&facts.needs()));
            let sent = resolve(&sent, Path::new("/"), None);
            assert_eq!(own, sent, "{program}");
            assert_eq!(unmet(&facts.needs(), Path::new("/")), [], "{program}");
        }
    }

    #[test]
    fn an_empty_root_lacks_all() {
        let folder = tempfile::tempdir().unwrap();
        let needs = inspect_file(Path::new("/bin/ls")).unwrap().needs();
        let unmet = unmet(&needs, folder.path());
        assert!(matches!(&unmet[0], Unmet::Loader { unusable: None, .. }), "{unmet:?}");
        let lacks_libc = |u: &Unmet| matches!(u, Unmet::Library { name, .. } if name == "libc.so.6");
        assert!(unmet.iter().any(lacks_libc), "{unmet:?}");
    }

    #[test]
    fn versions_that_a_library_lacks_are_named() {
        let mut needs = inspect_file(Path::new("/bin/ls")).unwrap().needs();
        let libc = needs.versions.iter_mut().find(|of| of.library == "libc.so.6").expect("ls uses libc");
        libc.versions.push("GLIBC_9.99".to_owned());
        let unmet = unmet(&needs, Path::new("/"));
        assert!(
            matches!(&unmet[..], [Unmet::Versions { versions, .. }] if versions == &["GLIBC_9.99"]),
            "{unmet:?}"
        );
    }
}
