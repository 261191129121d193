//! What would be installed for an instance, as one unit: for people who want to see it, and for the score of its exposure.
//!
//! It is made by the same functions that the agent calls; only that a template and a drop-in become one text here.

use std::path::Path;

use plimsoll_model::ServiceName;

use super::super::Scope;
use super::instance::{InstanceUnit, instance, template};
use super::names::UnitNames;
use super::text::UnitText;
use crate::layout::Layout;
use crate::runtime::InstanceOrder;

/// The unit of an instance below a root folder, as one, with the name that it would have.
pub fn preview(
    service: &ServiceName,
    root: &Path,
    scope: Scope,
    order: &InstanceOrder,
    version: &str,
) -> (String, UnitText) {
    let (layout, names) = (Layout::new(root, service), UnitNames::new(service));
    let name = names.instance(order.port);
    let account = order.run_spec.user.clone().unwrap_or_else(|| names.account());
    let drop_in = instance(&InstanceUnit {
        order,
        service: service.as_str(),
        shared: &layout.shared(),
        account: (scope == Scope::System).then_some(account.as_str()),
        secrets: &layout.state().join("secrets").join(&name),
        scope,
    });
    (name, merged(template(service.as_str(), layout.folder(), scope, version), drop_in))
}

/// A template and a drop-in as systemd puts them together: what the drop-in says stands for what the template says.
fn merged(mut template: UnitText, drop_in: UnitText) -> UnitText {
    for section in drop_in.sections {
        match template.sections.iter_mut().find(|own| own.name == section.name) {
            None => template.sections.push(section),
            Some(own) => {
                own.lines.retain(|line| !section.lines.iter().any(|other| other.key == line.key));
                own.lines.extend(section.lines);
            }
        }
    }
    template
}

#[cfg(test)]
mod tests {
    use plimsoll_model::Digest;
    use plimsoll_model::release::RunSpec;

    use super::*;
    use crate::runtime::ProcessHandle;

    #[test]
    fn a_template_and_a_drop_in_become_one_unit() {
        let process = ProcessHandle { instance: "0123456789ab.0".parse().unwrap(), run: 1 };
        let run = RunSpec { args: vec!["--port={port}".to_owned()], ..RunSpec::default() };
        let order =
            InstanceOrder::of_release(process, "/x/app".into(), Digest::of(b""), &run, "production", 20_000);
        let (name, unit) =
            preview(&"greeter".parse().unwrap(), Path::new("/opt/plimsoll"), Scope::System, &order, "0.1.0");
        assert_eq!(name, "greeter@20000.service");
        assert_eq!(unit.values("Description"), ["greeter: 0123456789ab.0 on port 20000"]);
        assert_eq!(unit.values("ExecStart"), ["\"/x/app\" \"--port=20000\""]);
        assert_eq!((unit.values("KillMode"), unit.values("User")), (vec!["mixed"], vec!["plimsoll-greeter"]));
        assert_eq!(unit.values("WantedBy"), ["multi-user.target"]);
    }
}
