//! What well-known failures of tools mean. The words are the tools' own; where they change, a hint is lost and nothing else.

/// What to do about the first failure that is recognised.
pub(super) fn hint(lines: &[String]) -> Option<String> {
    let known = |line: &String| HINTS.iter().find(|(words, _)| line.contains(words)).map(|(_, hint)| *hint);
    lines.iter().find_map(known).map(str::to_owned)
}

const HINTS: [(&str, &str); 19] = [
    ("missing go.sum entry", "run `go mod tidy` and commit go.mod and go.sum"),
    ("updates to go.mod needed", "run `go mod tidy` and commit go.mod and go.sum"),
    ("no required module provides package", "run `go mod tidy` and commit go.mod and go.sum"),
    ("checksum mismatch", "a dependency is not what go.sum says: find out why before anything else"),
    ("inconsistent vendoring", "run `go mod vendor` and commit the folder vendor"),
    ("is not in std", "the package's path does not begin with the module's, or it is misspelt"),
    (
        "GOTOOLCHAIN=local",
        "install that version of Go, or set the variable GOTOOLCHAIN to `auto` in the build",
    ),
    (
        "error obtaining VCS status",
        "let git read the repository (safe.directory), or add the flag -buildvcs=false",
    ),
    ("C compiler \"gcc\" not found", "install gcc, or build without cgo"),
    ("cannot write multiple packages", "name one package, such as ./cmd/NAME"),
    ("--locked was passed", "run `cargo check`, look at the change, and commit Cargo.lock"),
    ("import lookup disabled by -mod", "run `go mod tidy` and commit go.mod and go.sum"),
    ("no bin target named", "name a binary that the package has"),
    ("could not find `Cargo.toml`", "set the build's folder to where Cargo.toml is"),
    ("target may not be installed", "install it: rustup target add TRIPLE"),
    ("linker `cc` not found", "install a C compiler: gcc or clang"),
    ("does not appear to contain CMakeLists.txt", "set the build's folder to where CMakeLists.txt is"),
    ("No rule to make target", "name a target that the project has (cmake --build FOLDER --target help)"),
    ("unknown target", "name a target that the project has (cmake --build FOLDER --target help)"),
];
