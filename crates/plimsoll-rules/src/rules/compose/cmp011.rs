//! A database keeps its data in its container. The page beside this file says why.

use plimsoll_model::Severity;

use super::services;
use crate::rule::{Check, Rule, TreeSubject};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "CMP011",
    name: "database-without-volume",
    aliases: &[],
    severity: Severity::Error,
    on: true,
    page: include_str!("cmp011.md"),
    check: Check::Compose(look),
};

/// Images with the folders where they keep what must not be lost.
const DATA: [(&str, &str); 14] = [
    ("postgres", "/var/lib/postgresql"),
    ("mysql", "/var/lib/mysql"),
    ("mariadb", "/var/lib/mysql"),
    ("percona", "/var/lib/mysql"),
    ("mongo", "/data/db"),
    ("rabbitmq", "/var/lib/rabbitmq"),
    ("elasticsearch", "/usr/share/elasticsearch/data"),
    ("influxdb", "/var/lib/influxdb"),
    ("neo4j", "/data"),
    ("cassandra", "/var/lib/cassandra"),
    ("couchdb", "/opt/couchdb/data"),
    ("postgis", "/var/lib/postgresql"),
    ("clickhouse", "/var/lib/clickhouse"),
    ("timescaledb", "/var/lib/postgresql"),
];

fn look(subject: &TreeSubject<'_>, sheet: &mut Sheet<'_>) {
    for service in services::whole(subject.file) {
        let Some(image) = service.node.get("image").and_then(services::image) else { continue };
        let name = image.path.rsplit('/').next().unwrap_or_default();
        let Some((_, folder)) = DATA.iter().find(|(own, _)| *own == name) else { continue };
        let mut volumes = service.node.get("volumes").into_iter().flat_map(crate::tree::Node::items);
        let holds = |volume: &crate::tree::Node| {
            let target = volume.text_at(&["target"]).or_else(|| volume.text()?.split(':').nth(1));
            // An anonymous volume is another one each time, unless its name is a variable.
            let target = target
                .filter(|_| volume.text_at(&["type"]) != Some("volume") || volume.get("source").is_some());
            target.is_some_and(|target| {
                target.contains('$') || target.starts_with(folder) || folder.starts_with(target)
            })
        };
        let is_meant = service.node.get("tmpfs").is_some() || service.node.get("profiles").is_some();
        if !is_meant && !volumes.any(holds) {
            let message = format!(
                "what `{}` keeps in {folder} is lost when its container is made anew",
                service.key.text
            );
            sheet.add(
                service.key.place,
                message,
                format!("add a named volume: `volumes: [\"data:{folder}\"]`"),
            );
        }
    }
}
