//! `targets.json`: the running instances in the format of Prometheus' file-based service discovery.
//!
//! A Prometheus on the same machine that names this file in `file_sd_configs` scrapes every instance, labelled with
//! its release, from the moment on that it runs. The file is derived from the state and rewritten with it; nothing
//! reads it back, so that it need not survive a power failure.

use serde::Serialize;

use super::HostState;

/// One instance.
#[derive(Serialize)]
struct Target {
    targets: [String; 1],
    labels: Labels,
}

#[derive(Serialize)]
struct Labels {
    service: String,
    environment: String,
    release: String,
    plimsoll_instance: String,
}

/// The file's text.
pub(super) fn targets(state: &HostState) -> String {
    let environment = state.settings.as_ref().map(|s| s.environment.to_string()).unwrap_or_default();
    let live = state.instances.iter().filter(|(_, record)| record.state.is_live());
    let targets: Vec<Target> = live
        .map(|(instance, record)| Target {
            targets: [format!("127.0.0.1:{}", record.port)],
            labels: Labels {
                service: state.service.to_string(),
                environment: environment.clone(),
                release: instance.release.to_string(),
                plimsoll_instance: instance.to_string(),
            },
        })
        .collect();
    serde_json::to_string_pretty(&targets).expect("targets have only text keys") + "\n"
}
