//! Programs: plimsoll itself, and the service that is shipped.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The binary under test.
pub fn plimsoll() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_plimsoll"))
}

/// The service, compiled once for all tests of a run.
pub fn service_program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/e2e/data/service.rs");
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        // Several test programs may be at it at the same time: each makes its own and moves it into place.
        let own = folder.join(format!("service-{}", std::process::id()));
        let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
        let status = Command::new(rustc)
            .args(["--edition", "2021", "-O", "-C", "strip=symbols", "-o"])
            .arg(&own)
            .arg(source)
            .status();
        assert!(status.expect("rustc runs").success(), "the service does not compile");
        let program = folder.join("service");
        std::fs::rename(&own, &program).expect("the service moves into place");
        program
    })
}
