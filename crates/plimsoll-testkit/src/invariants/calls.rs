//! I6: a request with an old token changes nothing on the host that has seen a newer one.

use plimsoll_model::agent::Call;
use plimsoll_model::{Fence, HostName, Timestamp};

use super::{Invariant, Watch};

impl Watch {
    /// A fenced call was handled by a host that had seen `seen` before. `fence` is the one of the caller's lease,
    /// whatever the call carries; `same` says that neither the host's saved state nor its traffic changed.
    pub(crate) fn on_call(
        &mut self,
        host: &HostName,
        call: &Call,
        fence: Fence,
        seen: Fence,
        same: bool,
        now: Timestamp,
    ) {
        self.newest_fence = self.newest_fence.max(fence).max(seen);
        if fence < seen && !same {
            let name = call.request.name();
            let what = format!("`{name}` with fence {fence} changed {host}, which had seen {seen}");
            self.broken(Invariant::I6, now, what);
        }
    }
}
