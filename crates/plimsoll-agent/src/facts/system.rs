//! Kernel, distribution, C library, systemd, time zones and certificates.

use plimsoll_artifact::elf::{self, GlibcVersion};
use plimsoll_model::Span;
use plimsoll_model::facts::{Distribution, Fact, Library, ProgramNeeds, Systemd};
use plimsoll_model::release::Platform;

use super::view::View;

/// Where programs look for time zones, in Go's order.
const ZONES: [&str; 4] =
    ["/usr/share/zoneinfo", "/usr/share/lib/zoneinfo", "/usr/lib/locale/TZ", "/etc/zoneinfo"];
/// Where programs look for certificates of authorities, in Go's order.
const AUTHORITIES: [&str; 6] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
];
/// Where systemd's own library is, whose name says the version.
const SYSTEMD: [&str; 4] = ["/usr/lib/systemd", "/lib/systemd", "/usr/lib64/systemd", "/lib64/systemd"];
/// glibc has about 2 MB, with debug information 20.
const LARGEST_LIBRARY: u64 = 32 << 20;

/// The system and processor of the kernel, in Go's words.
pub(super) fn platform() -> Platform {
    let machine = rustix::system::uname().machine().to_string_lossy().into_owned();
    let arch = match machine.as_str() {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "i386" | "i486" | "i586" | "i686" => "386",
        "armv6l" | "armv7l" | "armv8l" => "arm",
        "ppc64le" => "ppc64le",
        other => other,
    };
    Platform { os: "linux".to_owned(), arch: arch.to_owned() }
}

pub(super) fn kernel(view: &View) -> Fact<String> {
    view.line("/proc/sys/kernel/osrelease").into()
}

pub(super) fn uptime(view: &View) -> Fact<Span> {
    let parse = |text: String| {
        let seconds = text.split('.').next().and_then(|seconds| seconds.parse().ok());
        seconds.map(Span::from_secs).ok_or_else(|| "/proc/uptime is not understood".to_owned())
    };
    view.line("/proc/uptime").and_then(parse).into()
}

pub(super) fn distribution(view: &View) -> Fact<Distribution> {
    let text = view.text("/etc/os-release").or_else(|_| view.text("/usr/lib/os-release"));
    text.map(|text| parse_os_release(&text)).into()
}

/// `KEY=value` lines in the shell's quoting. Values are cut: they are shown to people.
fn parse_os_release(text: &str) -> Distribution {
    let value = |key: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='))?;
        let bare: String = line.trim().trim_matches(['"', '\'']).chars().take(120).collect();
        Some(bare.replace('\\', "")).filter(|value| !value.is_empty())
    };
    let id = value("ID").unwrap_or_else(|| "linux".to_owned());
    Distribution {
        name: value("PRETTY_NAME").unwrap_or_else(|| id.clone()),
        version: value("VERSION_ID"),
        id,
    }
}

/// The C library that `ld.so` would give to a program of this machine.
pub(super) fn glibc(view: &View) -> Fact<Option<Library>> {
    let Some(needs) = needs_of_a_c_program() else {
        return Fact::unknown("where its loader is on this processor is not known here");
    };
    let Some(path) = elf::find_library(&needs, "libc.so.6", view.root()) else { return Fact::Known(None) };
    // The path of this machine, that is with the view's root, is what can be read.
    let inner = path.strip_prefix(view.root()).unwrap_or(&path).display().to_string();
    let shown = format!("/{}", inner.trim_start_matches('/'));
    match glibc_version(view, &shown) {
        Some(version) => Fact::Known(Some(Library { version, path: shown })),
        None => Fact::unknown(format!("{shown} does not say its version")),
    }
}

/// The library prints its banner when it is run; the text is in the file. Symbol versions are the second source: not
/// every glibc adds one.
fn glibc_version(view: &View, path: &str) -> Option<String> {
    const BANNER: &[u8] = b" release version ";
    let bytes = view.bytes(path, LARGEST_LIBRARY).ok()?;
    let at = bytes.windows(BANNER.len()).position(|window| window == BANNER);
    let from_banner = at.and_then(|at| {
        let rest = bytes[at + BANNER.len()..].iter().take_while(|b| b.is_ascii_digit() || **b == b'.');
        let text: String = rest.take(16).map(|b| char::from(*b)).collect();
        Some(text.trim_end_matches('.').to_owned()).filter(|text| !text.is_empty())
    });
    from_banner.or_else(|| {
        let defined = elf::inspect(&bytes).ok()?.defined_versions;
        let newest = defined.iter().filter_map(|name| GlibcVersion::of_symbol_version(name)).max();
        newest.map(|version| version.to_string())
    })
}

fn needs_of_a_c_program() -> Option<ProgramNeeds> {
    let (machine, wide, loader) = match std::env::consts::ARCH {
        "x86_64" => (62, true, "/lib64/ld-linux-x86-64.so.2"),
        "aarch64" => (183, true, "/lib/ld-linux-aarch64.so.1"),
        "x86" => (3, false, "/lib/ld-linux.so.2"),
        "arm" => (40, false, "/lib/ld-linux-armhf.so.3"),
        "riscv64" => (243, true, "/lib/ld-linux-riscv64-lp64d.so.1"),
        _ => return None,
    };
    Some(ProgramNeeds {
        machine,
        wide,
        big_endian: false,
        loader: Some(loader.to_owned()),
        libraries: vec!["libc.so.6".to_owned()],
        rpath: Vec::new(),
        runpath: Vec::new(),
        no_default_folders: false,
        versions: Vec::new(),
        glibc: None,
    })
}

/// musl's loader is its C library, too.
pub(super) fn musl(view: &View) -> Option<String> {
    let loader = view.names("/lib").into_iter().find(|name| name.starts_with("ld-musl-"))?;
    Some(format!("/lib/{loader}"))
}

/// systemd counts only as process 1: it is installed in many images that start something else.
pub(super) fn systemd(view: &View) -> Fact<Option<Systemd>> {
    match view.line("/proc/1/comm") {
        Ok(name) if name == "systemd" => {
            let version = SYSTEMD.iter().flat_map(|folder| view.names(folder)).find_map(|name| {
                let rest = name.strip_prefix("libsystemd-shared-")?;
                rest[..rest.find(|c: char| !c.is_ascii_digit())?].parse().ok()
            });
            let unknown = "no `libsystemd-shared-VERSION.so` is in its folder".to_owned();
            Fact::Known(Some(Systemd { version: version.ok_or(unknown).into() }))
        }
        Ok(_) => Fact::Known(None),
        Err(why) => Fact::Unknown(why),
    }
}

pub(super) fn zones(view: &View) -> Fact<Option<String>> {
    let has_zones =
        |folder: &&&str| ["UTC", "Etc/UTC"].iter().any(|zone| view.exists(&format!("{folder}/{zone}")));
    Fact::Known(ZONES.iter().find(has_zones).map(|folder| (*folder).to_owned()))
}

pub(super) fn authorities(view: &View) -> Fact<Option<String>> {
    if let Some(bundle) = AUTHORITIES.iter().find(|path| view.exists(path)) {
        return Fact::Known(Some((*bundle).to_owned()));
    }
    let folder = "/etc/ssl/certs";
    Fact::Known((!view.names(folder).is_empty()).then(|| folder.to_owned()))
}
