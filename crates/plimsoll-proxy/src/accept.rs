//! The acceptor: takes connections and hands them to the workers in turn.
//!
//! One acceptor instead of `SO_REUSEPORT` on each worker: connections are spread evenly even when there are few,
//! a socket that was handed over works, and the limit of connections is exact. It costs one wake-up of another
//! thread for each connection, none for a request.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc, watch};

use crate::worker::Accepted;

/// Accepts until `stop` says so, then closes the socket.
pub(crate) async fn run(
    listener: TcpListener,
    workers: Arc<[mpsc::UnboundedSender<Accepted>]>,
    places: Arc<Semaphore>,
    mut stop: watch::Receiver<Option<Duration>>,
) {
    let accept = async {
        let mut next = 0;
        while let Ok(permit) = Arc::clone(&places).acquire_owned().await {
            let (stream, peer) = accept(&listener).await;
            let Ok(stream) = stream.into_std() else { continue };
            next = (next + 1) % workers.len();
            if workers[next].send(Accepted { stream, peer, permit }).is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = accept => {}
        // Not `changed`: it may have been told before this thread began.
        _ = stop.wait_for(Option::is_some) => {}
    }
}

async fn accept(listener: &TcpListener) -> (tokio::net::TcpStream, std::net::SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) if is_the_clients(&error) => {}
            // No files or no memory left: some will be free soon, and asking at once would spin.
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

fn is_the_clients(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset)
}
