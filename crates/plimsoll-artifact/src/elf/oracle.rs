//! Programs made by this machine's compiler, and what its loader does with them, against what is read here. What is
//! installed is compared in `inspect/oracle.rs`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{FileType, FoundBy, LinkageKind, Resolution, Symbols, inspect_file, resolve};

/// A folder where C programs and libraries are made.
struct Workshop {
    folder: tempfile::TempDir,
}

impl Workshop {
    fn open(test: &str) -> Option<Self> {
        if Command::new("cc").arg("--version").output().is_err() {
            println!("skipped: {test}: there is no `cc` here");
            return None;
        }
        Some(Self { folder: tempfile::tempdir().unwrap() })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, content: &str) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), content).unwrap();
    }

    fn cc(&self, arguments: &str) {
        let output =
            Command::new("cc").args(arguments.split(' ')).current_dir(self.folder.path()).output().unwrap();
        assert!(output.status.success(), "cc {arguments}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn resolve(&self, program: &str) -> Resolution {
        let path = self.path(program);
        resolve(&inspect_file(&path).unwrap(), Path::new("/"), path.parent())
    }
}

#[test]
fn linkage_and_symbols_of_what_a_compiler_makes() {
    let Some(shop) = Workshop::open("linkage_and_symbols_of_what_a_compiler_makes") else { return };
    shop.write("main.c", "#include <stdio.h>\nint main(void) { puts(\"x\"); return 0; }\n");
    let cases = [
        ("-no-pie", FileType::Executable, LinkageKind::Dynamic, Symbols::Names),
        ("-pie -fPIE -s", FileType::Pie, LinkageKind::Dynamic, Symbols::Stripped),
        ("-static -g", FileType::Executable, LinkageKind::Static, Symbols::DebugInformation),
        ("-static-pie -fPIE -s", FileType::StaticPie, LinkageKind::StaticPie, Symbols::Stripped),
        ("-shared -fPIC -s", FileType::SharedLibrary, LinkageKind::Dynamic, Symbols::Stripped),
        ("-c", FileType::Object, LinkageKind::Static, Symbols::Names),
    ];
    for (flags, file_type, linkage, symbols) in cases {
        shop.cc(&format!("{flags} -o out main.c"));
        let facts = inspect_file(&shop.path("out")).unwrap();
        assert_eq!((facts.file_type, facts.linkage.kind), (file_type, linkage), "{flags}: {facts:#?}");
        assert!(facts.symbols == symbols || symbols == Symbols::Names, "{flags}: {:?}", facts.symbols);
    }
    shop.cc("-Wl,--build-id=0x0123abcd -o out main.c");
    assert_eq!(inspect_file(&shop.path("out")).unwrap().build_id.unwrap(), "0123abcd");
}

#[test]
fn runpath_rpath_and_origin_as_the_loader_takes_them() {
    let Some(shop) = Workshop::open("runpath_rpath_and_origin_as_the_loader_takes_them") else { return };
    shop.write("deep.c", "int deep(void) { return 1; }\n");
    shop.write("mid.c", "int deep(void); int mid(void) { return deep(); }\n");
    shop.write("main.c", "int mid(void); int main(void) { return mid(); }\n");
    fs::create_dir(shop.path("lib")).unwrap();
    shop.cc("-shared -fPIC -o lib/libdeep.so deep.c");
    shop.cc("-shared -fPIC -o lib/libmid.so mid.c -Llib -ldeep");
    let link = "-o program main.c -Llib -lmid -Wl,-rpath-link,lib -Wl,--no-as-needed";

    // An RPATH of the program serves its libraries, too; a RUNPATH only the program itself.
    shop.cc(&format!("{link} -Wl,--disable-new-dtags,-rpath,$ORIGIN/lib"));
    let resolution = shop.resolve("program");
    assert!(resolution.is_complete(), "{resolution:#?}");
    assert_eq!(row(&resolution, "libdeep.so").found_by, Some(FoundBy::Rpath));
    assert_eq!(row(&resolution, "libdeep.so").path.as_ref().unwrap(), &shop.path("lib/libdeep.so"));

    shop.cc(&format!("{link} -Wl,--enable-new-dtags,-rpath,${{ORIGIN}}/lib"));
    let resolution = shop.resolve("program");
    assert_eq!(row(&resolution, "libmid.so").found_by, Some(FoundBy::Runpath));
    assert_eq!(row(&resolution, "libdeep.so").path, None);
    assert_eq!(row(&resolution, "libdeep.so").needed_by.as_deref(), Some("libmid.so"));
    let run = Command::new(shop.path("program")).output().unwrap();
    assert_eq!(run.status.code(), Some(127), "the loader agrees that libdeep.so is missing");
}

#[test]
fn a_library_without_the_needed_version_is_told() {
    let Some(shop) = Workshop::open("a_library_without_the_needed_version_is_told") else { return };
    shop.write("lib.c", "int f(void) { return 1; }\n");
    shop.write("main.c", "int f(void); int main(void) { return f(); }\n");
    shop.write("new.map", "V_1 { };\nV_2 { f; } V_1;\n");
    shop.write("old.map", "V_1 { f; };\n");
    shop.cc("-shared -fPIC -o libf.so lib.c -Wl,--version-script,new.map");
    shop.cc("-o program main.c -L. -lf -Wl,-rpath,$ORIGIN");
    assert!(shop.resolve("program").is_complete());

    shop.cc("-shared -fPIC -o libf.so lib.c -Wl,--version-script,old.map");
    let resolution = shop.resolve("program");
    let missing = &row(&resolution, "libf.so").missing_versions;
    assert_eq!(missing.len(), 1, "{resolution:#?}");
    assert_eq!((missing[0].version.as_str(), &missing[0].needed_by), ("V_2", &None));
    let run = Command::new(shop.path("program")).output().unwrap();
    let said = String::from_utf8_lossy(&run.stderr).into_owned();
    assert!(said.contains("version `V_2' not found"), "the loader agrees: {said}");
}

#[test]
fn another_root_is_judged_by_its_own_files() {
    let Some(shop) = Workshop::open("another_root_is_judged_by_its_own_files") else { return };
    shop.write("lib.c", "int f(void) { return 1; }\n");
    shop.write("main.c", "int f(void); int main(void) { return f(); }\n");
    shop.cc("-shared -fPIC -nostdlib -o libf.so lib.c");
    shop.cc("-nostdlib -Wl,-emain -Wl,-dynamic-linker,/lib/loader.so -o program main.c -L. -lf");
    let facts = inspect_file(&shop.path("program")).unwrap();
    let root = shop.path("root");
    fs::create_dir_all(root.join("opt/lib")).unwrap();
    fs::create_dir_all(root.join("etc")).unwrap();

    let bare = resolve(&facts, &root, None);
    assert!(!bare.loader.as_ref().unwrap().present && bare.libraries[0].path.is_none());

    fs::create_dir_all(root.join("lib")).unwrap();
    fs::copy(shop.path("libf.so"), root.join("lib/loader.so")).unwrap();
    fs::copy(shop.path("libf.so"), root.join("opt/lib/libf.so")).unwrap();
    fs::write(root.join("etc/ld.so.conf"), "/opt/lib\n").unwrap();
    let configured = resolve(&facts, &root, None);
    assert_eq!(configured.libraries[0].found_by, Some(FoundBy::Configuration));
    assert!(configured.is_complete(), "{configured:#?}");

    let cache = super::cache::tests::cache_of(&[("libf.so", "/opt/lib/libf.so", 0)]);
    fs::write(root.join("etc/ld.so.cache"), cache).unwrap();
    let cached = resolve(&facts, &root, None);
    assert_eq!(cached.libraries[0].found_by, Some(FoundBy::Cache));

    fs::write(root.join("opt/lib/libf.so"), "INPUT(libreal.so)").unwrap();
    let broken = resolve(&facts, &root, None);
    assert!(broken.libraries[0].problem.is_some() && !broken.is_complete(), "{broken:#?}");
}

#[test]
fn a_root_with_musl_is_searched_as_musl_does() {
    let Some(shop) = Workshop::open("a_root_with_musl_is_searched_as_musl_does") else { return };
    shop.write("lib.c", "int f(void) { return 1; }\n");
    shop.write("main.c", "int f(void); int main(void) { return f(); }\n");
    shop.cc("-shared -fPIC -nostdlib -o libf.so lib.c");
    shop.cc("-shared -fPIC -nostdlib -Wl,-soname,libc.musl-x86_64.so.1 -o libc.so lib.c");
    let link = "-nostdlib -Wl,-emain -Wl,--no-as-needed -Wl,-dynamic-linker,/lib/ld-musl-x86_64.so.1";
    shop.cc(&format!("{link} -o program main.c -L. -lf -l:libc.so"));
    let facts = inspect_file(&shop.path("program")).unwrap();
    let root = shop.path("root");
    for folder in ["lib", "etc", "opt", "usr/local/lib"] {
        fs::create_dir_all(root.join(folder)).unwrap();
    }
    fs::copy(shop.path("libc.so"), root.join("lib/ld-musl-x86_64.so.1")).unwrap();
    fs::copy(shop.path("libf.so"), root.join("usr/local/lib/libf.so")).unwrap();
    fs::copy(shop.path("libf.so"), root.join("opt/libf.so")).unwrap();
    let found = resolve(&facts, &root, None);
    assert!(found.is_complete(), "{found:#?}");
    assert_eq!(row(&found, "libc.musl-x86_64.so.1").found_by, Some(FoundBy::Interpreter));
    assert_eq!(row(&found, "libf.so").path.as_deref(), Some(Path::new("/usr/local/lib/libf.so")));

    fs::write(root.join("etc/ld-musl-x86_64.path"), "/opt\n/lib\n").unwrap();
    let found = resolve(&facts, &root, None);
    assert_eq!(row(&found, "libf.so").path.as_deref(), Some(Path::new("/opt/libf.so")));
}

fn row<'a>(resolution: &'a Resolution, name: &str) -> &'a super::ResolvedLibrary {
    resolution.libraries.iter().find(|library| library.name == name).unwrap()
}
