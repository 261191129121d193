//! Jobs and steps of CI, and what rules ask about them.

use crate::tree::{Node, Tree};

/// Every job of a workflow of GitHub.
pub(super) fn all(tree: &Tree) -> Vec<&Node> {
    let jobs = tree.root().and_then(|root| root.get("jobs")).map(Node::entries).unwrap_or_default();
    jobs.into_iter().map(|(_, job)| job).collect()
}

/// Every step of every job.
pub(super) fn steps(tree: &Tree) -> Vec<&Node> {
    all(tree).into_iter().filter_map(|job| job.get("steps")).flat_map(Node::items).collect()
}

/// Whether a workflow runs for an event.
pub(super) fn has_trigger(tree: &Tree, event: &str) -> bool {
    // Readers of YAML 1.1 take the key for the truth.
    let on = tree.root().and_then(|root| root.get("on").or_else(|| root.get("true")));
    on.is_some_and(|on| on.texts().contains(&event) || on.get(event).is_some())
}

/// What stands between `${{` and `}}`.
pub(super) fn expressions(text: &str) -> impl Iterator<Item = &str> {
    text.split("${{").skip(1).filter_map(|rest| rest.split("}}").next())
}

/// The file of GitLab CI as a whole, and each of its jobs.
pub(super) fn gitlab(tree: &Tree) -> Vec<&Node> {
    /// Keys of the file that are no jobs.
    const NO_JOBS: [&str; 11] = [
        "image",
        "services",
        "variables",
        "stages",
        "include",
        "workflow",
        "cache",
        "before_script",
        "after_script",
        "pages",
        "spec",
    ];
    let Some(root) = tree.root() else { return Vec::new() };
    let jobs = root
        .entries()
        .into_iter()
        .filter(|(key, node)| !NO_JOBS.contains(&key.text.as_str()) && node.is_map());
    std::iter::once(root).chain(jobs.map(|(_, job)| job)).collect()
}
