//! How the units, accounts and folders of a service are called.

use plimsoll_model::{Digest, ServiceName};

/// The longest name of an account that systemd makes.
const LONGEST_ACCOUNT: usize = 31;

/// The names of one service's units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitNames {
    service: String,
}

impl UnitNames {
    /// The names for a service.
    pub fn new(service: &ServiceName) -> Self {
        Self { service: service.to_string() }
    }

    /// The agent: `plimsoll-<service>.service`.
    pub fn agent(&self) -> String {
        format!("plimsoll-{}.service", self.service)
    }

    /// What the instances have in common: `<service>@.service`.
    pub fn template(&self) -> String {
        format!("{}@.service", self.service)
    }

    /// The instance on a port: `<service>@<port>.service`.
    pub fn instance(&self, port: u16) -> String {
        format!("{}@{port}.service", self.service)
    }

    /// The socket where clients connect: `plimsoll-<service>.socket`.
    pub fn socket(&self) -> String {
        format!("plimsoll-{}.socket", self.service)
    }

    /// What the proxies have in common: `plimsoll-<service>-proxy@.service`.
    pub fn proxy_template(&self) -> String {
        format!("plimsoll-{}-proxy@.service", self.service)
    }

    /// The `number`th proxy.
    pub fn proxy(&self, number: u32) -> String {
        format!("plimsoll-{}-proxy@{number}.service", self.service)
    }

    /// The process that runs once as this run: `plimsoll-<service>-once@<run>.service`.
    pub fn once(&self, run: u64) -> String {
        format!("{}{run}.service", self.once_prefix())
    }

    /// What the names of processes that run once begin with.
    pub fn once_prefix(&self) -> String {
        format!("plimsoll-{}-once@", self.service)
    }

    /// The groups that systemd makes for the units of a template.
    pub fn slices(&self) -> [String; 3] {
        // In a slice's name a hyphen stands for a level.
        let service = self.service.replace('-', "\\x2d");
        let ours = |kind: &str| format!("system-plimsoll\\x2d{service}\\x2d{kind}.slice");
        [format!("system-{service}.slice"), ours("proxy"), ours("once")]
    }

    /// The step that makes accounts.
    pub fn accounts(&self) -> String {
        format!("plimsoll-{}-accounts.service", self.service)
    }

    /// The account of the instances.
    pub fn account(&self) -> String {
        self.account_name("")
    }

    /// The account of the proxies.
    pub fn proxy_account(&self) -> String {
        self.account_name("-proxy")
    }

    /// Whole names where they are short enough, and otherwise a part with a digest.
    fn account_name(&self, ending: &str) -> String {
        let name = format!("plimsoll-{}{ending}", self.service);
        if name.len() <= LONGEST_ACCOUNT {
            return name;
        }
        let digest = Digest::of(self.service.as_bytes()).short();
        let room = LONGEST_ACCOUNT - "plimsoll-".len() - digest.len() - 1 - ending.len();
        let part: String = self.service.chars().take(room).collect();
        format!("plimsoll-{part}-{digest}{ending}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_short_and_differ() {
        let long = |end: &str| UnitNames::new(&format!("{}{end}", "service-".repeat(5)).parse().unwrap());
        let short = UnitNames::new(&"greeter".parse().unwrap());
        assert_eq!(
            (short.account().as_str(), short.proxy_account().as_str()),
            ("plimsoll-greeter", "plimsoll-greeter-proxy")
        );
        let (a, b) = (long("a"), long("b"));
        for name in [a.account(), a.proxy_account()] {
            assert!(name.len() <= LONGEST_ACCOUNT, "{name}");
        }
        assert_ne!(a.account(), b.account());
        assert_ne!(a.account(), a.proxy_account());
    }

    #[test]
    fn units_have_these_names() {
        let names = UnitNames::new(&"greeter".parse().unwrap());
        assert_eq!(names.agent(), "plimsoll-greeter.service");
        assert_eq!(names.instance(20_017), "greeter@20017.service");
        assert_eq!(names.proxy(3), "plimsoll-greeter-proxy@3.service");
        assert_eq!(names.once(12), "plimsoll-greeter-once@12.service");
    }
}
