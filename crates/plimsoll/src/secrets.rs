//! The values of declared secrets, as far as this command can know them: what must not be printed or written down.

use std::path::Path;

use plimsoll_engine::world::Secrets as _;
use plimsoll_model::release::SecretReference;
use plimsoll_model::service::{Environment, Service, Target};
use plimsoll_model::{Masker, Secret};

use crate::content::EnvironmentSecrets;

/// Variables of ours whose values are secret: nobody else gets them.
pub(crate) const OURS: [&str; 2] = [crate::project::PASSWORD, crate::yard::TOKEN];
/// Larger files hold no secret.
const LARGEST: u64 = 64 * 1024;

/// Variables that this command alone is told: an agent would keep them for as long as it lives.
pub(crate) fn variables(service: &Service) -> Vec<String> {
    let declared = service.environments.values().flat_map(|environment| environment.run.secrets.values());
    let declared = declared.filter_map(|reference| match reference {
        SecretReference::Env(name) => Some(name.clone()),
        SecretReference::File(_) => None,
    });
    OURS.iter().map(ToString::to_string).chain(declared).collect()
}

/// Masks every value that is known here, and says which are too short for that.
pub(crate) fn masker(service: &Service) -> (Masker, Vec<String>) {
    let mut values: Vec<Secret> = OURS.iter().filter_map(|name| EnvironmentSecrets.variable(name)).collect();
    let mut short = Vec::new();
    for environment in service.environments.values() {
        for (name, reference) in &environment.run.secrets {
            let Some(value) = value(environment, reference) else { continue };
            if Masker::is_too_short(&value) && !short.contains(name) {
                short.push(name.clone());
            }
            values.push(value);
        }
    }
    (Masker::new(&values), short)
}

fn value(environment: &Environment, reference: &SecretReference) -> Option<Secret> {
    match (reference, &environment.target) {
        (SecretReference::Env(name), _) => EnvironmentSecrets.variable(name),
        // Files of this machine, where this user may read them; those of other hosts only their agents know.
        (SecretReference::File(path), Target::Local { .. }) => of_file(Path::new(path)),
        (SecretReference::File(_), Target::Ssh(_)) => None,
    }
}

fn of_file(path: &Path) -> Option<Secret> {
    let found = std::fs::metadata(path).ok()?;
    if !found.is_file() || found.len() > LARGEST {
        return None;
    }
    let text = std::fs::read_to_string(path).ok()?;
    Some(Secret::new(text.trim_end_matches(['\n', '\r'])))
}
