//! `[hooks.<name>]`

use plimsoll_model::hook::{HookName, HookSpec, Hooks};

use crate::settings::settings;
use crate::slot::Slot;
use crate::values::list::Command;
use crate::values::time::SomeTime;

settings! {
    /// Programs of your own that run at moments of a rollout, where the command runs. No shell reads them.
    HooksLayer;
    /// Before anything is changed. Any exit code but 0 refuses the rollout.
    "pre-deploy" => pre_deploy: HookLayer;
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

impl HooksLayer {
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
