//! Programs that this machine's compilers of C, C++ and Rust make, each with one thing about it that is known.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use plimsoll_model::facts::CpuLevel;
use plimsoll_model::inspection::Protection::{No, NotApplicable, Partial, Unknown, Yes};
use plimsoll_model::inspection::{Answer, CLibrary, Inspection, Linkage, Protection, Symbols};

use super::{Question, inspect};

const C: &str = "#include <stdio.h>\n#include <string.h>\n\
    int main(int count, char **words) { char room[64]; strcpy(room, words[0]); puts(room); return count; }\n";

struct Shop {
    folder: tempfile::TempDir,
}

impl Shop {
    fn open(test: &str, compiler: &str) -> Option<Self> {
        if Command::new(compiler).arg("--version").output().is_err() {
            println!("skipped: {test}: there is no `{compiler}` here");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("main.c"), C).unwrap();
        Some(Self { folder })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Compiles and looks at what came of it; `None` where the compiler knows no such flag.
    fn try_make(&self, compiler: &str, arguments: &str) -> Option<Inspection> {
        let output = Command::new(compiler)
            .args(arguments.split(' '))
            .current_dir(self.folder.path())
            .output()
            .unwrap();
        output.status.success().then(|| inspect(&self.path("out"), &Question::default()))
    }

    fn make(&self, compiler: &str, arguments: &str) -> Inspection {
        self.try_make(compiler, arguments).unwrap_or_else(|| panic!("{compiler} {arguments}"))
    }
}

fn answer(inspection: &Inspection, name: &str) -> Protection {
    let hardening = inspection.hardening.as_ref().unwrap();
    hardening.all().iter().find(|(known, _)| *known == name).unwrap().1.answer
}

#[test]
fn each_protection_follows_its_flag() {
    let Some(shop) = Shop::open("each_protection_follows_its_flag", "cc") else { return };
    let cases = [
        ("-pie -fPIE", "pie", Yes),
        ("-no-pie", "pie", No),
        ("-shared -fPIC", "pie", NotApplicable),
        ("-static-pie -fPIE", "pie", Yes),
        ("-Wl,-z,relro,-z,now", "relro", Yes),
        ("-Wl,-z,relro,-z,lazy", "relro", Partial),
        ("-Wl,-z,norelro,-z,now", "relro", No),
        ("-Wl,-z,noexecstack", "nx", Yes),
        ("-Wl,-z,execstack", "nx", No),
        ("-fstack-protector-all", "canary", Yes),
        ("-fno-stack-protector", "canary", No),
        // The C library that is linked in has its own.
        ("-static -fno-stack-protector", "canary", Unknown),
        ("-static -s", "canary", Unknown),
        ("-O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2", "fortify", Yes),
        ("-O2 -U_FORTIFY_SOURCE", "fortify", No),
        ("-static", "fortify", Unknown),
        ("-c", "relro", NotApplicable),
    ];
    for (flags, name, expected) in cases {
        let inspection = shop.make("cc", &format!("{flags} -o out main.c"));
        assert_eq!(answer(&inspection, name), expected, "{flags}: {:#?}", inspection.hardening);
    }
}

#[test]
fn a_name_that_only_ends_like_the_canary_is_none() {
    let Some(shop) = Shop::open("a_name_that_only_ends_like_the_canary_is_none", "cc") else { return };
    let decoy =
        "void false__stack_chk_fail(void) {}\nvoid _start(void) { false__stack_chk_fail(); for (;;); }\n";
    fs::write(shop.path("decoy.c"), decoy).unwrap();
    let inspection = shop.make("cc", "-static -nostdlib -fno-stack-protector -o out decoy.c");
    assert_eq!(answer(&inspection, "canary"), No);
    assert_eq!(inspection.c_library, Some(CLibrary::Unknown));
    assert_eq!(answer(&inspection, "separate code"), Yes);
    let inspection = shop.make("cc", "-static -nostdlib -Wl,-N -o out decoy.c");
    assert_eq!(answer(&inspection, "separate code"), No);
}

#[test]
#[cfg(target_arch = "x86_64")]
fn marks_of_processor_and_loader_are_read() {
    let Some(shop) = Shop::open("marks_of_processor_and_loader_are_read", "cc") else { return };
    fs::write(shop.path("f.c"), "int f(void) { return 1; }\n").unwrap();
    let library = "-shared -fPIC -nostdlib -o out f.c";
    let marked = shop.make("cc", &format!("-fcf-protection=full {library}"));
    assert_eq!(answer(&marked, "cet"), Yes);
    assert_eq!(answer(&shop.make("cc", &format!("-fcf-protection=none {library}")), "cet"), No);
    assert_eq!(answer(&marked, "bti"), NotApplicable);
    if let Some(new) = shop.try_make("cc", "-Wl,-z,x86-64-v3 -o out main.c") {
        assert_eq!(new.cpu_level, Some(CpuLevel::V3));
    }
    if let Some(new) = shop.try_make("cc", "-pie -fPIE -Wl,-z,pack-relative-relocs -o out main.c") {
        // The number of the newest function is lower: it is the mark that asks for 2.36.
        assert_eq!(new.minimum_glibc.as_deref(), Some("2.36"), "{:?}", new.required_versions);
        assert_eq!(new.distributions.unwrap().oldest, ["Debian 12", "Ubuntu 24.04", "RHEL 10"]);
    }
    let static_c = shop.make("cc", "-static -g -o out main.c");
    assert_eq!(static_c.c_library, Some(CLibrary::GlibcStatic));
    assert_eq!(static_c.symbols, Some(Symbols::DebugInformation));
    assert_eq!((static_c.is_go, static_c.is_rust), (Some(Answer::No), Some(Answer::Unknown)));
}

#[test]
fn the_cxx_library_has_a_version_of_its_own() {
    let Some(shop) = Shop::open("the_cxx_library_has_a_version_of_its_own", "c++") else { return };
    fs::write(shop.path("main.cc"), "#include <iostream>\nint main() { std::cout << 1; throw 1; }\n")
        .unwrap();
    let inspection = shop.make("c++", "-o out main.cc");
    let versions = &inspection.minimum_versions;
    assert!(versions.glibcxx.as_ref().is_some_and(|version| version.starts_with("3.4")), "{versions:?}");
    assert!(versions.cxxabi.as_ref().is_some_and(|version| version.starts_with("1.3")), "{versions:?}");
}

#[test]
fn rust_programs_tell_their_compiler_and_a_static_glibc() {
    let Some(shop) = Shop::open("rust_programs_tell_their_compiler_and_a_static_glibc", "rustc") else {
        return;
    };
    fs::write(shop.path("main.rs"), "fn main() { println!(\"{:?}\", std::env::args()); }\n").unwrap();
    let version = Command::new("rustc").arg("--version").output().unwrap().stdout;
    let version = String::from_utf8(version).unwrap();
    for flags in [
        "",
        "-C strip=symbols ",
        "-C target-feature=+crt-static ",
        "-C target-feature=+crt-static -C strip=symbols ",
    ] {
        let inspection = shop.make("rustc", &format!("{flags}-o out main.rs"));
        let rust = inspection.rust.as_ref().unwrap_or_else(|| panic!("{flags}: it is Rust's"));
        if let Some(rustc) = &rust.rustc {
            assert!(version.starts_with(&format!("rustc {rustc}")), "{rustc}");
        }
        assert!(rust.commit.is_some() && rust.auditable == Answer::No, "{flags}: {rust:?}");
        let is_static = flags.contains("crt-static");
        assert_eq!(inspection.linkage == Some(Linkage::StaticPie), is_static, "{flags}");
        assert_eq!(inspection.c_library == Some(CLibrary::GlibcStatic), is_static, "{flags}");
        assert_eq!(answer(&inspection, "canary"), NotApplicable, "{flags}");
    }
}
