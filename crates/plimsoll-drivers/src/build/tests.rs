//! Small projects, built by the real tools, without a network.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use plimsoll_model::Span;

use super::*;
use crate::command::{CommandOrder, Reply, ScriptedCommands, SystemCommands};

struct Project {
    base: tempfile::TempDir,
    spec: BuildSpec,
    lines: Vec<String>,
}

impl Project {
    fn new(builder: Builder) -> Self {
        let spec = BuildSpec {
            builder,
            folder: PathBuf::from("source"),
            variables: BTreeMap::new(),
            timeout: Span::from_secs(300),
        };
        let project = Self { base: tempfile::tempdir().unwrap(), spec, lines: Vec::new() };
        fs::create_dir(project.path("source")).unwrap();
        project
    }

    /// Nothing where the tool is absent.
    fn with(tool: &str, test: &str, builder: Builder) -> Option<Self> {
        if Command::new(tool).arg("--help").output().is_err() {
            eprintln!("skipped: {test}: {tool} is not here");
            return None;
        }
        Some(Self::new(builder))
    }

    fn file(self, path: &str, text: &str) -> Self {
        self.write(path, text);
        self
    }

    fn path(&self, path: &str) -> PathBuf {
        self.base.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path("source").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        let mode = if text.starts_with("#!") { 0o755 } else { 0o644 };
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn build_with(&mut self, commands: &dyn Commands) -> Result<Built, BuildError> {
        let out = self.path("out");
        let order = BuildOrder { spec: &self.spec, base: self.base.path(), out: &out, name: "greeter" };
        let lines = &mut self.lines;
        build(commands, &order, &mut |_, line| lines.push(line.to_owned()))
    }

    fn build(&mut self) -> Result<Built, BuildError> {
        self.build_with(&SystemCommands::default())
    }

    fn fails(&mut self) -> (String, String) {
        let error = self.build().unwrap_err();
        let base = self.base.path().canonicalize().unwrap();
        let text = error.to_string().replace(base.to_str().unwrap(), "DIR");
        (text, error.hint().unwrap_or_default())
    }
}

fn says(built: &Built) -> String {
    assert!(built.artifact.ends_with("out/greeter"));
    assert_eq!(built.platform, place::here());
    let program = CommandOrder::new(built.artifact.to_str().unwrap(), "/");
    SystemCommands::default().run(&program, &mut |_| {}).last_lines.concat()
}

fn go(test: &str) -> Option<Project> {
    let builder = Builder::Go { package: "./cmd/greeter".to_owned(), flags: Vec::new(), cgo: false };
    let project =
        Project::with("go", test, builder)?.file("go.mod", "module example.org/greeter\n\ngo 1.20\n");
    Some(project.file("cmd/greeter/main.go", "package main\n\nfunc main() { print2() }\n"))
}

const GO_PRINT: &str =
    "package main\n\nimport \"os\"\n\nfunc print2() { os.Stdout.WriteString(\"hello\") }\n";

#[test]
fn go_builds_a_static_program() {
    let Some(mut project) = go("go_builds") else { return };
    project.write("cmd/greeter/print.go", GO_PRINT);
    let built = project.build().unwrap();
    assert_eq!(says(&built), "hello");
    assert!(built.toolchain.starts_with("go 1."), "{}", built.toolchain);
    assert!(built.command.starts_with("CGO_ENABLED=0 GOTOOLCHAIN=local go build -trimpath"));
    assert!(built.command.contains(" -mod=readonly -o "), "{}", built.command);
    assert_eq!(built.remarks, Vec::<String>::new());
    project.spec.variables.insert("GOARCH".to_owned(), "arm64".to_owned());
    assert_eq!(project.build().unwrap().platform.arch, "arm64", "cross-built, over the artifact before");
}

#[test]
fn go_failures_are_told() {
    let Some(mut project) = go("go_failures") else { return };
    let error = project.build().unwrap_err();
    assert!(matches!(error, BuildError::Failed { ending: crate::command::Ending::Exited(1), .. }), "{error}");
    assert!(error.last_lines().iter().any(|line| line.contains("undefined: print2")), "{error:?}");
    assert!(project.lines.iter().any(|line| line.contains("undefined: print2")), "and passed on");
    project.write("cmd/greeter/print.go", "package main\n\nimport _ \"example.com/unlocked\"\n");
    assert_eq!(project.fails().1, "run `go mod tidy` and commit go.mod and go.sum");
    project.write("cmd/greeter/print.go", "package greeter\n");
    fs::remove_file(project.path("source/cmd/greeter/main.go")).unwrap();
    let (text, _) = project.fails();
    assert!(text.ends_with("made a library, not a program"), "{text}");
    project.write("go.mod", "module example.org/greeter\n\ngo 1.999.0\n");
    let (_, hint) = project.fails();
    assert!(hint.starts_with("install that version of Go"), "nothing is downloaded: {hint}");
    fs::remove_file(project.path("source/go.mod")).unwrap();
    let (text, hint) = project.fails();
    assert_eq!(text, "DIR/source is not in a Go module: there is no go.mod");
    assert!(hint.starts_with("run `go mod init"));
}

#[test]
fn go_may_not_change_its_dependencies() {
    let Some(mut project) = go("go_may_not") else { return };
    project.write("cmd/greeter/print.go", GO_PRINT);
    for flags in [vec!["-mod=mod"], vec!["-v", "-mod", "mod"]] {
        let flags = flags.into_iter().map(str::to_owned).collect();
        project.spec.builder = Builder::Go { package: "./cmd/greeter".to_owned(), flags, cgo: false };
        assert!(matches!(project.build(), Err(BuildError::Unlocked { .. })));
    }
    let flags = Vec::new();
    project.spec.builder = Builder::Go { package: "./cmd/greeter".to_owned(), flags, cgo: false };
    project.spec.variables.insert("GOFLAGS".to_owned(), "-mod=mod".to_owned());
    project.write("cmd/greeter/more.go", "package main\n\nimport _ \"example.com/unlocked\"\n");
    assert_eq!(project.fails().1, "run `go mod tidy` and commit go.mod and go.sum", "whatever GOFLAGS says");
}

fn rust(test: &str, static_libc: bool) -> Option<Project> {
    let builder =
        Builder::Rust { binary: "greeter".to_owned(), package: None, flags: Vec::new(), static_libc };
    let project = Project::with("cargo", test, builder)?;
    let manifest = "[package]\nname = \"greeter\"\nversion = \"1.0.0\"\nedition = \"2021\"\n\n[workspace]\n\n\
                    [[bin]]\nname = \"greeter\"\npath = \"main.rs\"\n";
    let mut project = project.file("Cargo.toml", manifest).file("main.rs", "fn main() { print!(\"hello\") }");
    project.write(".cargo/config.toml", "[build]\ntarget-dir = \"elsewhere\"\n");
    // Ours would win over the project's configuration.
    let target = project.path("target").to_str().unwrap().to_owned();
    project.spec.variables.insert("CARGO_TARGET_DIR".to_owned(), target);
    Some(project)
}

const LOCK: &str = "version = 3\n\n[[package]]\nname = \"greeter\"\nversion = \"1.0.0\"\n";

#[test]
fn rust_builds_and_the_artifact_is_a_copy() {
    let Some(mut project) = rust("rust_builds", false) else { return };
    project.write("Cargo.lock", LOCK);
    let built = project.build().unwrap();
    assert_eq!(says(&built), "hello");
    assert!(built.toolchain.starts_with("rustc 1."), "{}", built.toolchain);
    let bytes = fs::read(&built.artifact).unwrap();
    fs::remove_dir_all(project.path("target")).unwrap();
    assert_eq!(fs::read(&built.artifact).unwrap(), bytes);
}

#[test]
fn rust_links_the_c_library_statically() {
    let Some(mut project) = rust("rust_links", true) else { return };
    project.write("Cargo.lock", LOCK);
    for rustflags in [None, Some(""), Some("-C debuginfo=0")] {
        // Set and empty is as good as set, for cargo.
        if let Some(flags) = rustflags {
            project.spec.variables.insert("RUSTFLAGS".to_owned(), flags.to_owned());
        }
        let built = project.build().unwrap();
        assert_eq!(says(&built), "hello");
        let bytes = fs::read(&built.artifact).unwrap();
        let dynamic = bytes.windows(9).any(|word| word == b"/ld-linux");
        assert!(!dynamic || !cfg!(target_env = "gnu"), "no loader is named: {}", built.command);
    }
}

#[test]
fn rust_failures_are_told() {
    let Some(mut project) = rust("rust_failures", false) else { return };
    let (text, hint) = project.fails();
    assert_eq!(text, "DIR/source/Cargo.lock does not exist: the dependencies are not locked");
    assert_eq!(hint, "run `cargo generate-lockfile` and commit Cargo.lock");
    project.write("Cargo.lock", "version = 3\n");
    assert_eq!(project.fails().1, "run `cargo check`, look at the change, and commit Cargo.lock");
    project.write("Cargo.lock", LOCK);
    project.write("main.rs", "fn main() { nothing() }");
    let error = project.build().unwrap_err();
    assert!(
        error.last_lines().iter().any(|line| line.contains("cannot find function `nothing`")),
        "{error:?}"
    );
    let flags = Vec::new();
    project.spec.builder =
        Builder::Rust { binary: "greter".to_owned(), package: None, flags, static_libc: false };
    assert_eq!(project.fails().1, "name a binary that the package has");
}

#[test]
fn cmake_builds_and_says_what_is_there_instead() {
    let builder = |target: &str, output: &str| Builder::Cmake {
        target: target.to_owned(),
        output: PathBuf::from(output),
        flags: vec!["-DGREETING=hello".to_owned()],
    };
    let Some(project) = Project::with("cmake", "cmake_builds", builder("greeter", "bin/greeter")) else {
        return;
    };
    let lists = "cmake_minimum_required(VERSION 3.10)\nproject(greeter C)\nadd_executable(greeter main.c)\n\
                 target_compile_definitions(greeter PRIVATE GREETING=\"${GREETING}\")\n\
                 set_target_properties(greeter PROPERTIES RUNTIME_OUTPUT_DIRECTORY bin)\n";
    let main = "#include <stdio.h>\nint main(void) { fputs(GREETING, stdout); return 0; }\n";
    let mut project = project.file("CMakeLists.txt", lists).file("main.c", main);
    let built = project.build().unwrap();
    assert_eq!(says(&built), "hello");
    assert!(built.toolchain.starts_with("cmake 3.") && built.toolchain.contains(", "), "{}", built.toolchain);
    project.spec.builder = builder("greeter", "greeter");
    let (text, hint) = project.fails();
    assert!(text.ends_with("did not make DIR/out/.plimsoll-cmake/greeter"), "{text}");
    assert_eq!(hint, "there is bin/greeter");
    project.spec.builder = builder("greter", "greeter");
    assert!(project.fails().1.starts_with("name a target that the project has"));
    fs::remove_file(project.path("source/CMakeLists.txt")).unwrap();
    assert_eq!(project.fails().1, "set the build's folder to where CMakeLists.txt is");
}

fn command(words: &[&str]) -> Project {
    let command = words.iter().map(|word| (*word).to_owned()).collect();
    Project::new(Builder::Command { command, output: PathBuf::from("made/it") })
}

#[test]
fn any_command_builds() {
    let script = "#!/bin/sh\nmkdir made\nprintf '#!/bin/sh\\nprintf hello' > made/it\nchmod 755 made/it\n";
    let mut project = command(&["./make it.sh"]).file("make it.sh", script);
    let built = project.build().unwrap();
    assert_eq!(says(&built), "hello");
    assert_eq!((built.toolchain.as_str(), built.command.as_str()), ("./make it.sh", "'./make it.sh'"));
    project.write("make it.sh", "#!/bin/sh\nchmod 644 made/it\n");
    let built = project.build().unwrap();
    assert!(built.remarks[0].contains("the command did not touch it"), "{:?}", built.remarks);
    assert!(built.remarks[1].ends_with("made/it is not executable"), "{:?}", built.remarks);
    project.write("make it.sh", "#!/bin/sh\nmv made/it made/that; chmod 755 made/that\n");
    let (text, hint) = project.fails();
    assert_eq!(text, "`'./make it.sh'` did not make DIR/source/made/it");
    assert_eq!(hint, "there is that");
}

#[test]
fn commands_that_fail_are_told() {
    let mut project = command(&["sh", "-c", "seq 30; echo key $API_KEY; exit 3"]);
    project.spec.variables.insert("API_KEY".to_owned(), "0123456789".to_owned());
    let error = project.build().unwrap_err();
    let text = "`API_KEY=*** sh -c 'seq 30; echo key $API_KEY; exit 3'` exited with 3";
    assert_eq!(error.to_string(), text);
    assert_eq!((error.last_lines().len(), error.last_lines()[19].as_str()), (20, "key ***"));
    assert_eq!(project.lines.len(), 31);
    assert_eq!(
        command(&["no-such-tool"]).fails().0,
        "`no-such-tool` did not start: `no-such-tool` is not in PATH"
    );
    assert_eq!(command(&[]).fails().0, "the build's command is empty");
    let mut slow = command(&["sleep", "60"]);
    slow.spec.timeout = Span::from_millis(100);
    let (text, hint) = slow.fails();
    assert_eq!(text, "`sleep 60` took longer than 100ms and was ended");
    assert!(hint.starts_with("give the build a longer `timeout`"));
    let mut nowhere = command(&["true"]);
    nowhere.spec.folder = PathBuf::from("nowhere");
    assert!(nowhere.fails().0.ends_with("/nowhere does not exist"));
}

#[test]
fn a_missing_go_says_where_to_get_it() {
    let builder = Builder::Go { package: ".".to_owned(), flags: Vec::new(), cgo: false };
    let error = Project::new(builder).build_with(&ScriptedCommands::new()).unwrap_err();
    assert!(error.to_string().ends_with("did not start: `go` is not in PATH"), "{error}");
    let hint = error.hint().unwrap();
    assert_eq!(hint, "install it: https://go.dev/dl or your distribution's golang package");
}

#[test]
fn a_build_can_be_simulated_and_its_time_is_one_for_all_commands() {
    let builder = Builder::Go { package: ".".to_owned(), flags: Vec::new(), cgo: true };
    let mut project = Project::new(builder).file("vendor/modules.txt", "");
    let module = project.path("source/go.mod").display().to_string();
    let answer =
        format!("{{\"GOVERSION\":\"go1.27\",\"GOOS\":\"linux\",\"GOARCH\":\"arm\",\"GOMOD\":{module:?}}}");
    let question = Reply { took: Duration::from_secs(200), ..Reply::says(answer) };
    let commands = |took| {
        ScriptedCommands::new().reply("go env", question.clone()).on("go build", move |order| {
            let at = order.args.iter().position(|arg| arg == "-o").unwrap();
            fs::write(&order.args[at + 1], "program").unwrap();
            Reply { took: Duration::from_secs(took), ..Reply::says("") }
        })
    };
    let fast = commands(99);
    let built = project.build_with(&fast).unwrap();
    assert_eq!((built.toolchain.as_str(), built.platform.to_string().as_str()), ("go 1.27", "linux/arm"));
    assert_eq!(built.took, Duration::from_secs(299));
    let asked = &fast.orders()[1];
    assert!(asked.args.iter().any(|arg| arg == "-mod=vendor") && asked.variables["CGO_ENABLED"] == "1");
    let error = project.build_with(&commands(101)).unwrap_err();
    assert!(error.to_string().ends_with("took longer than 5m and was ended"), "{error}");
}

#[test]
fn a_cancel_is_no_failure() {
    let cancelled = Reply { ending: crate::command::Ending::Cancelled, ..Reply::says("") };
    let commands = ScriptedCommands::new().reply("make", cancelled);
    let error = command(&["make", "it"]).build_with(&commands).unwrap_err();
    assert_eq!(error.to_string(), "cancelled while `make it` ran");
}

#[test]
fn a_secret_in_a_question_is_not_shown() {
    // Unreadable answers are told with the command that gave them.
    let builder = Builder::Go { package: ".".to_owned(), flags: Vec::new(), cgo: false };
    let mut project = Project::new(builder);
    project.spec.variables.insert("GOPROXY".to_owned(), "https://me:pw@proxy.example.org".to_owned());
    let commands = ScriptedCommands::new().reply("go env", Reply::says("nonsense"));
    let text = project.build_with(&commands).unwrap_err().to_string();
    assert!(text.contains("GOPROXY=https://***@proxy.example.org") && !text.contains("pw"), "{text}");
}
