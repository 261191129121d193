//! The text of a first file. Every value that is a matter of taste is there to be changed, with its reason.

use plimsoll_model::ssh::SshHost;

use super::Found;

/// The file for what was found, with production on these hosts, or on this machine where there are none.
pub(super) fn render(found: &Found, hosts: &[SshHost]) -> String {
    let names: Vec<String> = hosts.iter().map(|host| format!("\"{}\"", host.name)).collect();
    let place = if hosts.is_empty() { LOCAL.to_owned() } else { SSH.replace("@HOSTS@", &names.join(", ")) };
    TEMPLATE
        .replace("@PLACE@", &place)
        .replace("@NAME@", &found.name)
        .replace("@TEST@", found.test_example)
        .replace("@BUILD@", &found.build)
}

const TEMPLATE: &str = r#"# How @NAME@ is built, checked, deployed and watched.
# `plimsoll ship` takes a commit through all of it. `plimsoll ship --dry-run` shows what would happen.
# Every key with its default: docs/reference/configuration.md, or `plimsoll schema` for your editor.

[service]
name = "@NAME@"

[build]
@BUILD@
[gates]
# What happens when the tree holds changes that the commit does not: "warn" or "refuse".
dirty = "warn"

# A regression test that must pass in staging before production is touched.
# PLIMSOLL_URL is where the service answers.
# [test]
# command = @TEST@
# environment = "staging"

# What an instance runs with, in every environment.
[run]
# The port is in the variable PORT. Where the program wants an argument instead:
# args = ["--port", "{port}"]

# [run.variables]
# LOG_LEVEL = "info"

# Secrets are references: the values never become part of a release.
# [run.secrets]
# DATABASE_URL = { env = "DATABASE_URL" }

[run.health]
# Answers 200 to 299 when the instance can take requests.
path = "/healthz"

[run.limits]
memory = "512MB"

[environments.staging]
# Clients on this machine reach it at http://127.0.0.1:18081.
port = 18081

@PLACE@
# A canary: the new release gets a part of the requests, and more only when it holds its own against the old one.
# It goes back by itself when it does not. Short times fit a laptop; give real traffic minutes.
[environments.production.rollout]
steps = [
  { set-weight = "5%" },
  { analysis = "1m" },
  { set-weight = "25%" },
  { analysis = "1m" },
  { set-weight = "50%" },
  { pause = "30s" },
]

# What must hold, as plimsoll's own proxy counts it.
[[environments.production.rollout.analysis]]
name = "traffic"
max-error-rate = "1%"
p99 = "500ms"
# With no requests there is nothing to judge: a person is asked. "promote" goes on, "roll-back" goes back.
on-no-data = "hold"
no-data-deadline = "1m"
"#;

/// Production on this machine.
const LOCAL: &str = "[environments.production]
# Clients on this machine reach it at http://127.0.0.1:18080.
port = 18080
instances = 2
";

/// Production on hosts that ssh reaches.
const SSH: &str = r#"[environments.production]
target = "ssh"
# As `ssh` knows them: names of ~/.ssh/config, "deploy@10.0.0.3", "web4:2222". Nothing has to be installed there.
# Whoever logs in is root, or may use `sudo` without a password; other ways: docs/design/ssh.md.
hosts = [@HOSTS@]
# Clients reach it at this port of every host. A port below 1024 works as well: the service needs no rights for it.
port = 8080
# On each host.
instances = 2

# What the hosts must have. `plimsoll doctor` asks them, and so does every release.
# [environments.production.requires]
# memory = "1GB"
# disk = "2GB"
# tcp = ["db.internal:5432"]
"#;
