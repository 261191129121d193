//! `go build` in a module.
//!
//! `GOTOOLCHAIN` is `local` unless the build declares it: by default Go downloads and runs whatever toolchain `go.mod`
//! asks for, and a release must not be made by a compiler that nobody installed. `-mod` is `readonly` (or `vendor`
//! where that folder is kept), which refuses dependencies that go.mod and go.sum do not lock, whatever `GOFLAGS`
//! says. Everything else in `GOFLAGS` holds.

use std::path::Path;

use plimsoll_model::release::Platform;

use super::running::Running;
use super::{BuildError, Made, place};
use crate::command::shown;

pub(super) fn build(
    running: &mut Running<'_>,
    cgo: bool,
    package: &str,
    flags: &[String],
    out: &Path,
) -> Result<Made, BuildError> {
    let variables = [("CGO_ENABLED", if cgo { "1" } else { "0" }), ("GOTOOLCHAIN", "local")];
    let question = running.order("go", &variables);
    let question = question.args(["env", "-json", "GOVERSION", "GOOS", "GOARCH", "GOMOD", "GOWORK"]);
    let asked = shown(&question);
    let go = Environment::read(&running.ask(question)?, asked)?;
    let root = go.root(running)?;
    let file = place::fresh_folder(out, "go")?.join("program");
    let order = running
        .order("go", &variables)
        .args(["build", "-trimpath", "-buildvcs=auto"])
        .args(mod_flag(flags, &root)?)
        .args(flags)
        .arg("-o")
        .arg(&file)
        .arg(package);
    let command = shown(&order);
    running.run(order)?;
    if !file.is_file() {
        return Err(BuildError::NotMade { command, file, found: Vec::new() });
    }
    let version = go.version.strip_prefix("go").unwrap_or(&go.version);
    let toolchain = format!("go {version}");
    Ok(Made { file, toolchain, platform: go.platform, command, remarks: Vec::new() })
}

/// The `-mod` that is ours to set. `-mod=mod` would let the build change what it depends on.
fn mod_flag(flags: &[String], root: &Path) -> Result<Option<&'static str>, BuildError> {
    let mut words = flags.iter().map(String::as_str).peekable();
    while let Some(word) = words.next() {
        let name = word.trim_start_matches('-');
        let value = name.strip_prefix("mod=").or_else(|| words.peek().copied().filter(|_| name == "mod"));
        match value {
            Some("mod") => {
                let why = "the flag -mod=mod lets the build change its own dependencies".to_owned();
                let hint = "remove it, run `go mod tidy`, and commit go.mod and go.sum".to_owned();
                return Err(BuildError::Unlocked { why, hint });
            }
            Some(_) => return Ok(None),
            None => {}
        }
    }
    let vendored = root.join("vendor/modules.txt").is_file();
    Ok(Some(if vendored { "-mod=vendor" } else { "-mod=readonly" }))
}

/// What `go env -json` says.
struct Environment {
    version: String,
    platform: Platform,
    module: String,
    workspace: String,
}

impl Environment {
    fn read(answer: &str, command: String) -> Result<Self, BuildError> {
        let answer: serde_json::Value = match serde_json::from_str(answer) {
            Ok(answer) => answer,
            Err(error) => return Err(BuildError::Answer { command, why: error.to_string() }),
        };
        let word = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
        let platform = Platform { os: word("GOOS"), arch: word("GOARCH") };
        let go =
            Self { version: word("GOVERSION"), platform, module: word("GOMOD"), workspace: word("GOWORK") };
        if go.version.is_empty() || go.platform.os.is_empty() || go.platform.arch.is_empty() {
            let why = "it does not say GOVERSION, GOOS and GOARCH; Go 1.19 or newer is needed".to_owned();
            return Err(BuildError::Answer { command, why });
        }
        Ok(go)
    }

    /// The folder of the workspace or module.
    fn root(&self, running: &Running<'_>) -> Result<std::path::PathBuf, BuildError> {
        let none = ["", "off", "/dev/null"];
        let file = [&self.workspace, &self.module].into_iter().find(|file| !none.contains(&file.as_str()));
        match file.and_then(|file| Path::new(file).parent()) {
            Some(root) => Ok(root.to_owned()),
            None => Err(BuildError::Unlocked {
                why: format!("{} is not in a Go module: there is no go.mod", running.folder().display()),
                hint: "run `go mod init NAME && go mod tidy`, or set the build's folder to the module's"
                    .to_owned(),
            }),
        }
    }
}
