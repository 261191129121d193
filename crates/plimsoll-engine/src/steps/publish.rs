//! Brings the release's content to a host: announced, sent from where it stopped, verified and sealed there.
//!
//! Undone by nothing: a sealed release that never runs is removed by `prune`. Twice is safe: what is there is not sent
//! again, and sealing a sealed release changes nothing.

use plimsoll_drivers::host::unexpected;
use plimsoll_model::agent::{CHUNK, Request, Response};
use plimsoll_model::release::Manifest;

use super::{Caller, StepError};
use crate::world::ContentError;

pub(super) fn perform(call: &mut Caller) -> Result<(), StepError> {
    let release = call.context.plan.release.clone();
    let signed = call.context.releases.manifest(&release)?;
    let manifest: Manifest = serde_json::from_str(&signed.manifest)
        .map_err(|e| ContentError { release: release.clone(), why: format!("its manifest: {e}") })?;
    let offer =
        Request::Offer { release: release.clone(), manifest: signed.manifest, signature: signed.signature };
    let Response::Have { bytes: mut offset, sealed } = call.ask(offer)? else {
        return Err(unexpected("offer").into());
    };
    if sealed {
        return Ok(());
    }
    while offset < manifest.artifact.size {
        let piece = call.context.releases.artifact(&release, offset, CHUNK)?;
        if piece.is_empty() {
            let why = format!("the artifact ends after {offset} of {} bytes", manifest.artifact.size);
            return Err(ContentError { release, why }.into());
        }
        let upload = Request::Upload { release: release.clone(), offset };
        let Response::Have { bytes, .. } = call.ask_with(upload, &piece)? else {
            return Err(unexpected("upload").into());
        };
        if bytes <= offset {
            return Err(unexpected("upload").into());
        }
        offset = bytes;
    }
    call.ask(Request::Seal { release }).map(drop)
}
