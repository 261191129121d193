//! I6: a request with an old token changes nothing on the host that has seen a newer one.

use plimsoll_model::agent::Call;
use plimsoll_model::{Fence, HostName, Timestamp};

use super::{Invariant, Watch};

impl Watch {
    /// A fenced call was handled by a host that had seen `seen` before; `same` says that neither its saved state nor
    /// its traffic changed.
    pub(crate) fn on_call(&mut self, host: &HostName, call: &Call, seen: Fence, same: bool, now: Timestamp) {
        let Some(fence) = call.fence else { return };
        self.newest_fence = self.newest_fence.max(fence).max(seen);
        if fence < seen && !same {
            let name = call.request.name();
            let what = format!("`{name}` with fence {fence} changed {host}, which had seen {seen}");
            self.broken(Invariant::I6, now, what);
        }
    }
}
