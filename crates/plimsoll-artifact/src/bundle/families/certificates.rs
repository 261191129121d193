//! CA certificates, by which TLS knows whom to trust.

use std::path::Path;

use plimsoll_model::bundle::RunTimeState;

use super::super::gathering::Gathering;
use super::super::{BundleError, tree};
use super::{Family, mentions};

pub(super) const FAMILY: Family =
    Family { name: "certificates", wanted: |evidence| mentions(evidence, "SSL_CERT_FILE"), add };

/// Where distributions keep them.
const FILES: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

fn add(gathering: &mut Gathering, why: &str) -> Result<(), BundleError> {
    let Some(file) = FILES.iter().map(Path::new).find(|file| file.is_file()) else {
        let advice = "install ca-certificates here, or set SSL_CERT_FILE at the target".to_owned();
        gathering.tell(FAMILY.name, RunTimeState::Asked, why, Some(advice));
        return Ok(());
    };
    tree::add(gathering, file)?;
    gathering.set("SSL_CERT_FILE", tree::value(file));
    // git's own variable goes before OpenSSL's.
    if gathering.evidence.text_with("GIT_EXEC_PATH").is_some() {
        gathering.set("GIT_SSL_CAINFO", tree::value(file));
    }
    let advice =
        "SSL_CERT_FILE at the target goes before it: certificates grow old, and companies have their own";
    gathering.tell(
        FAMILY.name,
        RunTimeState::Added,
        format!("{why}; {}", file.display()),
        Some(advice.to_owned()),
    );
    Ok(())
}
