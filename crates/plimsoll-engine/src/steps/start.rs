//! Starts instances of a release on a host, on ports of the host's choice.
//!
//! Undone by retiring them. Twice is safe: an instance that runs is left alone.

use std::collections::BTreeMap;

use plimsoll_model::agent::Request;
use plimsoll_model::release::{Manifest, SecretReference};
use plimsoll_model::{InstanceId, ReleaseId, Secret};

use super::{Caller, StepError};

pub(super) fn perform(call: &mut Caller, instances: &[InstanceId]) -> Result<(), StepError> {
    for instance in instances {
        let secrets = secrets(call, &instance.release)?;
        call.ask(Request::Start { instance: instance.clone(), secrets })?;
    }
    Ok(())
}

/// Values of the secrets that live in the operator's environment; those in files are read on the host. The references
/// are the release's own, which on the way back is not the plan's.
pub(super) fn secrets(call: &Caller, release: &ReleaseId) -> Result<BTreeMap<String, Secret>, StepError> {
    let plan = call.context.plan;
    let of_release;
    let references = if *release == plan.release {
        &plan.run.secrets
    } else {
        let signed = call.context.releases.manifest(release)?;
        let parsed: Option<Manifest> = serde_json::from_str(&signed.manifest).ok();
        of_release = parsed.and_then(|mut m| m.environments.remove(&plan.environment)).unwrap_or_default();
        &of_release.secrets
    };
    let mut values = BTreeMap::new();
    for (variable, reference) in references {
        if let SecretReference::Env(from) = reference {
            let missing = || StepError::SecretMissing { variable: variable.clone(), from: from.clone() };
            values.insert(variable.clone(), call.context.secrets.variable(from).ok_or_else(missing)?);
        }
    }
    Ok(values)
}
