//! Bodies in both directions: passed on frame by frame, never collected.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use crate::upstream::Lease;

type Polled = Poll<Option<Result<Frame<Bytes>, hyper::Error>>>;

/// A client's body on its way to an instance.
#[derive(Debug)]
pub(crate) enum RequestBody {
    Empty,
    Client {
        body: Incoming,
        /// Set when the client broke off, so that its fault is not counted as the instance's.
        broken: Arc<AtomicBool>,
    },
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Polled {
        match &mut *self {
            Self::Empty => Poll::Ready(None),
            Self::Client { body, broken } => {
                let frame = Pin::new(body).poll_frame(cx);
                if let Poll::Ready(Some(Err(_))) = frame {
                    broken.store(true, Relaxed);
                }
                frame
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Client { body, .. } => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Client { body, .. } => body.size_hint(),
        }
    }
}

/// An answer's body on its way to a client.
#[derive(Debug)]
pub(crate) enum ResponseBody {
    /// The proxy's own words.
    Own(Option<Bytes>),
    /// An instance's answer. The lease ends with the body: then the connection can take the next request.
    Instance { body: Incoming, lease: Option<Lease> },
}

impl ResponseBody {
    pub(crate) fn text(text: impl Into<Bytes>) -> Self {
        Self::Own(Some(text.into()))
    }

    pub(crate) fn instance(body: Incoming, lease: Lease) -> Self {
        let lease = (!body.is_end_stream()).then_some(lease);
        Self::Instance { body, lease }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Polled {
        match &mut *self {
            Self::Own(text) => Poll::Ready(text.take().map(|text| Ok(Frame::data(text)))),
            Self::Instance { body, lease } => {
                let frame = Pin::new(&mut *body).poll_frame(cx);
                let ended = matches!(frame, Poll::Ready(None | Some(Err(_)))) || body.is_end_stream();
                if ended {
                    drop(lease.take());
                }
                frame
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Own(text) => text.is_none(),
            Self::Instance { body, .. } => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Own(text) => SizeHint::with_exact(text.as_ref().map_or(0, |text| text.len() as u64)),
            Self::Instance { body, .. } => body.size_hint(),
        }
    }
}
