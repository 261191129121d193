//! The proxy as its owner sees it, and its threads: one for each worker, and one that accepts connections, takes
//! commands and answers scrapers.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use plimsoll_model::traffic::{RouteTable, TrafficReport};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Semaphore, mpsc, watch};

use crate::control::{self, ControlError};
use crate::drain::Drain;
use crate::listen::{self, ListenError};
use crate::options::{Listen, ProxyOptions};
use crate::shared::{SetTableError, Shared};
use crate::store::StoreError;
use crate::worker::{self, Accepted};
use crate::{accept, metrics_http};

/// Why a proxy could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A socket could not be opened.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The control socket could not be opened.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// A thread or its event loop could not be made.
    #[error("cannot start the {name} thread")]
    Thread {
        /// Its name.
        name: String,
        /// Why.
        source: io::Error,
    },
}

/// A running proxy. Dropping it cuts all connections.
#[derive(Debug)]
pub struct Proxy {
    shared: Arc<Shared>,
    address: SocketAddr,
    metrics_address: Option<SocketAddr>,
    state_problem: Option<StoreError>,
    shutdown: ShutdownHandle,
    threads: Vec<JoinHandle<()>>,
}

/// Ends a proxy from wherever it is needed, such as a signal's handler thread.
#[derive(Debug, Clone)]
pub struct ShutdownHandle(Arc<watch::Sender<Option<Duration>>>);

impl ShutdownHandle {
    /// Stops accepting, lets running requests end for at most `deadline`, then cuts the rest. The first call
    /// counts. Returns at once; [`Proxy::wait`] waits for the end.
    pub fn shutdown(&self, deadline: Duration) {
        self.0.send_if_modified(|stop| {
            let first = stop.is_none();
            stop.get_or_insert(deadline);
            first
        });
    }
}

impl Proxy {
    /// Opens the sockets, takes the stored table and starts the threads. Connections are accepted from here on.
    pub fn start(mut options: ProxyOptions) -> Result<Self, StartError> {
        listen::raise_open_files();
        let listen = std::mem::replace(&mut options.listen, Listen::Address(([127, 0, 0, 1], 0).into()));
        let (listener, address) = listen::open(listen)?;
        let metrics = options.metrics_listen.map(listen::bind).transpose()?;
        let metrics_address = metrics.as_ref().map(|(_, address)| *address);
        let control = options.control_socket.as_deref().map(control::bind).transpose()?;
        let shared = Arc::new(Shared::new(options));
        let state_problem = shared.restore().err();
        let shutdown = ShutdownHandle(Arc::new(watch::Sender::new(None)));

        let drain = Arc::new(Drain::default());
        let mut threads = Vec::new();
        let mut queues = Vec::new();
        for index in 0..shared.workers {
            let (sender, queue) = mpsc::unbounded_channel();
            queues.push(sender);
            let work = worker::run(index, Arc::clone(&shared), Arc::clone(&drain), queue);
            threads.push(spawn(&format!("proxy-{index}"), work)?);
        }
        let front = Front {
            listener,
            metrics: metrics.map(|(listener, _)| listener),
            control,
            shared: Arc::clone(&shared),
            drain,
            queues: queues.into(),
            shutdown: shutdown.clone(),
        };
        threads.push(spawn("proxy-front", front.run())?);
        Ok(Self { shared, address, metrics_address, state_problem, shutdown, threads })
    }

    /// Where clients connect.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Where the metrics are served, if they are.
    pub fn metrics_addr(&self) -> Option<SocketAddr> {
        self.metrics_address
    }

    /// Why the stored table was not taken, if there was one and it was not. The proxy then started without arms.
    pub fn state_problem(&self) -> Option<&StoreError> {
        self.state_problem.as_ref()
    }

    /// Puts a table in force. When this returns, no new request goes where it does not say.
    pub fn set_table(&self, table: RouteTable) -> Result<(), SetTableError> {
        self.shared.set_table(table)
    }

    /// Table and counters.
    pub fn report(&self) -> TrafficReport {
        self.shared.report()
    }

    /// A handle that ends this proxy.
    pub fn shutdown_handle(&self) -> ShutdownHandle {
        self.shutdown.clone()
    }

    /// Begins to end, as [`ShutdownHandle::shutdown`].
    pub fn shutdown(&self, deadline: Duration) {
        self.shutdown.shutdown(deadline);
    }

    /// Blocks until the proxy has ended, by whoever ended it.
    pub fn wait(mut self) {
        self.join();
    }

    fn join(&mut self) {
        for thread in self.threads.drain(..) {
            // A worker that panicked is gone either way, and its panic has been printed.
            let _ = thread.join();
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shutdown.shutdown(Duration::ZERO);
        self.join();
    }
}

/// What the front thread runs.
struct Front {
    listener: std::net::TcpListener,
    metrics: Option<std::net::TcpListener>,
    control: Option<control::Socket>,
    shared: Arc<Shared>,
    drain: Arc<Drain>,
    queues: Arc<[mpsc::UnboundedSender<Accepted>]>,
    shutdown: ShutdownHandle,
}

impl Front {
    /// Ends when the proxy is told to end and its connections are closed. The workers end as their queues do.
    async fn run(self) {
        let limit = self.shared.options.max_connections;
        let places = Arc::new(Semaphore::new(limit as usize));
        if let Some(Ok(metrics)) = self.metrics.map(TcpListener::from_std) {
            tokio::spawn(metrics_http::run(metrics, Arc::clone(&self.shared)));
        }
        let _socket =
            self.control.map(|socket| socket.serve(Arc::clone(&self.shared), self.shutdown.clone()));
        let mut stop = self.shutdown.0.subscribe();
        if let Ok(listener) = TcpListener::from_std(self.listener) {
            accept::run(listener, Arc::clone(&self.queues), Arc::clone(&places), stop.clone()).await;
        }
        let deadline = stop.wait_for(Option::is_some).await.map_or(Duration::ZERO, |d| d.unwrap_or_default());
        self.drain.raise();
        let _ = tokio::time::timeout(deadline, places.acquire_many(limit)).await;
    }
}

fn spawn(name: &str, work: impl Future<Output = ()> + Send + 'static) -> Result<JoinHandle<()>, StartError> {
    let failed = |source| StartError::Thread { name: name.to_owned(), source };
    let runtime = Builder::new_current_thread().enable_all().build().map_err(failed)?;
    thread::Builder::new().name(name.to_owned()).spawn(move || run(runtime, work)).map_err(failed)
}

fn run(runtime: Runtime, work: impl Future<Output = ()>) {
    runtime.block_on(work);
    // A disk that hangs while a table is stored must not keep the process.
    runtime.shutdown_background();
}
