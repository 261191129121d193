//! `/etc/resolv.conf`, as far as it matters to a stub: servers, search list, `ndots`, `timeout` and `attempts`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

/// The C library's limits, so that a file means the same here.
const MAX_SERVERS: usize = 3;
const MAX_SEARCH: usize = 6;

/// How DNS is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Config {
    pub(super) servers: Vec<SocketAddr>,
    pub(super) search: Vec<String>,
    pub(super) ndots: usize,
    pub(super) timeout: Duration,
    pub(super) attempts: u32,
}

impl Config {
    /// Reads a file. No server in it means one on this machine, as `resolv.conf(5)` says.
    pub(super) fn parse(file: &str, port: u16) -> Self {
        let mut config = Self {
            servers: Vec::new(),
            search: Vec::new(),
            ndots: 1,
            timeout: Duration::from_secs(5),
            attempts: 2,
        };
        for line in file.lines() {
            config.apply(line, port);
        }
        if config.servers.is_empty() {
            config.servers.push(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port));
        }
        config
    }

    fn apply(&mut self, line: &str, port: u16) {
        let mut words = line.split_ascii_whitespace();
        match words.next() {
            Some("nameserver") => {
                // An IPv6 address with a zone (`fe80::1%eth0`) needs an interface number and is left out.
                let address = words.next().and_then(|word| word.parse::<IpAddr>().ok());
                if let Some(address) = address.filter(|_| self.servers.len() < MAX_SERVERS) {
                    self.servers.push(SocketAddr::new(address, port));
                }
            }
            Some("domain" | "search") => {
                self.search = words.take(MAX_SEARCH).map(|s| s.trim_matches('.').to_owned()).collect();
            }
            Some("options") => words.for_each(|word| self.option(word)),
            _ => {}
        }
    }

    fn option(&mut self, word: &str) {
        let Some((name, value)) = word.split_once(':') else { return };
        let Ok(value) = value.parse::<u32>() else { return };
        match name {
            "ndots" => self.ndots = value.min(15) as usize,
            "timeout" => self.timeout = Duration::from_secs(u64::from(value.clamp(1, 30))),
            "attempts" => self.attempts = value.clamp(1, 5),
            _ => {}
        }
    }

    /// The full names to try for a name, in order. A final dot means that it is one already.
    pub(super) fn candidates(&self, host: &str) -> Vec<String> {
        if let Some(full) = host.strip_suffix('.') {
            return vec![full.to_owned()];
        }
        let searched = self.search.iter().filter(|s| !s.is_empty()).map(|s| format!("{host}.{s}"));
        let itself = std::iter::once(host.to_owned());
        if host.matches('.').count() >= self.ndots {
            itself.chain(searched).collect()
        } else {
            searched.chain(itself).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_usual_file_is_read() {
        let file = "; by dhcp\nnameserver 192.0.2.1\nnameserver fe80::1%eth0\nnameserver 2001:db8::53\n\
                    search corp.example. example\noptions ndots:2 timeout:1 attempts:9 edns0 trust-ad\n";
        let config = Config::parse(file, 53);
        assert_eq!(config.servers, ["192.0.2.1:53".parse().unwrap(), "[2001:db8::53]:53".parse().unwrap()]);
        assert_eq!(config.search, ["corp.example", "example"]);
        assert_eq!((config.ndots, config.timeout.as_secs(), config.attempts), (2, 1, 5));
    }

    #[test]
    fn an_empty_file_means_a_server_here() {
        assert_eq!(Config::parse("", 53).servers, ["127.0.0.1:53".parse().unwrap()]);
    }

    #[test]
    fn the_search_list_comes_first_for_short_names() {
        let config = Config::parse("search a b", 53);
        assert_eq!(config.candidates("db"), ["db.a", "db.b", "db"]);
        assert_eq!(config.candidates("db.c"), ["db.c", "db.c.a", "db.c.b"]);
        assert_eq!(config.candidates("db."), ["db"]);
    }
}
