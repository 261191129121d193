//! `[hooks.<name>]`

use plimsoll_model::hook::{HookName, HookSpec, Hooks};

use crate::settings::settings;
use crate::slot::Slot;
use crate::values::list::Command;
use crate::values::time::SomeTime;

settings! {
    /// Programs of your own that run at moments of a rollout: where the command runs, but for `migrate`. No shell reads
    /// them.
    HooksLayer;
    /// Before anything is changed. Any exit code but 0 refuses the rollout.
    "pre-deploy" => pre_deploy: HookLayer;
    /// Once in every rollout of a release (not on the way back to one), on one host, when every host has the release and
    /// none runs it yet. Any exit code but 0 refuses the rollout.
    "migrate" => migrate: MigrateLayer;
    /// When the release serves everywhere.
    "post-deploy" => post_deploy: HookLayer;
    /// When the release was refused, or not every host could be brought back.
    "deploy-failed" => deploy_failed: HookLayer;
    /// When the release came back and the one before serves everywhere.
    "rolled-back" => rolled_back: HookLayer;
    /// When the command leaves while a person is waited for.
    "held" => held: HookLayer;
}

settings! {
    /// A program of your own.
    HookLayer;
    /// The program and its arguments; no shell reads them. A path with a `/` is relative to this file's folder.
    "command" => command: Command, required;
    /// The longest time that it may take; then it is ended with everything that it started.
    "timeout" => timeout: SomeTime = "\"5m\"";
}

settings! {
    /// A program that changes what the service's instances share, such as the tables of a database. It becomes part of the
    /// release, and runs as an instance does: its account, folder, bounds, variables and secrets.
    MigrateLayer;
    /// The program and its arguments; no shell reads them. `{artifact}` stands for the path of the release's program. What
    /// else is named must be on the host.
    "command" => command: Command, required;
    /// The longest time that it may take; then it is ended.
    "timeout" => timeout: SomeTime = "\"5m\"";
}

impl HooksLayer {
    /// What runs on a host; it belongs to the releases and not to who ships them.
    pub(crate) fn resolve_migrate(&self) -> Option<HookSpec> {
        let layer = self.migrate.value()?;
        Some(HookSpec { command: layer.command.value()?.0.clone(), timeout: layer.timeout().0 })
    }

    pub(crate) fn resolve(&self) -> Hooks {
        let layers: [(HookName, &Slot<HookLayer>); 5] = [
            (HookName::PreDeploy, &self.pre_deploy),
            (HookName::PostDeploy, &self.post_deploy),
            (HookName::DeployFailed, &self.deploy_failed),
            (HookName::RolledBack, &self.rolled_back),
            (HookName::Held, &self.held),
        ];
        layers.into_iter().filter_map(|(name, layer)| Some((name, layer.value()?.resolve()?))).collect()
    }
}

impl HookLayer {
    fn resolve(&self) -> Option<HookSpec> {
        Some(HookSpec { command: self.command.value()?.0.clone(), timeout: self.timeout().0 })
    }
}
