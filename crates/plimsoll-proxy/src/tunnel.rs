//! A connection after a change of protocol: bytes both ways until both sides are done.

use std::sync::Arc;

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional;

use crate::forward::Client;
use crate::upstream::Lease;

/// Copies until the end. The lease is held meanwhile: a tunnel is a request in flight. So is `place`, the client's
/// surroundings: a tunnel is a connection.
pub(crate) async fn run(client: OnUpgrade, instance: OnUpgrade, lease: Lease, place: Arc<Client>) {
    if let (Ok(client), Ok(instance)) = (client.await, instance.await) {
        // Either side may break off at any time; there is nobody left to tell.
        let _ = copy_bidirectional(&mut TokioIo::new(client), &mut TokioIo::new(instance)).await;
    }
    drop((lease, place));
}
