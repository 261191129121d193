//! Host names to addresses, without the C library.
//!
//! The shipped binary is static, and glibc's `getaddrinfo` wants to load libraries at run time, so it is never
//! called. Instead, in this order: addresses as they are; `localhost` (RFC 6761); the hosts file; and DNS, asked as
//! `/etc/resolv.conf` says. `/etc/nsswitch.conf` is not read: names that only LDAP or mDNS know are not found.
//!
//! Both files are read again for each lookup. They are small, and a laptop changes its network while we run.
//! [`hosts`] reads the hosts file, [`config`] the DNS settings, [`stub`] asks the servers.

mod config;
mod hosts;
mod stub;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ureq::unversioned::resolver::ResolvedSocketAddrs;
use ureq::unversioned::transport::NextTimeout;

use config::Config;

/// The longest hosts file or DNS configuration that is read.
const MAX_FILE: u64 = 4 << 20;
/// The most time that one lookup takes, whatever `resolv.conf` allows.
const MAX_WAIT: Duration = Duration::from_secs(30);

/// Why a name has no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// It cannot be the name of a host.
    #[error("`{0}` is not a host name")]
    Name(String),
    /// The DNS servers say that there is no such host.
    #[error("no host is called `{0}`: neither /etc/hosts nor DNS knows it")]
    NotFound(String),
    /// No DNS server gave a usable answer.
    #[error("cannot look up `{name}`: {why}")]
    NoAnswer {
        /// The name.
        name: String,
        /// What the last server did.
        why: String,
    },
}

/// Looks names up.
#[derive(Debug, Clone)]
pub struct Resolver {
    hosts: PathBuf,
    config: PathBuf,
    port: u16,
}

impl Default for Resolver {
    fn default() -> Self {
        Self::system()
    }
}

impl Resolver {
    /// The machine's own settings: `/etc/hosts` and `/etc/resolv.conf`.
    pub fn system() -> Self {
        Self::with_files(Path::new("/etc/hosts"), Path::new("/etc/resolv.conf"))
    }

    /// Settings from other files of the same formats.
    pub fn with_files(hosts: &Path, resolv_conf: &Path) -> Self {
        Self { hosts: hosts.to_owned(), config: resolv_conf.to_owned(), port: 53 }
    }

    /// The addresses of a host, at least one, IPv4 first. Takes at most `timeout`.
    pub fn lookup(&self, host: &str, timeout: Duration) -> Result<Vec<IpAddr>, ResolveError> {
        if let Some(address) = literal(host) {
            return Ok(vec![address]);
        }
        let name = host.strip_suffix('.').unwrap_or(host);
        if !is_host_name(name) {
            return Err(ResolveError::Name(host.to_owned()));
        }
        if is_localhost(name) {
            return Ok(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
        }
        let mut found = hosts::addresses(&read(&self.hosts), name);
        if found.is_empty() {
            let config = Config::parse(&read(&self.config), self.port);
            let deadline = Instant::now() + timeout.min(MAX_WAIT);
            found = stub::lookup(&config, host, deadline)?;
        }
        // A host whose IPv6 leads nowhere is far more common than one with IPv6 only, and who connects tries all.
        found.sort_by_key(IpAddr::is_ipv6);
        Ok(found)
    }

    /// The addresses of a host with a port.
    pub fn addresses(
        &self,
        host: &str,
        port: u16,
        timeout: Duration,
    ) -> Result<Vec<SocketAddr>, ResolveError> {
        let addresses = self.lookup(host, timeout)?;
        Ok(addresses.into_iter().map(|ip| SocketAddr::new(ip, port)).collect())
    }
}

impl ureq::unversioned::resolver::Resolver for Resolver {
    fn resolve(
        &self,
        uri: &ureq::http::Uri,
        _config: &ureq::config::Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let host = uri.host().ok_or_else(|| ureq::Error::BadUri(format!("{uri} has no host")))?;
        let port = match (uri.port_u16(), uri.scheme_str()) {
            (Some(port), _) => port,
            (None, Some("https")) => 443,
            (None, _) => 80,
        };
        let found = self
            .addresses(host, port, *timeout.after)
            .map_err(|error| ureq::Error::Other(Box::new(error)))?;
        let mut result = self.empty();
        let room = 16; // ureq's own limit; it panics beyond.
        found.into_iter().take(room).for_each(|address| result.push(address));
        Ok(result)
    }
}

/// An address as it is, also in the brackets of a URL.
fn literal(host: &str) -> Option<IpAddr> {
    let inner = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
    match inner {
        Some(v6) => v6.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        None => host.parse().ok(),
    }
}

fn is_localhost(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

/// The names of hosts, with `_` as many internal networks have it.
fn is_host_name(name: &str) -> bool {
    name.len() <= 253
        && name.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        })
}

/// A configuration file's text. One that is not there says nothing, as the C library has it.
fn read(path: &Path) -> String {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    if let Ok(file) = std::fs::File::open(path)
        && file.take(MAX_FILE).read_to_end(&mut bytes).is_err()
    {
        bytes.clear();
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn addresses_and_localhost_need_no_files() {
        let resolver = Resolver::with_files(Path::new("/nowhere"), Path::new("/nowhere"));
        let lookup = |host: &str| resolver.lookup(host, SECOND).unwrap();
        assert_eq!(lookup("192.0.2.7"), ["192.0.2.7".parse::<IpAddr>().unwrap()]);
        assert_eq!(lookup("[2001:db8::1]"), ["2001:db8::1".parse::<IpAddr>().unwrap()]);
        assert_eq!(lookup("LocalHost.").len(), 2);
        assert_eq!(lookup("a.localhost"), lookup("localhost"));
    }

    #[test]
    fn what_cannot_be_a_name_is_not_asked_for() {
        let resolver = Resolver::with_files(Path::new("/nowhere"), Path::new("/nowhere"));
        let long = "a".repeat(64);
        for bad in ["", ".", "a..b", "a b", "a/b", "[::1", "ü.example", &long] {
            assert_eq!(resolver.lookup(bad, SECOND), Err(ResolveError::Name(bad.to_owned())), "{bad}");
        }
    }

    #[test]
    fn the_hosts_file_comes_before_dns() {
        let folder = tempfile::tempdir().unwrap();
        let hosts = folder.path().join("hosts");
        std::fs::write(&hosts, "2001:db8::2 db\n192.0.2.2 db # both\n").unwrap();
        let resolver = Resolver::with_files(&hosts, Path::new("/nowhere"));
        let found = resolver.addresses("DB", 5432, SECOND).unwrap();
        assert_eq!(found, ["192.0.2.2:5432".parse().unwrap(), "[2001:db8::2]:5432".parse().unwrap()]);
    }
}
