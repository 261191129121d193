//! What a proxy is started with. The table is not among it: that comes later and changes.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::time::Duration;

/// Settings of a proxy, fixed from its start to its end.
#[derive(Debug)]
pub struct ProxyOptions {
    /// Where clients connect.
    pub listen: Listen,
    /// Where `GET /metrics` is answered in Prometheus' text format; a listener of its own.
    pub metrics_listen: Option<SocketAddr>,
    /// Path of the Unix socket that takes commands. Its folder must be closed to others (0700).
    pub control_socket: Option<PathBuf>,
    /// File that keeps the last accepted table, so that a restarted proxy serves it at once.
    pub state_file: Option<PathBuf>,
    /// Worker threads; 0 for one per core.
    pub workers: usize,
    /// Client connections held at the same time. More wait in the kernel's queue.
    pub max_connections: u32,
    /// Time to establish a connection to an instance.
    pub connect_timeout: Duration,
    /// Time from a request's last byte to the answer's head; unlimited where `None`.
    pub response_header_timeout: Option<Duration>,
    /// Time for a client to send a request's head, and how long an idle client connection is kept.
    pub request_header_timeout: Duration,
    /// How long an idle connection to an instance is kept. Below the shortest keep-alive of common servers
    /// (5 s in Node.js), so that a request seldom meets a connection that its instance is just closing.
    pub pool_idle_timeout: Duration,
    /// Idle connections kept for each worker and instance.
    pub pool_max_idle: usize,
    /// Bytes of a message's head at most; at least 8,192. A head has 100 fields at most.
    pub max_header_bytes: usize,
    /// Whether answers carry `x-plimsoll-release`, so that a client can tell which release answered.
    pub release_header: bool,
    /// Whether `X-Forwarded-Proto`, `X-Forwarded-Host` and `Forwarded` of the client are kept. Only for a proxy
    /// that is reached through another one; otherwise a client could claim what it likes.
    pub trust_forwarded: bool,
}

impl Default for ProxyOptions {
    fn default() -> Self {
        Self {
            listen: Listen::Address(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))),
            metrics_listen: None,
            control_socket: None,
            state_file: None,
            workers: 0,
            max_connections: 50_000,
            connect_timeout: Duration::from_secs(1),
            response_header_timeout: None,
            request_header_timeout: Duration::from_secs(60),
            pool_idle_timeout: Duration::from_secs(4),
            pool_max_idle: 512,
            max_header_bytes: 64 * 1024,
            release_header: true,
            trust_forwarded: false,
        }
    }
}

impl ProxyOptions {
    /// Default settings, listening at `address`.
    pub fn listening(address: SocketAddr) -> Self {
        Self { listen: Listen::Address(address), ..Self::default() }
    }

    pub(crate) fn worker_count(&self) -> usize {
        match self.workers {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            count => count,
        }
    }
}

/// Where clients connect.
#[derive(Debug)]
pub enum Listen {
    /// An address that the proxy binds.
    Address(SocketAddr),
    /// A socket that somebody else bound, as a service manager does for socket activation.
    Bound(TcpListener),
}
