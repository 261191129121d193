//! Releases coming in: offered, uploaded piece by piece, sealed.

use plimsoll_model::ReleaseId;
use plimsoll_model::agent::{Refusal, RefusalReason, Response};

use super::Agent;
use crate::store::{Held, Offer, StoreError};

impl Agent {
    pub(super) fn offer(
        &mut self,
        release: &ReleaseId,
        manifest: &str,
        signature: &str,
    ) -> Result<Response, Refusal> {
        let trusted_keys = self.settings()?.trusted_keys.clone();
        if trusted_keys.is_empty() {
            return Err(Refusal::new(
                RefusalReason::Untrusted,
                "this host trusts no key, so no release is accepted",
            )
            .with_help("name the public key in `[signing] trusted-keys`"));
        }
        let offer = Offer { release, manifest, signature, trusted_keys: &trusted_keys };
        Ok(have(self.parts.store.begin(&offer)?))
    }

    pub(super) fn upload(
        &mut self,
        release: &ReleaseId,
        offset: u64,
        bytes: &[u8],
    ) -> Result<Response, Refusal> {
        if bytes.is_empty() {
            return Err(Refusal::new(
                RefusalReason::Invalid,
                format!("a piece of release {release} is empty"),
            ));
        }
        Ok(have(self.parts.store.append(release, offset, bytes)?))
    }

    pub(super) fn seal(&mut self, release: &ReleaseId) -> Result<Response, Refusal> {
        self.parts.store.seal(release)?;
        Ok(Response::Done)
    }
}

fn have(held: Held) -> Response {
    Response::Have { bytes: held.bytes, sealed: held.sealed }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self { reason: error.reason(), message: error.to_string(), help: error.help() }
    }
}
