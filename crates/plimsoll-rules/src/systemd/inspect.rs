//! Facts about a unit for `plimsoll inspect`.

use std::path::Path;

use plimsoll_model::inspection::{FileFormat, Inspection, Problem};

use super::exposure::exposure;
use super::placed;
use super::unit::{Kind, Unit};

/// What is known of a file whose name is a unit's, with the drop-ins beside it; nothing where it is none.
///
/// Only what runs programs has an exposure, and a drop-in by itself is no unit.
pub fn inspect(path: &Path) -> Option<Inspection> {
    let (name, is_drop_in) = placed::named(path)?;
    let shown = path.display().to_string();
    let size = path.metadata().map_or(0, |metadata| metadata.len());
    let facts = Inspection { size, ..Inspection::of(&shown, FileFormat::SystemdUnit) };
    let runs = [Kind::Service, Kind::Socket, Kind::Mount, Kind::Swap].contains(&name.kind);
    match Unit::read(path, &[]) {
        _ if is_drop_in => Some(facts),
        Ok(unit) if unit.files.iter().all(|file| file.sections.is_empty()) => None,
        Ok(unit) => Some(Inspection { exposure: runs.then(|| exposure(&unit)), ..facts }),
        Err(error) => {
            let advice = "name a unit file that can be read".to_owned();
            Some(Inspection::without_facts(shown, Problem { what: error.to_string(), advice }))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_have_facts() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let service = inspect(&write("a.service", "[Service]\nExecStart=/bin/true\n")).unwrap();
        let json = serde_json::to_value(&service).unwrap();
        assert_eq!(json["format"], "systemd-unit");
        assert_eq!(
            (json["exposure"]["score"].as_f64(), json["exposure"]["level"].as_str()),
            (Some(9.6), Some("UNSAFE"))
        );
        assert_eq!(json["exposure"]["systemd"], 252);
        assert_eq!(inspect(&write("a.timer", "[Timer]\nOnBootSec=1\n")).unwrap().exposure, None);
        assert!(inspect(&write("a.path", "no unit")).is_none());
        assert!(inspect(&write("a.txt", "[Service]\n")).is_none());
        assert!(inspect(&folder.path().join("none.service")).unwrap().problem.is_some());
    }
}
