//! What the names of a Go program's functions tell about it: packages, C code, resolver, time zones, certificates.
//!
//! A function that is in the program need not be called; one that is not there cannot be. So "no" is certain, and "yes"
//! means that the code is there.

use std::collections::BTreeSet;

use plimsoll_model::inspection::{Answer, Resolver};

use super::pclntab::Table;
use crate::program::View;

/// No program has more packages.
const MOST_PACKAGES: usize = 50_000;
const MOST_PATHS: usize = 10_000;
/// Names that are kept where all are asked for.
const MOST_NAMES: usize = 2_000_000;

/// What the names of functions tell.
#[expect(clippy::struct_excessive_bools, reason = "each is a mark that one name leaves")]
#[derive(Debug, Default)]
pub(crate) struct Functions {
    /// How many names there are.
    pub(crate) count: u64,
    /// The packages that they are of.
    pub(crate) packages: BTreeSet<String>,
    /// The packages that call C.
    pub(crate) cgo_packages: BTreeSet<String>,
    /// The names, where they were asked for.
    pub(crate) names: Option<Vec<String>>,
    /// Source files that are not Go's own nor below a module's path: of the machine that built it.
    pub(crate) build_paths: BTreeSet<String>,
    looks_up: bool,
    resolves_itself: bool,
    resolves_by_system: bool,
    has_cgo: bool,
    users_through_c: bool,
    loads_zones: bool,
    embeds_zones: bool,
    loads_roots: bool,
    embeds_roots: bool,
}

impl Functions {
    /// Reads all names; `None` where there is no table that can be read.
    pub(crate) fn read(view: &View<'_>, keep_names: bool) -> Option<Self> {
        let table = Table::find(view)?;
        let mut functions = Self { names: keep_names.then(Vec::new), ..Self::default() };
        let whole = table.each_function(view, |name| functions.add(name));
        let whole = whole && table.each_file(view, |path| functions.add_file(path));
        if let Some(names) = &mut functions.names {
            names.sort_unstable();
            names.dedup();
        }
        whole.then_some(functions)
    }

    fn add(&mut self, name: &str) {
        self.count += 1;
        if let Some(names) = self.names.as_mut().filter(|names| names.len() < MOST_NAMES) {
            names.push(name.to_owned());
        }
        let Some((package, function)) = split(name) else { return };
        if !self.packages.contains(package) && self.packages.len() < MOST_PACKAGES {
            self.packages.insert(package.to_owned());
        }
        if function.starts_with("_Cfunc_") || function.starts_with("_C2func_") {
            self.cgo_packages.insert(package.replace("%2e", "."));
        }
        self.mark(package, function);
    }

    fn mark(&mut self, package: &str, function: &str) {
        match package {
            "net" => {
                self.looks_up |= function.starts_with("(*Resolver).lookup");
                self.resolves_itself |= function.starts_with("(*Resolver).goLookup");
                self.resolves_by_system |= matches!(function, "_C2func_getaddrinfo" | "_C_getaddrinfo");
            }
            "internal/syscall/unix" => {
                self.resolves_by_system |= function == "Getaddrinfo";
                self.users_through_c |= function.starts_with("Getpw");
            }
            "syscall" => self.resolves_by_system |= function == "GetAddrInfoW",
            "runtime/cgo" => self.has_cgo = true,
            "os/user" => self.users_through_c |= function.starts_with("_C"),
            "time" => self.loads_zones |= function == "LoadLocation",
            "time/tzdata" => self.embeds_zones = true,
            "crypto/x509" => {
                self.loads_roots |= matches!(function, "loadSystemRoots" | "systemRootsPool");
                self.embeds_roots |= function == "SetFallbackRoots";
            }
            "golang.org/x/crypto/x509roots/fallback" => self.embeds_roots = true,
            _ => {}
        }
    }

    /// With `-trimpath` paths are import paths; others begin at a root. Where Go itself is usually installed tells nothing.
    fn add_file(&mut self, path: &str) {
        let is_absolute = path.starts_with('/') || path.as_bytes().get(1) == Some(&b':');
        let is_usual = path.starts_with("/usr/local/go/") || path.starts_with("/usr/lib/go");
        if is_absolute && !is_usual && self.build_paths.len() < MOST_PATHS {
            self.build_paths.insert(path.to_owned());
        }
    }

    /// How it looks up names of hosts.
    pub(crate) fn resolver(&self) -> Resolver {
        match (self.resolves_itself, self.resolves_by_system && self.packages.contains("net")) {
            (true, true) => Resolver::Both,
            (true, false) => Resolver::Go,
            (false, true) => Resolver::System,
            (false, false) if self.looks_up => Resolver::Unknown,
            (false, false) => Resolver::None,
        }
    }

    pub(crate) fn cgo(&self) -> Answer {
        Answer::of(self.has_cgo || !self.cgo_packages.is_empty())
    }

    pub(crate) fn users_through_c(&self) -> Answer {
        Answer::of(self.users_through_c && self.packages.contains("os/user"))
    }

    pub(crate) fn loads_time_zones(&self) -> Answer {
        Answer::of(self.loads_zones)
    }

    pub(crate) fn embeds_time_zones(&self) -> Answer {
        Answer::of(self.embeds_zones)
    }

    pub(crate) fn loads_system_roots(&self) -> Answer {
        Answer::of(self.loads_roots)
    }

    pub(crate) fn embeds_roots(&self) -> Answer {
        Answer::of(self.embeds_roots)
    }
}

/// The package of a function and the rest of its name: the package ends at the first dot after the last slash, and type
/// parameters, which have slashes of their own, do not count.
fn split(name: &str) -> Option<(&str, &str)> {
    if name.starts_with("type:") || name.starts_with("go:") {
        return None;
    }
    let plain = name.find('[').map_or(name, |end| &name[..end]);
    let start = plain.rfind('/').map_or(0, |slash| slash + 1);
    let dot = start + plain[start..].find('.')?;
    (dot > 0).then(|| (&name[..dot], &name[dot + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_a_package() {
        let package = |name| split(name).map(|(package, _)| package);
        assert_eq!(package("main.main"), Some("main"));
        assert_eq!(package("net/http.(*Client).Do"), Some("net/http"));
        assert_eq!(package("gopkg.in/yaml%2ev3.(*parser).peek"), Some("gopkg.in/yaml%2ev3"));
        assert_eq!(package("slices.SortFunc[go.shape.[]example.com/a.T]"), Some("slices"));
        assert_eq!(package("type:.eq.runtime.itab"), None);
        assert_eq!(package("_rt0_amd64_linux"), None);
    }
}
