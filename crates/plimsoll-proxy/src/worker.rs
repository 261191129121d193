//! A worker: one thread with a runtime of its own, which serves the connections that the acceptor hands to it.
//! Nothing of a request leaves its thread, so its connections to instances are the worker's own too.

use std::future::{Future, poll_fn};
use std::io;
use std::net::{SocketAddr, TcpStream as StdStream};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use http::header::CONNECTION;
use http::{HeaderValue, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use crate::body::ResponseBody;
use crate::detect::speaks_http2;
use crate::drain::{Drain, Listener};
use crate::forward::{Client, forward};
use crate::shared::Shared;

/// Streams that one HTTP/2 client may have open.
const MAX_STREAMS: u32 = 256;
/// Bytes that an HTTP/2 client may send ahead on one stream, and on all together.
const STREAM_WINDOW: u32 = 256 * 1024;
const CONNECTION_WINDOW: u32 = 1024 * 1024;

/// How long a connection without a request is kept after the signal to finish: its next request may be under way, and
/// closing now would answer it with a reset. Another process that listens on the same socket takes all later ones.
const UNDER_WAY: Duration = Duration::from_millis(500);

/// A client connection on its way to a worker.
#[derive(Debug)]
pub(crate) struct Accepted {
    pub(crate) stream: StdStream,
    pub(crate) peer: SocketAddr,
    /// Its place among the connections that the proxy may hold.
    pub(crate) permit: OwnedSemaphorePermit,
}

/// Serves until the queue's other end is dropped; what is still open then is cut.
pub(crate) async fn run(
    index: usize,
    shared: Arc<Shared>,
    drain: Arc<Drain>,
    mut queue: mpsc::UnboundedReceiver<Accepted>,
) {
    let pruning = tokio::spawn(prune(index, Arc::clone(&shared)));
    while let Some(accepted) = queue.recv().await {
        let client = Arc::new(Client {
            shared: Arc::clone(&shared),
            worker: index,
            ip: HeaderValue::try_from(accepted.peer.ip().to_canonical().to_string())
                .expect("an address is visible ASCII"),
            _permit: accepted.permit,
        });
        let listener = drain.listen();
        tokio::spawn(async move {
            // A connection that ends badly concerns its client only, who knows.
            let _ = serve(accepted.stream, client, listener).await;
        });
    }
    pruning.abort();
}

async fn prune(worker: usize, shared: Arc<Shared>) {
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        shared.prune(worker);
    }
}

async fn serve(
    stream: StdStream,
    client: Arc<Client>,
    mut drain: Listener,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let stream = TcpStream::from_std(stream)?;
    let limit = client.shared.options.request_header_timeout;
    let Some(speaks_http2) = detected(&stream, limit, &mut drain).await else { return Ok(()) };
    if speaks_http2? {
        serve_http2(stream, client, drain).await?;
    } else {
        serve_http1(stream, client, drain).await?;
    }
    Ok(())
}

/// Waits for the first bytes; `None` where the signal to finish came and none did.
async fn detected(stream: &TcpStream, limit: Duration, drain: &mut Listener) -> Option<io::Result<bool>> {
    let mut first_bytes = pin!(tokio::time::timeout(limit, speaks_http2(stream)));
    let known = if let Some(known) = unless_drained(first_bytes.as_mut(), drain).await {
        known
    } else {
        *drain = drain.again();
        tokio::time::timeout(UNDER_WAY, first_bytes).await.ok()?
    };
    Some(known.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())))
}

async fn serve_http1(
    stream: TcpStream,
    client: Arc<Client>,
    mut drain: Listener,
) -> Result<(), hyper::Error> {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(client.shared.options.request_header_timeout)
        .max_buf_size(client.shared.options.max_header_bytes);
    let signal = drain.signal();
    let service = service_fn(move |request| {
        let (client, signal) = (Arc::clone(&client), Arc::clone(&signal));
        async move {
            let mut response = forward(client, request).await?;
            if signal.is_raised() && response.status() != StatusCode::SWITCHING_PROTOCOLS {
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, std::convert::Infallible>(response)
        }
    });
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service).with_upgrades());
    if let Some(end) = unless_drained(connection.as_mut(), &mut drain).await {
        return end;
    }
    // An idle connection may have a request under way: that one is answered, and told to be the last.
    if let Ok(end) = tokio::time::timeout(UNDER_WAY, connection.as_mut()).await {
        return end;
    }
    connection.as_mut().graceful_shutdown();
    connection.await
}

async fn serve_http2(stream: TcpStream, client: Arc<Client>, drain: Listener) -> Result<(), hyper::Error> {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .keep_alive_interval(client.shared.options.request_header_timeout)
        .max_concurrent_streams(MAX_STREAMS)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_header_list_size(u32::try_from(client.shared.options.max_header_bytes).unwrap_or(u32::MAX));
    let service = service_fn(move |request: Request<Incoming>| {
        let client = Arc::clone(&client);
        async move { forward(client, request).await as Result<Response<ResponseBody>, _> }
    });
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    until_drained(connection, drain, http2::Connection::graceful_shutdown).await
}

/// Runs `connection`; at the signal it is told to finish.
async fn until_drained<C: Future>(connection: C, mut drain: Listener, finish: fn(Pin<&mut C>)) -> C::Output {
    let mut connection = pin!(connection);
    poll_fn(|cx| {
        if drain.is_raised_now(cx) {
            finish(connection.as_mut());
        }
        connection.as_mut().poll(cx)
    })
    .await
}

/// Runs `work` to its end, or gives it up at the signal.
async fn unless_drained<F: Future>(mut work: Pin<&mut F>, drain: &mut Listener) -> Option<F::Output> {
    poll_fn(|cx| match work.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if drain.is_raised_now(cx) => Poll::Ready(None),
        Poll::Pending => Poll::Pending,
    })
    .await
}
