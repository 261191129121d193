//! Programs that this machine's Go builds, in many ways, against what `go version -m` says and what they do.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use plimsoll_model::inspection::{Answer, CLibrary, FileFormat, Go, Inspection, Linkage, Resolver, Symbols};

use super::{Question, inspect};

/// Looks up a host, a user and a time zone, and says how each went.
const PROGRAM: &str = r#"package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/user"
	"time"
)

func say(what string, err error) {
	if err != nil {
		fmt.Println(what, "no", err)
		return
	}
	fmt.Println(what, "yes")
}

func main() {
	_, err := net.LookupHost("localhost")
	say("host", err)
	_, err = user.Lookup("root")
	say("user", err)
	_, err = time.LoadLocation("Europe/Paris")
	say("zone", err)
	if len(os.Args) > 1 {
		_, err = http.Get(os.Args[1])
		say("get", err)
	}
}
"#;

struct Shop {
    folder: tempfile::TempDir,
    go: PathBuf,
}

impl Shop {
    fn open(test: &str, needs_c: bool) -> Option<Self> {
        let works = |program: &Path, argument| {
            Command::new(program).arg(argument).output().is_ok_and(|output| output.status.success())
        };
        let places = ["go", "/usr/local/go/bin/go"].map(PathBuf::from);
        let Some(go) = places.into_iter().find(|go| works(go, "version")) else {
            println!("skipped: {test}: there is no `go` here");
            return None;
        };
        if needs_c && !works(Path::new("cc"), "--version") {
            println!("skipped: {test}: there is no `cc` here");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("go.mod"), "module example.com/app\n\ngo 1.21\n").unwrap();
        fs::write(folder.path().join("main.go"), PROGRAM).unwrap();
        Some(Self { folder, go })
    }

    fn go(&self, arguments: &[&str], environment: &[(&str, &str)]) -> String {
        let output = Command::new(&self.go)
            .args(arguments)
            .current_dir(self.folder.path())
            .envs([("GOFLAGS", ""), ("GOPROXY", "off"), ("GOTOOLCHAIN", "local"), ("GOWORK", "off")])
            .envs(environment.iter().copied())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "go {arguments:?} {environment:?}: {said}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Builds with these arguments and looks at what came of it, functions and all.
    fn build(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Inspection {
        let out = self.folder.path().join("out");
        let words = [&["build", "-o", out.to_str().unwrap()], arguments, &["."]].concat();
        self.go(&words, environment);
        let inspection = inspect(&out, &Question { functions: true, ..Question::default() });
        self.agrees_with_go_version(&inspection);
        inspection
    }

    /// `go version -m` says the same of version, modules and settings.
    fn agrees_with_go_version(&self, inspection: &Inspection) {
        let text = self.go(&["version", "-m", &inspection.path], &[]);
        let go = inspection.go.as_ref().unwrap_or_else(|| panic!("{inspection:#?}"));
        let (first, rest) = text.split_once('\n').unwrap();
        assert!(first.ends_with(&format!(": {}", go.version.as_deref().unwrap())), "{first}");
        let rows: Vec<Vec<&str>> = rest.lines().map(|line| line.trim().split('\t').collect()).collect();
        let rows_of =
            |word: &'static str| rows.iter().filter(move |row| row[0] == word).map(|row| row[1].to_owned());
        assert_eq!(go.path, rows_of("path").next());
        assert_eq!(go.main.as_ref().map(|main| main.path.clone()), rows_of("mod").next());
        assert_eq!(
            go.modules.iter().map(|m| m.path.clone()).collect::<Vec<_>>(),
            rows_of("dep").collect::<Vec<_>>()
        );
        let settings: Vec<String> = rows_of("build").collect();
        let ours: Vec<_> = go.settings.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(settings.len(), ours.len());
        // Values that Go quotes compare by their names.
        for setting in settings.iter().filter(|setting| !setting.contains('"')) {
            assert!(ours.contains(setting), "{setting} is not among {ours:?}");
        }
    }

    /// What the program says when it runs, in an empty root where that is asked for (as root only).
    fn run(&self, root: Option<&Path>) -> Option<BTreeMap<String, bool>> {
        let program = self.folder.path().join("out");
        let mut command = match root {
            None => Command::new(&program),
            Some(root) => {
                fs::copy(&program, root.join("app")).unwrap();
                let mut command = Command::new("chroot");
                command.arg(root).arg("/app");
                command
            }
        };
        let output = command.env_remove("ZONEINFO").output().ok()?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let rows = said.lines().filter_map(|line| {
            let mut words = line.split(' ');
            Some((words.next()?.to_owned(), words.next()? == "yes"))
        });
        let rows: BTreeMap<_, _> = rows.collect();
        (!rows.is_empty()).then_some(rows)
    }
}

fn about(inspection: &Inspection) -> &Go {
    inspection.go.as_ref().unwrap_or_else(|| panic!("it is Go's: {inspection:#?}"))
}

/// Environment and arguments; linkage, resolver and C code that come of it.
type Case = (&'static [(&'static str, &'static str)], &'static [&'static str], Linkage, Resolver, Answer);

#[test]
fn linkage_and_resolver_of_every_way_to_build() {
    let Some(shop) = Shop::open("linkage_and_resolver_of_every_way_to_build", true) else { return };
    let off: &[(&str, &str)] = &[("CGO_ENABLED", "0")];
    let on: &[(&str, &str)] = &[("CGO_ENABLED", "1")];
    let cases: [Case; 9] = [
        (off, &[], Linkage::Static, Resolver::Go, Answer::No),
        (off, &["-trimpath", "-ldflags=-s -w"], Linkage::Static, Resolver::Go, Answer::No),
        (on, &[], Linkage::Dynamic, Resolver::Both, Answer::Yes),
        (on, &["-ldflags=-s -w", "-buildmode=pie"], Linkage::Dynamic, Resolver::Both, Answer::Yes),
        // On, but with nothing left that calls C: static.
        (on, &["-tags=netgo,osusergo"], Linkage::Static, Resolver::Go, Answer::No),
        // Go links by itself and does not ask the C linker: not static at all.
        (on, &["-ldflags=-extldflags -static"], Linkage::Dynamic, Resolver::Both, Answer::Yes),
        (
            on,
            &["-ldflags=-linkmode external -extldflags -static"],
            Linkage::Static,
            Resolver::Both,
            Answer::Yes,
        ),
        (
            on,
            &["-ldflags=-s -w -linkmode external -extldflags -static"],
            Linkage::Static,
            Resolver::Both,
            Answer::Yes,
        ),
        (off, &["-buildmode=pie", "-ldflags=-s -w"], Linkage::Dynamic, Resolver::Go, Answer::No),
    ];
    let empty = tempfile::tempdir().unwrap();
    for (environment, arguments, linkage, resolver, cgo) in cases {
        let inspection = shop.build(arguments, environment);
        let (go, case) = (about(&inspection), format!("{environment:?} {arguments:?}"));
        assert_eq!(inspection.linkage, Some(linkage), "{case}: {:?}", inspection.linkage_reason);
        assert_eq!((go.resolver, go.cgo), (resolver, cgo), "{case}");
        assert_eq!(go.users_through_c, cgo, "{case}");
        let packages: &[&str] = if cgo.is_yes() { &["net", "os/user"] } else { &[] };
        assert_eq!(go.cgo_packages, packages, "{case}");
        let trimmed = arguments.contains(&"-trimpath");
        let paths = inspection.build_paths.as_ref().unwrap();
        assert_eq!(
            (go.trimmed, paths.found),
            (Answer::of(trimmed), Answer::of(!trimmed)),
            "{case}: {paths:?}"
        );
        let stripped = arguments.iter().any(|argument| argument.contains("-s -w"));
        assert_eq!(inspection.symbols == Some(Symbols::Stripped), stripped, "{case}");
        assert!(go.functions.as_ref().unwrap().iter().any(|name| name == "main.main"), "{case}");

        // A program that names no loader starts in an empty root; one that names one does not.
        let runs = shop.run(None).expect("it runs here");
        assert!(runs["host"] && runs["user"], "{case}: {runs:?}");
        if is_root() {
            let said = shop.run(Some(empty.path()));
            assert_eq!(said.is_some(), linkage != Linkage::Dynamic, "{case}: {said:?}");
        }
        let is_static_glibc = linkage == Linkage::Static && cgo.is_yes();
        let expected = match (linkage, cgo) {
            (Linkage::Dynamic, _) => CLibrary::Glibc,
            _ if is_static_glibc => CLibrary::GlibcStatic,
            _ => CLibrary::None,
        };
        assert_eq!(inspection.c_library, Some(expected), "{case}");
        // The resolver and the lookup of users load them.
        assert_eq!(inspection.loads_name_services, is_static_glibc.then_some(Answer::Yes), "{case}");
    }
}

#[test]
fn time_zones_and_certificates_are_there_or_not() {
    let Some(shop) = Shop::open("time_zones_and_certificates_are_there_or_not", false) else { return };
    for (tags, embedded) in [("-tags=none", false), ("-tags=timetzdata", true)] {
        let inspection = shop.build(&["-ldflags=-s -w", tags], &[("CGO_ENABLED", "0")]);
        let go = about(&inspection);
        assert_eq!((go.loads_time_zones, go.embeds_time_zones), (Answer::Yes, Answer::of(embedded)));
        assert_eq!((go.loads_system_roots, go.embeds_roots), (Answer::Yes, Answer::No));
        assert!(go.packages.iter().any(|package| package == "net/http"));
        if is_root() {
            let empty = tempfile::tempdir().unwrap();
            assert_eq!(shop.run(Some(empty.path())).unwrap()["zone"], embedded);
        }
    }
    fs::write(shop.folder.path().join("main.go"), "package main\n\nfunc main() { println(1) }\n").unwrap();
    let inspection = shop.build(&[], &[("CGO_ENABLED", "1")]);
    let go = about(&inspection);
    assert_eq!((go.resolver, go.cgo, go.cgo_enabled), (Resolver::None, Answer::No, Answer::Yes));
    assert_eq!((go.loads_time_zones, go.loads_system_roots), (Answer::No, Answer::No));
    assert_eq!(inspection.linkage, Some(Linkage::Static));
}

#[test]
fn programs_for_other_systems() {
    let Some(shop) = Shop::open("programs_for_other_systems", false) else { return };
    // Without HTTP: the standard library is compiled anew for each system.
    let plain = PROGRAM.replace("\t\"net/http\"\n", "").replace("_, err = http.Get(os.Args[1])", "");
    fs::write(shop.folder.path().join("main.go"), plain).unwrap();
    let cases = [
        ("windows", "amd64", FileFormat::Pe, Resolver::Both),
        ("windows", "386", FileFormat::Pe, Resolver::Both),
        ("darwin", "arm64", FileFormat::MachO, Resolver::Both),
        ("darwin", "amd64", FileFormat::MachO, Resolver::Both),
        ("linux", "arm", FileFormat::Elf, Resolver::Go),
        ("linux", "riscv64", FileFormat::Elf, Resolver::Go),
        ("linux", "s390x", FileFormat::Elf, Resolver::Go),
        ("linux", "mips", FileFormat::Elf, Resolver::Go),
    ];
    let mut slices = Vec::new();
    for (system, processor, format, resolver) in cases {
        let environment = [("CGO_ENABLED", "0"), ("GOOS", system), ("GOARCH", processor)];
        let inspection = shop.build(&["-ldflags=-s -w", "-trimpath"], &environment);
        let (go, case) = (about(&inspection), format!("{system}/{processor}"));
        assert_eq!(inspection.format, format, "{case}");
        assert_eq!(inspection.platform.as_ref().map(ToString::to_string), Some(case.clone()));
        assert_eq!((go.resolver, go.trimmed, go.cgo), (resolver, Answer::Yes, Answer::No), "{case}");
        assert!(go.functions.as_ref().unwrap().iter().any(|name| name == "main.main"), "{case}");
        assert_eq!(inspection.build_paths.as_ref().unwrap().found, Answer::No, "{case}");
        match format {
            FileFormat::MachO => {
                slices.push(fs::read(&inspection.path).unwrap());
                let slice = &inspection.mach_o.as_ref().unwrap().slices[0];
                assert!(slice.minimum_os.is_some() && slice.pie.is_yes(), "{slice:?}");
                // Apple's processors start nothing that is not signed; Go signs for those.
                assert_eq!(slice.signed, Answer::of(processor == "arm64"));
                assert!(inspection.needed.iter().any(|name| name == "/usr/lib/libSystem.B.dylib"));
            }
            FileFormat::Pe => {
                let pe = inspection.pe.as_ref().unwrap();
                assert_eq!((pe.signed, pe.aslr, pe.dep), (Answer::No, true, true));
                assert_eq!(inspection.needed, ["kernel32.dll"]);
            }
            _ => assert_eq!(inspection.linkage, Some(Linkage::Static), "{case}"),
        }
    }
    let out = shop.folder.path().join("out");
    fs::write(&out, universal(&slices)).unwrap();
    let both = inspect(&out, &Question::default());
    let programs = both.mach_o.as_ref().unwrap();
    let machines: Vec<_> = programs.slices.iter().map(|slice| slice.machine.as_str()).collect();
    assert_eq!((programs.universal, machines), (true, vec!["arm64", "amd64"]));
    assert!(about(&both).function_count.is_some_and(|count| count > 1000));
}

/// A universal file of these programs, as `lipo` makes it.
fn universal(slices: &[Vec<u8>]) -> Vec<u8> {
    const ALIGN: usize = 1 << 14;
    let number = |number: usize| u32::try_from(number).unwrap().to_be_bytes();
    let mut file = [&b"\xca\xfe\xba\xbe"[..], &number(slices.len())].concat();
    let mut content = Vec::new();
    for slice in slices {
        let mut processor = [slice[4..8].to_vec(), slice[8..12].to_vec()];
        for field in &mut processor {
            field.reverse();
        }
        file.extend(processor.concat());
        file.extend([number(ALIGN + content.len()), number(slice.len()), number(14)].concat());
        content.extend_from_slice(slice);
        content.resize(content.len().next_multiple_of(ALIGN), 0);
    }
    file.resize(ALIGN, 0);
    [file, content].concat()
}

#[test]
fn the_table_of_names_is_found_without_sections() {
    let Some(shop) = Shop::open("the_table_of_names_is_found_without_sections", false) else { return };
    let whole = shop.build(&["-ldflags=-s -w"], &[("CGO_ENABLED", "0")]);
    let out = PathBuf::from(&whole.path);
    let mut bytes = fs::read(&out).unwrap();
    bytes[40..48].fill(0);
    bytes[58..64].fill(0);
    fs::write(&out, &bytes).unwrap();
    let bare = inspect(&out, &Question { functions: true, ..Question::default() });
    assert_eq!(about(&bare), about(&whole));

    // Whoever removes the build information leaves the names and the version.
    let at = memchr::memmem::find(&bytes, b"\xff Go buildinf:").unwrap();
    bytes[at..at + 14].fill(0);
    fs::write(&out, &bytes).unwrap();
    let without = inspect(&out, &Question::default());
    let (go, known) = (about(&without), about(&whole));
    assert_eq!(
        (go.build_info, &go.version, go.function_count),
        (Answer::No, &known.version, known.function_count)
    );
    assert_eq!((go.modified, go.cgo_enabled, go.cgo), (Answer::Unknown, Answer::Unknown, Answer::No));
}

#[test]
fn modules_and_what_stands_in_for_them() {
    let Some(shop) = Shop::open("modules_and_what_stands_in_for_them", false) else { return };
    let write = |name: &str, text: &str| fs::write(shop.folder.path().join(name), text).unwrap();
    fs::create_dir(shop.folder.path().join("lib")).unwrap();
    write("lib/go.mod", "module example.com/lib.v2\n\ngo 1.21\n");
    write(
        "lib/lib.go",
        "package lib\n\nimport \"os\"\n\nfunc Say[T any](t T) { os.Stdout.WriteString(\"x\") }\n",
    );
    write(
        "go.mod",
        "module example.com/app\n\ngo 1.21\n\nrequire example.com/lib.v2 v0.0.0\n\nreplace example.com/lib.v2 => ./lib\n",
    );
    write("main.go", "package main\n\nimport lib \"example.com/lib.v2\"\n\nfunc main() { lib.Say(1) }\n");
    let inspection = shop.build(&["-ldflags=-s -w"], &[("CGO_ENABLED", "0")]);
    let go = about(&inspection);
    let [module] = &go.modules[..] else { panic!("{:?}", go.modules) };
    let by = module.replaced_by.as_ref().unwrap();
    assert_eq!((module.path.as_str(), by.path.as_str()), ("example.com/lib.v2", "./lib"));
    // The dot is written as `%2e` in the names of functions.
    assert!(go.packages.contains(&"example.com/lib.v2".to_owned()), "{:?}", go.packages);
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0)
}
