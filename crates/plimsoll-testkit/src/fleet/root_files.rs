//! The root file system that all hosts start from: made once with `mmdebstrap`, kept under the user's cache folder.
//!
//! The folder's name is a hash of the recipe, so a changed recipe makes another one. Hosts lay a disk of their own over
//! it and never write to it.

use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::error::make_folder;
use super::{FleetError, tools};

/// Packages beside the minimal system.
const PACKAGES: &str = "ca-certificates,dbus,dbus-user-session,faketime,iproute2,libpam-systemd,nftables,openssh-server,\
                        procps,sudo,systemd,systemd-sysv,tzdata";
/// What is changed in the new system, by a shell with its folder as `$1`.
const CUSTOMIZE: &str = include_str!("root_files.sh");
/// What nobody reads on a test host.
const LEFT_OUT: [&str; 3] = ["/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*"];
const MIRROR: &str = "http://deb.debian.org/debian";

/// The folder, made where it is not there yet. The first time takes about a minute and the network.
///
/// `more` are packages that only some fleets need; such a root is another one.
pub(super) fn ready(more: &[&str]) -> Result<PathBuf, FleetError> {
    let folder = folder(more);
    if folder.exists() {
        return Ok(folder);
    }
    let cache = folder.parent().expect("it lies in the cache");
    make_folder(cache)?;
    let lock_file = cache.join("lock");
    let lock = std::fs::File::create(&lock_file).map_err(FleetError::file("written", &lock_file))?;
    // Another process may be making the same; then this waits for it.
    lock.lock().map_err(FleetError::file("locked", &lock_file))?;
    if !folder.exists() {
        let partial = folder.with_extension("partial");
        if partial.exists() {
            std::fs::remove_dir_all(&partial).map_err(FleetError::file("removed", &partial))?;
        }
        make(&partial, more)?;
        std::fs::rename(&partial, &folder).map_err(FleetError::file("renamed", &partial))?;
    }
    Ok(folder)
}

/// Whether it has been made.
pub(super) fn is_cached() -> bool {
    folder(&[]).exists()
}

fn make(folder: &Path, more: &[&str]) -> Result<(), FleetError> {
    let mut command = tools::command("mmdebstrap");
    command.args(["--quiet", "--variant=minbase", "--format=directory"]);
    command.arg(format!("--include={PACKAGES}"));
    if !more.is_empty() {
        command.arg(format!("--include={}", more.join(",")));
    }
    for path in LEFT_OUT {
        command.arg(format!("--dpkgopt=path-exclude={path}"));
    }
    command.arg(format!("--customize-hook={CUSTOMIZE}"));
    command.arg(suite()).arg(folder).arg(mirror());
    tools::run(&mut command).map(drop)
}

fn folder(more: &[&str]) -> PathBuf {
    let mut hash = Sha256::new();
    for part in [PACKAGES, CUSTOMIZE, &suite()].into_iter().chain(LEFT_OUT).chain(more.iter().copied()) {
        hash.update(part);
        hash.update([0]);
    }
    let [a, b, c, d, ..] = hash.finalize().0;
    let name = format!("{a:02x}{b:02x}{c:02x}{d:02x}");
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    cache.or_else(home).unwrap_or_else(|| "/var/cache".into()).join("plimsoll/test-fleet").join(name)
}

/// This machine's release where it is a Debian, else the one that the tests were made on.
fn suite() -> String {
    let text = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
    let codename = field("VERSION_CODENAME").filter(|_| field("ID") == Some("debian"));
    codename.unwrap_or("bookworm").trim_matches('"').to_owned()
}

/// Where this machine gets its own packages of the release from.
fn mirror() -> String {
    let (codename, of) = (format!("Codename: {}", suite()), "Origin: Debian");
    let asked =
        tools::run(tools::command("apt-get").args(["indextargets", "--format", "$(SITE)", of, &codename]));
    let first = asked.ok().and_then(|answer| answer.lines().next().map(str::to_owned));
    first.filter(|site| !site.is_empty()).unwrap_or_else(|| MIRROR.to_owned())
}
