//! Who may change something: the holder of the highest fencing token that this host has seen.

use plimsoll_model::agent::{CHUNK, Call, Refusal, RefusalReason};

use super::Agent;

impl Agent {
    /// Lets a call in, or says why not. A higher token is remembered before the request does anything, so that
    /// the one before is shut out even where the request then fails.
    pub(super) fn admit(&mut self, call: &Call, content: &[u8]) -> Result<(), Refusal> {
        if call.service != self.state.service {
            return Err(Refusal::new(
                RefusalReason::Invalid,
                format!("this agent looks after service `{}`, not `{}`", self.state.service, call.service),
            ));
        }
        if call.content as usize != content.len() || content.len() > CHUNK {
            return Err(Refusal::new(
                RefusalReason::Invalid,
                format!("{} bytes of content were announced and {} came", call.content, content.len()),
            ));
        }
        if !call.request.is_fenced() {
            return Ok(());
        }
        let name = call.request.name();
        let fence = call.fence.ok_or_else(|| {
            Refusal::new(
                RefusalReason::Invalid,
                format!("`{name}` changes something and carries no fencing token"),
            )
        })?;
        if fence < self.state.fence {
            return Err(Refusal::new(
                RefusalReason::StaleFence,
                format!(
                    "`{name}` carries fencing token {fence}, and this host has seen {}",
                    self.state.fence
                ),
            )
            .with_help("another plimsoll took over; look at `plimsoll status` before trying again"));
        }
        self.change(|state| state.fence = fence)?;
        Ok(())
    }
}
