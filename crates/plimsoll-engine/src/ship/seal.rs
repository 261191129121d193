//! Gate "sign": the release is sealed, signed and numbered.

use std::collections::BTreeMap;

use plimsoll_artifact::release_folder::seal;
use plimsoll_drivers::build::Built;
use plimsoll_model::event::News;
use plimsoll_model::evidence::{Gate, GateDecision};
use plimsoll_model::record::Entry;
use plimsoll_model::release::{Artifact, Manifest, Source};
use plimsoll_model::{ReleaseId, version};
use serde_json::json;

use super::inspect::file_digest;
use super::{Finding, Ship, Stop, measured};

impl Ship<'_> {
    pub(super) fn seal(&mut self, source: Source, built: &Built) -> Result<ReleaseId, Stop> {
        let started = self.start(Gate::Sign, "the manifest");
        let refused = |summary: String| Stop::Refused { gate: Gate::Sign, summary, help: Vec::new() };
        let Some(manifest) = self.manifest(source, built) else {
            return Err(refused(format!("{} cannot be read", built.artifact.display())));
        };
        let sealed = match seal(&manifest, &built.artifact, self.secret_key, self.release_folder) {
            Ok(sealed) => sealed,
            Err(error) => return Err(refused(crate::text::with_causes(&error))),
        };
        let history = self.history()?;
        let label_known = history.find(&sealed.release).is_some();
        if !label_known {
            let number = history.number_of(&sealed.release).unwrap_or_else(|next| next);
            self.record(Entry::ReleaseSealed {
                number,
                release: sealed.release.clone(),
                manifest: manifest.digest(),
                commit: manifest.source.commit.clone(),
                subject: manifest.source.subject.clone(),
                tree: manifest.source.tree.clone(),
            })?;
        }
        let history = self.history()?;
        let label = history.label(&sealed.release);
        let serving = history.serving(&self.environment.name);
        self.tell(News::Sealed {
            release: label.clone(),
            replaces: serving.as_ref().map(|r| history.label(r)),
            tree: manifest.source.tree.clone(),
        });
        let key = self.secret_key.public_key();
        let known = if sealed.is_new { "" } else { "; the same as before" };
        self.found(
            started,
            Finding {
                gate: Gate::Sign,
                release: Some(sealed.release.clone()),
                artifact: Some(manifest.artifact.digest),
                question: "is the release sealed and signed?".to_owned(),
                measured: measured([
                    ("key", json!(key.to_base64())),
                    ("manifest", json!(manifest.digest().to_string())),
                    ("artifact", json!(manifest.artifact.digest.to_string())),
                    ("new", json!(sealed.is_new)),
                ]),
                decision: GateDecision::Passed,
                summary: format!("{label} ({}), key {}{known}", sealed.release, key.id()),
            },
        )?;
        Ok(sealed.release)
    }

    fn manifest(&self, source: Source, built: &Built) -> Option<Manifest> {
        let size = std::fs::metadata(&built.artifact).ok()?.len();
        let environments: BTreeMap<_, _> =
            self.service.environments.iter().map(|(name, e)| (name.clone(), e.run.clone())).collect();
        Some(Manifest {
            format: version::MANIFEST,
            service: self.service.name.clone(),
            source,
            platform: built.platform.clone(),
            artifact: Artifact {
                file: self.service.name.to_string(),
                digest: file_digest(&built.artifact)?,
                size,
            },
            environments,
        })
    }
}
