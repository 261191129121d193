//! The signal to finish: connections end after the request that they are serving.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::task::{Context, Poll};

use std::future::Future;
use std::pin::Pin;

use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;

/// Raised once.
#[derive(Debug, Default)]
pub(crate) struct Drain {
    raised: AtomicBool,
    notify: Arc<Notify>,
}

impl Drain {
    /// Tells every listener, and those that come later.
    pub(crate) fn raise(&self) {
        self.raised.store(true, SeqCst);
        self.notify.notify_waiters();
    }

    /// Whether it was raised.
    pub(crate) fn is_raised(&self) -> bool {
        self.raised.load(SeqCst)
    }

    /// A listener for one connection.
    pub(crate) fn listen(self: &Arc<Self>) -> Listener {
        Listener {
            drain: Arc::clone(self),
            notified: Box::pin(Arc::clone(&self.notify).notified_owned()),
            registered: false,
            told: false,
        }
    }
}

/// Asked each time the connection's task runs, so it must be cheap: the task's waker is registered once, and after
/// that only a flag is read.
#[derive(Debug)]
pub(crate) struct Listener {
    drain: Arc<Drain>,
    notified: Pin<Box<OwnedNotified>>,
    registered: bool,
    told: bool,
}

impl Listener {
    /// The signal itself.
    pub(crate) fn signal(&self) -> Arc<Drain> {
        Arc::clone(&self.drain)
    }

    /// A listener that says so once more.
    pub(crate) fn again(&self) -> Self {
        self.drain.listen()
    }

    /// Whether the signal has come; says so once.
    pub(crate) fn is_raised_now(&mut self, cx: &mut Context<'_>) -> bool {
        if !self.registered {
            // The waker of a task stays the same as long as the task lives.
            self.registered = true;
            let _: Poll<()> = self.notified.as_mut().poll(cx);
        }
        if self.told || !self.drain.is_raised() {
            return false;
        }
        self.told = true;
        true
    }
}
