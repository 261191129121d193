//! The proxy's side of the control socket.

use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixListener as StdListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::task::AbortHandle;

use super::client::{ControlError, connect};
use super::wire::{self, MAX_FRAME, Request, Response};
use crate::prometheus::prometheus_text;
use crate::proxy::ShutdownHandle;
use crate::shared::Shared;

/// Steering connections at the same time; more wait.
const MAX_CONNECTIONS: usize = 16;
/// A steering connection without a request for so long is closed.
const IDLE: Duration = Duration::from_secs(300);
/// From a message's first byte to its last.
const TRANSFER: Duration = Duration::from_secs(10);

/// A bound control socket.
#[derive(Debug)]
pub(crate) struct Socket {
    listener: StdListener,
    path: PathBuf,
}

/// Serves while it lives; removes the socket's file at its end.
#[derive(Debug)]
pub(crate) struct Serving {
    path: PathBuf,
    task: AbortHandle,
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.task.abort();
        // Left behind it does no harm: the next proxy finds nobody answering and takes its place.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Binds the socket at `path`, in place of one that nobody answers any more.
pub(crate) fn bind(path: &Path) -> Result<Socket, ControlError> {
    let failed = |source| ControlError::Bind { path: path.to_owned(), source };
    match connect(path) {
        Ok(_) => return Err(ControlError::Taken { path: path.to_owned() }),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            let is_socket = std::fs::symlink_metadata(path).map_err(failed)?.file_type().is_socket();
            if is_socket {
                std::fs::remove_file(path).map_err(failed)?;
            }
        }
        Err(_) => {}
    }
    let listener = StdListener::bind(path).map_err(failed)?;
    std::fs::set_permissions(path, PermissionsExt::from_mode(0o600)).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    Ok(Socket { listener, path: path.to_owned() })
}

impl Socket {
    /// Serves in the current runtime.
    pub(crate) fn serve(self, shared: Arc<Shared>, shutdown: ShutdownHandle) -> Serving {
        let listener = self.listener;
        let task = tokio::spawn(async move {
            if let Ok(listener) = UnixListener::from_std(listener) {
                accept(listener, shared, shutdown).await;
            }
        });
        Serving { path: self.path, task: task.abort_handle() }
    }
}

async fn accept(listener: UnixListener, shared: Arc<Shared>, shutdown: ShutdownHandle) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    while let Ok(permit) = Arc::clone(&places).acquire_owned().await {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        let (shared, shutdown) = (Arc::clone(&shared), shutdown.clone());
        tokio::spawn(async move {
            // Whoever steers sees the broken connection, and asks again.
            let _ = converse(stream, shared, shutdown).await;
            drop(permit);
        });
    }
}

async fn converse(mut stream: UnixStream, shared: Arc<Shared>, shutdown: ShutdownHandle) -> io::Result<()> {
    loop {
        let length = tokio::time::timeout(IDLE, stream.read_u32()).await??;
        if length > MAX_FRAME {
            let response = Response::Invalid(format!("a message of {length} bytes is too long"));
            return send(&mut stream, &response).await;
        }
        let mut bytes = vec![0; length as usize];
        tokio::time::timeout(TRANSFER, stream.read_exact(&mut bytes)).await??;
        let request = match wire::parse(&bytes) {
            Ok(Request::Shutdown { deadline }) => {
                // Answered first: this thread may be gone a moment later.
                send(&mut stream, &Response::Done).await?;
                shutdown.shutdown(deadline.duration());
                continue;
            }
            request => request,
        };
        let shared = Arc::clone(&shared);
        // Storing a table waits for the disk, and this thread also accepts connections.
        let response = tokio::task::spawn_blocking(move || respond(request, &shared)).await?;
        send(&mut stream, &response).await?;
    }
}

fn respond(request: Result<Request, String>, shared: &Shared) -> Response {
    match request {
        Ok(Request::SetTable(table)) => match shared.set_table(table) {
            Ok(()) => Response::Done,
            Err(error) => Response::Table(error),
        },
        Ok(Request::Report) => Response::Report(shared.report()),
        Ok(Request::Prometheus) => Response::Text(prometheus_text(&shared.report())),
        Ok(Request::Shutdown { .. }) => Response::Done,
        Err(reason) => Response::Invalid(reason),
    }
}

async fn send(stream: &mut UnixStream, response: &Response) -> io::Result<()> {
    let frame = wire::frame(response)
        .or_else(|| wire::frame(&Response::Invalid("the answer is too long for a message".to_owned())))
        .expect("a short message fits");
    tokio::time::timeout(TRANSFER, stream.write_all(&frame)).await?
}
