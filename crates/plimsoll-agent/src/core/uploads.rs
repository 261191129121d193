//! Releases coming in: offered, uploaded piece by piece, sealed.

use plimsoll_model::ReleaseId;
use plimsoll_model::agent::{Refusal, RefusalReason, Response};
use plimsoll_model::transfer::{BaseRelease, MAX_BASES, Packed};

use super::Agent;
use crate::store::{Held, Offer, Piece, StoreError};

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
        let held = self.parts.store.begin(&offer)?;
        let bases = if held.sealed { Vec::new() } else { self.bases()? };
        Ok(have(&held, Some(bases)))
    }

    /// The newest releases whose artifacts differ; one that cannot be read is no base.
    fn bases(&mut self) -> Result<Vec<BaseRelease>, StoreError> {
        let mut bases: Vec<BaseRelease> = Vec::new();
        for release in self.parts.store.sealed()? {
            let Ok(manifest) = self.parts.store.manifest(&release) else { continue };
            let artifact = manifest.artifact.digest;
            if bases.iter().all(|base| base.artifact != artifact) {
                bases.push(BaseRelease { release, artifact });
            }
            if bases.len() == MAX_BASES {
                break;
            }
        }
        Ok(bases)
    }

    pub(super) fn upload(
        &mut self,
        release: &ReleaseId,
        packed: Option<Packed>,
        offset: u64,
        bytes: &[u8],
    ) -> Result<Response, Refusal> {
        if bytes.is_empty() {
            return Err(Refusal::new(
                RefusalReason::Invalid,
                format!("a piece of release {release} is empty"),
            ));
        }
        let held = self.parts.store.append(release, &Piece { packed: packed.as_ref(), offset, bytes })?;
        Ok(have(&held, None))
    }

    pub(super) fn seal(&mut self, release: &ReleaseId) -> Result<Response, Refusal> {
        self.parts.store.seal(release)?;
        Ok(Response::Done)
    }
}

fn have(held: &Held, bases: Option<Vec<BaseRelease>>) -> Response {
    Response::Have { bytes: held.bytes, packed: held.packed, sealed: held.sealed, bases }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self { reason: error.reason(), message: error.to_string(), help: error.help() }
    }
}
