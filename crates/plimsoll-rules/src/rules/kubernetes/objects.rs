//! Objects of Kubernetes in a file and beside it, and what rules ask about them.

use std::rc::Rc;

use crate::files::Kind;
use crate::rule::TreeSubject;
use crate::tree::{Node, Tree};

/// Files beside one that are looked at; where there are more, what they hold is unknown.
const MOST_FILES: usize = 300;

/// Objects that are held against each other; where there are more, not all is known.
const MOST_OBJECTS: usize = 500;

/// An object.
#[derive(Clone, Copy)]
pub(super) struct Object<'t> {
    pub(super) node: &'t Node,
    pub(super) kind: &'t str,
    pub(super) api: &'t str,
    pub(super) name: &'t str,
    pub(super) namespace: &'t str,
}

/// Everything that lies in one folder.
pub(super) struct Set {
    trees: Vec<Rc<Tree>>,
    /// Whether it is known to be all that is applied together: no templates, nothing generated.
    pub(super) complete: bool,
}

/// The objects of a tree; those of lists each by itself.
pub(super) fn own(tree: &Tree) -> Vec<Object<'_>> {
    let mut objects = Vec::new();
    for document in &tree.documents {
        if document.text_at(&["kind"]) == Some("List") {
            objects.extend(document.get("items").into_iter().flat_map(Node::items).filter_map(object));
        } else {
            objects.extend(object(document));
        }
    }
    objects
}

fn object(node: &Node) -> Option<Object<'_>> {
    Some(Object {
        node,
        kind: node.text_at(&["kind"])?,
        api: node.text_at(&["apiVersion"])?,
        name: node.text_at(&["metadata", "name"]).unwrap_or_default(),
        namespace: node.text_at(&["metadata", "namespace"]).unwrap_or_default(),
    })
}

/// Everything beside a file, with the file itself.
pub(super) fn set(subject: &TreeSubject<'_>) -> Set {
    let own = subject.file.source.path.rsplit('/').next().unwrap_or_default();
    let names = subject.around.names();
    let mut set = Set { trees: Vec::new(), complete: names.is_some() };
    set.complete &= subject.file.documents.len() < MOST_OBJECTS;
    let names = names.unwrap_or_default();
    let is_yaml =
        |name: &&String| name.rsplit_once('.').is_some_and(|(_, end)| ["yaml", "yml"].contains(&end));
    let mut files = names.iter().filter(|name| is_yaml(name) && name.as_str() != own).peekable();
    for (number, name) in files.by_ref().enumerate() {
        if number >= MOST_FILES {
            set.complete = false;
            break;
        }
        let Some(text) = subject.around.text(name) else {
            set.complete = false;
            continue;
        };
        // What generates or fills in objects says that there are more than can be seen.
        let is_more =
            ["kustomization.yaml", "kustomization.yml", "Chart.yaml", "values.yaml"].contains(&name.as_str());
        if is_more || text.contains("{{") {
            set.complete = false;
        } else if Kind::Yaml.told_by(&text, false) == Kind::Kubernetes {
            set.trees.extend(subject.around.yaml(name));
        }
    }
    set
}

impl Set {
    /// The objects of all files, those of the one that is judged among them.
    pub(super) fn objects<'s>(&'s self, own_tree: &'s Tree) -> Vec<Object<'s>> {
        let mut objects = own(own_tree);
        objects.extend(self.trees.iter().flat_map(|tree| own(tree)));
        objects.truncate(MOST_OBJECTS);
        objects
    }
}

impl<'t> Object<'t> {
    /// Whether it keeps pods running.
    pub(super) fn is_workload(&self) -> bool {
        ["Deployment", "StatefulSet", "DaemonSet"].contains(&self.kind) && self.api.starts_with("apps/")
    }

    /// What its pods are made of.
    pub(super) fn pod(&self) -> Option<&'t Node> {
        match self.kind {
            "Pod" => self.node.get("spec"),
            "CronJob" => self.node.at(&["spec", "jobTemplate", "spec", "template", "spec"]),
            "Deployment" | "StatefulSet" | "DaemonSet" | "Job" | "ReplicaSet" | "ReplicationController" => {
                self.node.at(&["spec", "template", "spec"])
            }
            _ => None,
        }
    }

    /// The labels of its pods.
    pub(super) fn pod_labels(&self) -> Option<&'t Node> {
        if self.kind == "Pod" {
            return self.node.at(&["metadata", "labels"]);
        }
        self.node.at(&["spec", "template", "metadata", "labels"])
    }

    /// Its containers. One without an image is part of a patch, of which not all is known.
    pub(super) fn containers(&self) -> Vec<&'t Node> {
        let containers = self.pod().and_then(|pod| pod.get("containers"));
        containers
            .into_iter()
            .flat_map(Node::items)
            .filter(|container| container.get("image").is_some())
            .collect()
    }

    /// Its containers, with those that run before.
    pub(super) fn all_containers(&self) -> Vec<&'t Node> {
        let first = self.pod().and_then(|pod| pod.get("initContainers"));
        let first =
            first.into_iter().flat_map(Node::items).filter(|container| container.get("image").is_some());
        self.containers().into_iter().chain(first).collect()
    }

    /// Whether a selector means its pods.
    pub(super) fn is_selected_by(&self, selector: &Node) -> bool {
        let Some(labels) = self.pod_labels() else { return false };
        let wanted = selector.entries();
        !wanted.is_empty()
            && wanted.into_iter().all(|(key, value)| labels.text_at(&[&key.text]) == value.text())
    }

    /// Whether some Service of the set leads to its pods.
    pub(super) fn is_served(&self, objects: &[Object<'_>]) -> bool {
        let mut services =
            objects.iter().filter(|object| object.kind == "Service" && object.namespace == self.namespace);
        services.any(|service| {
            service.node.at(&["spec", "selector"]).is_some_and(|selector| self.is_selected_by(selector))
        })
    }

    /// How many pods it wants; absent where that is not said.
    pub(super) fn replicas(&self) -> Option<i64> {
        self.node.at(&["spec", "replicas"])?.number()
    }

    /// Whether something of the set chooses the number of its pods.
    pub(super) fn scaler<'o>(&self, objects: &[Object<'o>]) -> Option<Object<'o>> {
        let scales = |object: &&Object<'_>| {
            let target = |key: &str| object.node.text_at(&["spec", "scaleTargetRef", key]);
            ["HorizontalPodAutoscaler", "ScaledObject"].contains(&object.kind)
                && object.namespace == self.namespace
                && target("name") == Some(self.name)
                && target("kind").is_none_or(|kind| kind == self.kind)
        };
        objects.iter().find(scales).copied()
    }

    /// How it is called in a message: `Deployment web`.
    pub(super) fn called(&self) -> String {
        format!("{} {}", self.kind, self.name)
    }
}

/// The name of a container.
pub(super) fn name_of(container: &Node) -> &str {
    container.text_at(&["name"]).unwrap_or("without a name")
}

/// A setting of a container, or of its pod where the container has none. `key` stands in both.
pub(super) fn context<'n>(pod: &'n Node, container: &'n Node, key: &str) -> Option<&'n Node> {
    container.at(&["securityContext", key]).or_else(|| pod.at(&["securityContext", key]))
}
