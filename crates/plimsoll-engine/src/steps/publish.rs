//! Brings the release's content to a host: announced, sent from where it stopped, verified and sealed there. Over a
//! network it travels packed, as a patch where the host has a release that this coordinator has too.
//!
//! Undone by nothing: a sealed release that never runs is removed by `prune`. Twice is safe: what is there is not sent
//! again, and sealing a sealed release changes nothing.

use plimsoll_drivers::host::unexpected;
use plimsoll_drivers::{HostError, Reach};
use plimsoll_model::ReleaseId;
use plimsoll_model::agent::{CHUNK, RefusalReason, Request, Response};
use plimsoll_model::release::Manifest;
use plimsoll_model::transfer::BaseRelease;

use super::{Caller, Sent, StepError};
use crate::packing::Packing;
use crate::world::ContentError;

pub(super) fn perform(call: &mut Caller) -> Result<Option<Sent>, StepError> {
    match publish(call, true) {
        // The base on the host, or this coordinator's, is not what its manifest says; go without.
        Err(Failure::Patch) => publish(call, false).map_err(Failure::into_step),
        other => other.map_err(Failure::into_step),
    }
}

/// Why a release was not published.
enum Failure {
    /// What came of a patch was refused.
    Patch,
    Step(StepError),
}

impl Failure {
    fn into_step(self) -> StepError {
        match self {
            Self::Patch => unexpected("seal").into(),
            Self::Step(error) => error,
        }
    }
}

impl<E: Into<StepError>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Step(error.into())
    }
}

fn publish(call: &mut Caller, may_patch: bool) -> Result<Option<Sent>, Failure> {
    let release = call.context.plan.release.clone();
    let signed = call.context.releases.manifest(&release)?;
    let manifest: Manifest = serde_json::from_str(&signed.manifest)
        .map_err(|e| ContentError { release: release.clone(), why: format!("its manifest: {e}") })?;
    let offer =
        Request::Offer { release: release.clone(), manifest: signed.manifest, signature: signed.signature };
    let Response::Have { bytes, packed: here, sealed, bases } = call.ask(offer)? else {
        return Err(unexpected("offer").into());
    };
    if sealed {
        return Ok(None);
    }
    // An agent that names no bases, not even none, is older than packing.
    let unpacks = bases.is_some() && call.host.reach() == Reach::Remote;
    let bases = bases.filter(|_| may_patch).unwrap_or_default();
    let context = call.context;
    let packing =
        if unpacks { context.packings.best(context.releases, &release, &manifest, &bases)? } else { None };
    let packing = packing.as_deref();
    let wanted = packing.map(|packing| packing.packed.digest);
    let artifact = Outgoing { release, manifest, packing, offset: if wanted == here { bytes } else { 0 } };
    let sent = artifact.send(call, &bases)?;
    match call.ask(Request::Seal { release: artifact.release }) {
        Err(StepError::Host(HostError::Refused(refusal)))
            if refusal.reason == RefusalReason::Untrusted && sent.base.is_some() =>
        {
            Err(Failure::Patch)
        }
        other => Ok(other.map(|_| (call.host.reach() == Reach::Remote).then_some(sent))?),
    }
}

/// An artifact on its way.
struct Outgoing<'p> {
    release: ReleaseId,
    manifest: Manifest,
    packing: Option<&'p Packing>,
    /// What is there already.
    offset: u64,
}

impl Outgoing<'_> {
    fn send(&self, call: &mut Caller, bases: &[BaseRelease]) -> Result<Sent, StepError> {
        let artifact = self.manifest.artifact.size;
        let size = self.packing.map_or(artifact, |packing| packing.packed.size);
        let packed = self.packing.map(|packing| packing.packed.clone());
        let mut offset = self.offset;
        while offset < size {
            let piece = self.piece(call, offset)?;
            if piece.is_empty() {
                let why = format!("the artifact ends after {offset} of {size} bytes");
                return Err(ContentError { release: self.release.clone(), why }.into());
            }
            let upload = Request::Upload { release: self.release.clone(), packed: packed.clone(), offset };
            match call.ask_with(upload, &piece)? {
                Response::Have { bytes, .. } if bytes > offset => offset = bytes,
                _ => return Err(unexpected("upload").into()),
            }
        }
        let base = packed.and_then(|packed| packed.base);
        let base = bases.iter().find(|known| Some(known.artifact) == base).map(|known| known.release.clone());
        Ok(Sent { bytes: size - self.offset.min(size), size: artifact, base })
    }

    fn piece(&self, call: &Caller, offset: u64) -> Result<Vec<u8>, ContentError> {
        let Some(packing) = self.packing else {
            return call.context.releases.artifact(&self.release, offset, CHUNK);
        };
        let rest =
            usize::try_from(offset).ok().and_then(|offset| packing.bytes.get(offset..)).unwrap_or_default();
        Ok(rest[..rest.len().min(CHUNK)].to_vec())
    }
}

#[cfg(test)]
mod tests;
