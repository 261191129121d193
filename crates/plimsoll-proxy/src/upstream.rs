//! Connections to instances: taken from the worker's pool or established, and given back after the answer.
//!
//! One request is one *attempt* on one instance. Whether to try again is decided in `forward`; this file only tells
//! how far the attempt came.

use std::net::SocketAddr;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::backend::{InFlight, Sender};
use crate::body::RequestBody;
use crate::options::ProxyOptions;

/// How an attempt failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// No connection. Nothing was sent and the request is as it was.
    NotConnected { request: Box<Request<RequestBody>>, timed_out: bool },
    /// The connection broke after the request was written, before any byte of an answer.
    Lost { reused: bool },
    /// The answer's head did not come in time.
    HeaderTimeout,
}

/// An answer's head and the place at the instance that is held until its body ends.
pub(crate) type Answer = (Response<Incoming>, Lease);

/// Sends `request` and waits for the answer's head. With `fresh`, idle connections are not used.
pub(crate) async fn attempt(
    place: InFlight,
    worker: usize,
    options: &ProxyOptions,
    mut request: Request<RequestBody>,
    fresh: bool,
) -> Result<Answer, Failure> {
    let max_idle = options.pool_max_idle;
    while let Some(sender) = if fresh { None } else { place.backend().idle_connection(worker) } {
        match exchange(sender, request, options.response_header_timeout).await {
            Ok((response, sender)) => return Ok((response, Lease::new(place, worker, max_idle, sender))),
            // The instance had closed it while it was idle, as it may; nothing was sent, so nothing has failed.
            Err(Broken::Unsent(unsent)) => request = *unsent,
            Err(Broken::Lost) => return Err(Failure::Lost { reused: true }),
            Err(Broken::TimedOut) => return Err(Failure::HeaderTimeout),
        }
    }
    let sender = match connect(place.backend().address, options).await {
        Ok(sender) => sender,
        Err(NoConnection { timed_out }) => {
            return Err(Failure::NotConnected { request: Box::new(request), timed_out });
        }
    };
    match exchange(sender, request, options.response_header_timeout).await {
        Ok((response, sender)) => Ok((response, Lease::new(place, worker, max_idle, sender))),
        Err(Broken::Unsent(request)) => Err(Failure::NotConnected { request, timed_out: false }),
        Err(Broken::Lost) => Err(Failure::Lost { reused: false }),
        Err(Broken::TimedOut) => Err(Failure::HeaderTimeout),
    }
}

enum Broken {
    Unsent(Box<Request<RequestBody>>),
    Lost,
    TimedOut,
}

async fn exchange(
    mut sender: Sender,
    request: Request<RequestBody>,
    limit: Option<Duration>,
) -> Result<(Response<Incoming>, Sender), Broken> {
    let answer = sender.try_send_request(request);
    let answer = match limit {
        None => answer.await,
        Some(limit) => tokio::time::timeout(limit, answer).await.map_err(|_| Broken::TimedOut)?,
    };
    match answer {
        Ok(response) => Ok((response, sender)),
        Err(mut error) => {
            Err(error.take_message().map_or(Broken::Lost, |request| Broken::Unsent(Box::new(request))))
        }
    }
}

struct NoConnection {
    timed_out: bool,
}

async fn connect(address: SocketAddr, options: &ProxyOptions) -> Result<Sender, NoConnection> {
    let refused = NoConnection { timed_out: false };
    let stream = match tokio::time::timeout(options.connect_timeout, TcpStream::connect(address)).await {
        Err(_) => return Err(NoConnection { timed_out: true }),
        Ok(Err(_)) => return Err(refused),
        Ok(Ok(stream)) => stream,
    };
    if stream.set_nodelay(true).is_err() {
        return Err(refused);
    }
    let mut builder = http1::Builder::new();
    builder.max_buf_size(options.max_header_bytes);
    let Ok((sender, connection)) = builder.handshake(TokioIo::new(stream)).await else {
        return Err(refused);
    };
    // Its end is seen by whoever holds the sender, so its result says nothing new.
    tokio::spawn(connection.with_upgrades());
    Ok(sender)
}

/// A request's place at an instance and the connection it came on. Dropping it gives both back.
#[derive(Debug)]
pub(crate) struct Lease {
    place: InFlight,
    worker: usize,
    max_idle: usize,
    sender: Option<Sender>,
}

impl Lease {
    fn new(place: InFlight, worker: usize, max_idle: usize, sender: Sender) -> Self {
        Self { place, worker, max_idle, sender: Some(sender) }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(mut sender) = self.sender.take() else { return };
        let (worker, max_idle) = (self.worker, self.max_idle);
        if sender.is_ready() {
            self.place.backend().keep(worker, sender, max_idle);
        } else if !sender.is_closed() {
            // The answer has ended before the request, or its end has yet to be read. A runtime that is
            // shutting down needs no connection back.
            let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
            let backend = std::sync::Arc::clone(self.place.backend());
            runtime.spawn(async move {
                if sender.ready().await.is_ok() {
                    backend.keep(worker, sender, max_idle);
                }
            });
        }
    }
}
