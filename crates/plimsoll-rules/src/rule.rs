//! What a rule is: who it is, and the function that looks.

use plimsoll_model::Severity;
use plimsoll_model::finding::Place;

use crate::dockerfile::Dockerfile;
use crate::environment::Variables;
use crate::files::Kind;
use crate::lock::Lock;
use crate::secrets::{Certainty, Hit};
use crate::settings::Settings;
use crate::sheet::Sheet;
use crate::surroundings::Surroundings;
use crate::systemd::PlacedUnit;
use crate::tree::Tree;

/// A check. All that is said about it in sentences is on its page.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// The identifier: a family in capital letters and a number. Never changes its meaning, is never used again.
    pub id: &'static str,
    /// The name, in kebab-case: what is wrong, so that it reads well after "allow".
    pub name: &'static str,
    /// The same check elsewhere; comments that name one of these are obeyed.
    pub aliases: &'static [&'static str],
    /// The severity of its findings, unless the rule says another one.
    pub severity: Severity,
    /// Whether it is asked without being named.
    pub on: bool,
    /// Its page: prose under fixed headings, then cases that fire and that stay silent. See [`page`](crate::page).
    pub page: &'static str,
    /// The function that looks.
    pub check: Check,
}

/// A function that looks at a file that was taken apart as `F`.
pub type Look<F> = fn(&Subject<'_, F>, &mut Sheet<'_>);

/// The function that looks, by what it looks at.
#[derive(Debug, Clone, Copy)]
pub enum Check {
    /// At one Dockerfile and what lies around it.
    Dockerfile(Look<Dockerfile>),
    /// At one unit of systemd, with its drop-ins.
    Unit(Look<PlacedUnit>),
    /// At one Compose file and what lies around it.
    Compose(Look<Tree>),
    /// At one file of objects of Kubernetes, and those beside it.
    Kubernetes(Look<Tree>),
    /// At one workflow of GitHub Actions.
    Workflow(Look<Tree>),
    /// At the jobs of GitLab CI.
    GitlabCi(Look<Tree>),
    /// At any file of YAML that is one of the above.
    Yaml(Look<Tree>),
    /// At the variables of an environment file.
    Environment(Look<Variables>),
    /// At a lock file.
    Lock(Look<Lock>),
    /// At what a project says that it needs.
    Manifest(Look<Tree>),
    /// At the secrets of one file of any kind.
    Secrets(Look<Secrets>),
    /// Nothing: findings of this rule come from elsewhere in this crate, which says so.
    Elsewhere(Kind),
}

/// What a rule is told.
#[derive(Debug)]
pub struct Subject<'a, F> {
    /// The file, taken apart.
    pub file: &'a F,
    /// What lies beside it.
    pub around: &'a Surroundings,
    /// What the user chose.
    pub settings: &'a Settings,
}

/// The secrets of a file that no rule of its kind has reported.
#[derive(Debug)]
pub struct Secrets {
    /// Each with its place.
    pub found: Vec<(Hit, Place)>,
    /// Whether what stands there serves no production: the file lies among tests, or git leaves it out.
    pub in_tests: bool,
}

/// What a rule about a file is told that is a tree.
pub type TreeSubject<'a> = Subject<'a, Tree>;

/// What a rule about environment files is told.
pub type VariablesSubject<'a> = Subject<'a, Variables>;

/// What a rule about lock files is told.
pub type LockSubject<'a> = Subject<'a, Lock>;

/// What a rule about secrets is told.
pub type SecretsSubject<'a> = Subject<'a, Secrets>;

impl SecretsSubject<'_> {
    /// The secrets that were told so.
    pub fn of(&self, certainty: Certainty) -> impl Iterator<Item = &(Hit, Place)> {
        self.file.found.iter().filter(move |(hit, _)| hit.certainty == certainty)
    }
}

/// What a rule about Dockerfiles is told.
pub type DockerfileSubject<'a> = Subject<'a, Dockerfile>;

/// What a rule about units is told.
pub type UnitSubject<'a> = Subject<'a, PlacedUnit>;

impl Rule {
    /// What the rule judges.
    pub const fn subject(&self) -> Kind {
        match self.check {
            Check::Dockerfile(_) => Kind::Dockerfile,
            Check::Unit(_) => Kind::Unit,
            Check::Compose(_) => Kind::Compose,
            Check::Kubernetes(_) => Kind::Kubernetes,
            Check::Workflow(_) => Kind::Workflow,
            Check::GitlabCi(_) => Kind::GitlabCi,
            Check::Yaml(_) => Kind::Yaml,
            Check::Environment(_) => Kind::Environment,
            Check::Lock(_) => Kind::Lock,
            Check::Manifest(_) => Kind::Manifest,
            Check::Secrets(_) => Kind::Text,
            Check::Elsewhere(kind) => kind,
        }
    }

    /// Whether somebody means this rule by this word: its identifier, its name or an alias.
    pub fn is_called(&self, word: &str) -> bool {
        let mut names = [self.id, self.name].into_iter().chain(self.aliases.iter().copied());
        names.any(|name| name.eq_ignore_ascii_case(word))
    }
}
