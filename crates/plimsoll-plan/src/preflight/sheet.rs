//! The sheet that answers about one host are written on.

use plimsoll_model::HostName;
use plimsoll_model::facts::Fact;
use plimsoll_model::preflight::{Answer, CheckId, Finding, Severity};

/// Answers about one host.
pub(super) struct Sheet<'s> {
    host: &'s HostName,
    findings: Vec<Finding>,
}

/// A question before it is answered.
pub(super) struct Asked {
    pub(super) id: CheckId,
    /// How much it matters where the answer is not yes.
    pub(super) severity: Severity,
    /// What is the matter then.
    pub(super) what: String,
    pub(super) needed: String,
    pub(super) fix: String,
}

impl Asked {
    pub(super) fn new(id: CheckId, severity: Severity, what: impl Into<String>) -> Self {
        Self { id, severity, what: what.into(), needed: String::new(), fix: String::new() }
    }

    pub(super) fn error(id: CheckId, what: impl Into<String>) -> Self {
        Self::new(id, Severity::Error, what)
    }

    pub(super) fn warning(id: CheckId, what: impl Into<String>) -> Self {
        Self::new(id, Severity::Warning, what)
    }

    pub(super) fn info(id: CheckId, what: impl Into<String>) -> Self {
        Self::new(id, Severity::Info, what)
    }

    pub(super) fn needed(mut self, needed: impl Into<String>) -> Self {
        self.needed = needed.into();
        self
    }

    pub(super) fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = fix.into();
        self
    }
}

impl<'s> Sheet<'s> {
    pub(super) fn new(host: &'s HostName) -> Self {
        Self { host, findings: Vec::new() }
    }

    /// Writes an answer.
    pub(super) fn answer(&mut self, asked: Asked, answer: Answer, measured: impl Into<String>) {
        let Asked { id, severity, what, needed, fix } = asked;
        let (host, measured) = (self.host.clone(), measured.into());
        self.findings.push(Finding { id, severity, host, what, measured, needed, fix, answer });
    }

    /// Answers by a fact: unknown where the fact is, otherwise what `has` says and how it is shown.
    pub(super) fn by_fact<T>(
        &mut self,
        asked: Asked,
        fact: &Fact<T>,
        has: impl FnOnce(&T) -> (bool, String),
    ) {
        match fact {
            Fact::Known(value) => {
                let (has, measured) = has(value);
                self.answer(asked, if has { Answer::Yes } else { Answer::No }, measured);
            }
            Fact::Unknown(why) => self.answer(asked, Answer::Unknown, why.clone()),
        }
    }

    pub(super) fn findings(self) -> Vec<Finding> {
        self.findings
    }
}
