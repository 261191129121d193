//! Listening sockets, and the limit of open files that they need.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use socket2::{Domain, SockRef, Socket, TcpKeepalive, Type};

use crate::options::Listen;

/// Connections that wait in the kernel until they are accepted; the kernel caps it (`net.core.somaxconn`).
const BACKLOG: i32 = 4096;
/// Silence on a client's connection after which the kernel begins to ask whether it is still there.
const VANISHED: Duration = Duration::from_secs(60);

/// Why a socket could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Another process listens there.
    #[error(
        "cannot listen on {address}: the address is in use; stop what listens there (`ss -ltnp 'sport = :{}'` names it) or choose another port",
        address.port()
    )]
    InUse {
        /// The address.
        address: SocketAddr,
    },
    /// Any other reason.
    #[error("cannot listen on {address}")]
    Failed {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// A socket that was handed over cannot be used.
    #[error("cannot use the listening socket that was handed over")]
    HandedOver {
        /// Why.
        source: io::Error,
    },
}

/// A non-blocking listener and its address.
pub(crate) fn open(listen: Listen) -> Result<(TcpListener, SocketAddr), ListenError> {
    match listen {
        Listen::Address(address) => bind(address),
        Listen::Bound(listener) => {
            let prepare = || {
                listener.set_nonblocking(true)?;
                set_options(&SockRef::from(&listener))?;
                listener.local_addr()
            };
            let address = prepare().map_err(|source| ListenError::HandedOver { source })?;
            Ok((listener, address))
        }
    }
}

pub(crate) fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), ListenError> {
    let attempt = || {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM.nonblocking(), None)?;
        // For a restart while connections of the last process linger. It does not allow two listeners.
        socket.set_reuse_address(true)?;
        set_options(&socket)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        let listener = TcpListener::from(socket);
        let address = listener.local_addr()?;
        Ok((listener, address))
    };
    attempt().map_err(|source: io::Error| match source.kind() {
        io::ErrorKind::AddrInUse => ListenError::InUse { address },
        _ => ListenError::Failed { address, source },
    })
}

/// Options that Linux passes on to each accepted connection, which saves asking for each: no waiting for more to
/// send, and an end to connections whose client vanished without a word.
fn set_options(socket: &Socket) -> io::Result<()> {
    socket.set_tcp_nodelay(true)?;
    socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(VANISHED))
}

/// Raises the soft limit of open files to the hard one: a connection of a client is two files.
pub(crate) fn raise_open_files() {
    let limit = getrlimit(Resource::Nofile);
    // Without it the proxy serves fewer connections, and the rest wait: no reason not to start.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_named() {
        let (_held, address) = bind(([127, 0, 0, 1], 0).into()).unwrap();
        let message = bind(address).unwrap_err().to_string();
        assert!(
            message.starts_with(&format!("cannot listen on {address}: the address is in use")),
            "{message}"
        );
    }
}
