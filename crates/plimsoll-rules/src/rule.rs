//! What a rule is: who it is, and the function that looks.

use plimsoll_model::Severity;

use crate::dockerfile::Dockerfile;
use crate::files::Kind;
use crate::settings::Settings;
use crate::sheet::Sheet;
use crate::surroundings::Surroundings;
use crate::systemd::PlacedUnit;

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
            Check::Elsewhere(kind) => kind,
        }
    }

    /// Whether somebody means this rule by this word: its identifier, its name or an alias.
    pub fn is_called(&self, word: &str) -> bool {
        let mut names = [self.id, self.name].into_iter().chain(self.aliases.iter().copied());
        names.any(|name| name.eq_ignore_ascii_case(word))
    }
}
