//! The effective unit: what a service may do once all of its settings, and what they imply, are put together.
//!
//! A value that systemd would ignore is ignored here too; that it is one is said by a rule, not by the score.

use std::collections::BTreeMap;

use super::super::unit::{Kind, Unit};
use super::super::value;
use super::super::words::readable;
use super::address::{self, Prefix};
use super::calls::Filter;
use super::capabilities::Capabilities;
use super::families::Families;

/// `RestrictNamespaces=`, as a set of kinds of namespaces.
pub const NAMESPACES: [&str; 8] = ["cgroup", "ipc", "net", "mnt", "pid", "user", "uts", "time"];

/// What a service may do. Names are those of the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, clippy::struct_excessive_bools)]
pub struct Effective {
    pub default_dependencies: bool,
    pub user: String,
    pub dynamic_user: bool,
    pub supplementary_groups: Vec<String>,
    pub root_directory: String,
    pub root_image: String,
    pub capability_bounding_set: Capabilities,
    pub ambient_capabilities: Capabilities,
    pub ip_address_allow: Vec<Prefix>,
    pub ip_address_deny: Vec<Prefix>,
    pub ip_ingress_filter: bool,
    pub ip_egress_filter: bool,
    pub keyring_mode: String,
    pub protect_proc: String,
    pub proc_subset: String,
    pub notify_access: String,
    pub protect_home: String,
    pub protect_system: String,
    pub device_policy: String,
    pub device_allow: bool,
    pub umask: u32,
    pub restrict_namespaces: Option<u8>,
    pub address_families: Families,
    pub system_call_filter: Filter,
    pub system_call_architectures: Vec<String>,
    pub flags: Flags,
    mounts_images: bool,
    /// By setting and name, whether a credential is encrypted: a later one with the same name stands for it.
    credentials: BTreeMap<(&'static str, String), bool>,
}

/// Settings that are on or off.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(missing_docs, clippy::struct_excessive_bools)]
pub struct Flags {
    pub delegate: bool,
    pub lock_personality: bool,
    pub memory_deny_write_execute: bool,
    pub no_new_privileges: bool,
    pub private_devices: bool,
    pub private_mounts: bool,
    pub private_network: bool,
    pub private_tmp: bool,
    pub private_users: bool,
    pub protect_clock: bool,
    pub protect_control_groups: bool,
    pub protect_hostname: bool,
    pub protect_kernel_logs: bool,
    pub protect_kernel_modules: bool,
    pub protect_kernel_tunables: bool,
    pub remove_ipc: bool,
    pub restrict_realtime: bool,
    pub restrict_suid_sgid: bool,
}

impl Effective {
    /// What a unit of this kind is without any setting.
    fn new(kind: Kind) -> Self {
        Self {
            default_dependencies: true,
            user: String::new(),
            dynamic_user: false,
            supplementary_groups: Vec::new(),
            root_directory: String::new(),
            root_image: String::new(),
            capability_bounding_set: Capabilities::ALL,
            ambient_capabilities: Capabilities::NONE,
            ip_address_allow: Vec::new(),
            ip_address_deny: Vec::new(),
            ip_ingress_filter: false,
            ip_egress_filter: false,
            keyring_mode: if kind == Kind::Service { "private" } else { "shared" }.to_owned(),
            protect_proc: String::new(),
            proc_subset: String::new(),
            notify_access: String::new(),
            protect_home: "no".to_owned(),
            protect_system: "no".to_owned(),
            device_policy: "auto".to_owned(),
            device_allow: false,
            umask: 0o022,
            restrict_namespaces: None,
            address_families: Families::default(),
            system_call_filter: Filter::default(),
            system_call_architectures: Vec::new(),
            flags: Flags::default(),
            mounts_images: false,
            credentials: BTreeMap::new(),
        }
    }

    /// The effective unit.
    pub fn of(unit: &Unit) -> Self {
        let kind = unit.name.kind;
        let mut effective = Self::new(kind);
        for assignment in unit.section("Unit").filter(|assignment| assignment.key == "DefaultDependencies") {
            set(&mut effective.default_dependencies, value::boolean(&assignment.value));
        }
        for assignment in unit.section(kind.own_section()) {
            effective.assign(&assignment.key, &assignment.value);
        }
        effective.imply();
        effective
    }

    /// Whether the service runs as root.
    pub fn is_root(&self) -> bool {
        ["0", "root"].contains(&&*self.user) || (!self.dynamic_user && self.user.is_empty())
    }

    fn assign(&mut self, key: &str, text: &str) {
        if let Some(flag) = self.flags.named(key) {
            return set(flag, value::boolean(text));
        }
        match key {
            "DynamicUser" => set(&mut self.dynamic_user, value::boolean(text)),
            "User" => text.clone_into(&mut self.user),
            "RootDirectory" => text.clone_into(&mut self.root_directory),
            "RootImage" => text.clone_into(&mut self.root_image),
            "UMask" => set(&mut self.umask, value::mode(text)),
            "Delegate" => self.flags.delegate = value::boolean(text).unwrap_or(true),
            "KeyringMode" => one_of(&mut self.keyring_mode, text, &["inherit", "private", "shared"]),
            "ProtectProc" => {
                one_of(&mut self.protect_proc, text, &["default", "noaccess", "invisible", "ptraceable"]);
            }
            "ProcSubset" => one_of(&mut self.proc_subset, text, &["all", "pid"]),
            "NotifyAccess" => one_of(&mut self.notify_access, text, &["none", "main", "exec", "all"]),
            "ProtectHome" => flag_or(&mut self.protect_home, text, &["read-only", "tmpfs"]),
            "ProtectSystem" => flag_or(&mut self.protect_system, text, &["full", "strict"]),
            "DevicePolicy" => one_of(&mut self.device_policy, text, &["auto", "closed", "strict"]),
            "CapabilityBoundingSet" => self.capability_bounding_set.assign(text, Capabilities::ALL),
            "AmbientCapabilities" => self.ambient_capabilities.assign(text, Capabilities::NONE),
            "RestrictAddressFamilies" => self.address_families.assign(text),
            "RestrictNamespaces" => self.assign_namespaces(text),
            "SystemCallFilter" => self.system_call_filter.assign(text),
            _ => self.assign_list(key, text),
        }
    }

    /// Settings that are lists, which an empty value empties.
    fn assign_list(&mut self, key: &str, text: &str) {
        let addresses =
            || readable(text).iter().filter_map(|word| address::prefixes(word)).flatten().collect::<Vec<_>>();
        let is_empty = text.is_empty();
        match key {
            "SupplementaryGroups" => extend(&mut self.supplementary_groups, is_empty, readable(text)),
            "SystemCallArchitectures" => {
                let known = readable(text).into_iter().filter(|word| value::is_architecture(word)).collect();
                extend(&mut self.system_call_architectures, is_empty, known);
            }
            "IPAddressAllow" => extend(&mut self.ip_address_allow, is_empty, addresses()),
            "IPAddressDeny" => extend(&mut self.ip_address_deny, is_empty, addresses()),
            "IPIngressFilterPath" => {
                self.ip_ingress_filter = !is_empty && (self.ip_ingress_filter || text.starts_with('/'));
            }
            "IPEgressFilterPath" => {
                self.ip_egress_filter = !is_empty && (self.ip_egress_filter || text.starts_with('/'));
            }
            "DeviceAllow" => self.device_allow = !is_empty && (self.device_allow || value::is_device(text)),
            "LoadCredential" => self.assign_credential("load", text, false),
            "LoadCredentialEncrypted" => self.assign_credential("load", text, true),
            "SetCredential" => self.assign_credential("set", text, false),
            "SetCredentialEncrypted" => self.assign_credential("set", text, true),
            "MountImages" => self.mounts_images = !is_empty,
            _ => {}
        }
    }

    fn assign_credential(&mut self, how: &'static str, text: &str, is_encrypted: bool) {
        if text.is_empty() {
            self.credentials.retain(|(other, _), _| *other != how);
        } else {
            let (name, data) = text.split_once(':').unwrap_or((text, ""));
            let is_base64 = |data: &str| {
                data.len().is_multiple_of(4)
                    && data.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(&b))
            };
            let is_ignored =
                name.is_empty() || name.contains('/') || (is_encrypted && how == "set" && !is_base64(data));
            if !is_ignored {
                self.credentials.insert((how, name.to_owned()), is_encrypted);
            }
        }
    }

    fn assign_namespaces(&mut self, text: &str) {
        match value::boolean(text) {
            _ if text.is_empty() => return self.restrict_namespaces = None,
            // "Restrict" is on: none is left.
            Some(true) => return self.restrict_namespaces = Some(0),
            Some(false) => return self.restrict_namespaces = Some(u8::MAX),
            None => {}
        }
        let (inverted, list) = text.strip_prefix('~').map_or((false, text), |list| (true, list));
        let bit = |word: &str| NAMESPACES.iter().position(|name| *name == word).map(|at| 1_u8 << at);
        // One word that is none makes systemd ignore all of them; quotes are not taken off here.
        let Some(bits) = list.split_whitespace().map(bit).collect::<Option<Vec<_>>>() else { return };
        let bits = bits.into_iter().fold(0, |all, bit| all | bit);
        self.restrict_namespaces = Some(match (self.restrict_namespaces, inverted) {
            (None, true) => !bits,
            (None, false) => bits,
            (Some(before), true) => before & !bits,
            (Some(before), false) => before | bits,
        });
    }

    /// What settings imply once all of them are known.
    fn imply(&mut self) {
        let flags = &mut self.flags;
        if self.dynamic_user {
            flags.private_tmp = true;
            flags.remove_ipc = true;
            flags.no_new_privileges = true;
            flags.restrict_suid_sgid = true;
            "strict".clone_into(&mut self.protect_system);
            if self.protect_home == "no" {
                "read-only".clone_into(&mut self.protect_home);
            }
        }
        let implied: [(bool, &[&str]); 4] = [
            (flags.private_devices, &["MKNOD", "SYS_RAWIO"]),
            (flags.protect_kernel_modules, &["SYS_MODULE"]),
            (flags.protect_kernel_logs, &["SYSLOG"]),
            (flags.protect_clock, &["SYS_TIME", "WAKE_ALARM"]),
        ];
        for (_, names) in implied.iter().filter(|(is_on, _)| *is_on) {
            self.capability_bounding_set.drop(names);
        }
        if flags.private_devices && self.device_policy == "auto" {
            "closed".clone_into(&mut self.device_policy);
        }
        // Images, clocks and the keys of credentials need devices, which are let through beside those that are named.
        let has_image = !self.root_image.is_empty() || self.mounts_images;
        let is_limited = self.device_policy != "auto" || self.device_allow;
        let is_encrypted = self.credentials.values().any(|is_encrypted| *is_encrypted);
        self.device_allow |= (has_image && is_limited) || flags.protect_clock || is_encrypted;
    }
}

impl Flags {
    /// The flag of a setting.
    fn named(&mut self, key: &str) -> Option<&mut bool> {
        Some(match key {
            "LockPersonality" => &mut self.lock_personality,
            "MemoryDenyWriteExecute" => &mut self.memory_deny_write_execute,
            "NoNewPrivileges" => &mut self.no_new_privileges,
            "PrivateDevices" => &mut self.private_devices,
            "PrivateMounts" => &mut self.private_mounts,
            "PrivateNetwork" => &mut self.private_network,
            "PrivateTmp" => &mut self.private_tmp,
            "PrivateUsers" => &mut self.private_users,
            "ProtectClock" => &mut self.protect_clock,
            "ProtectControlGroups" => &mut self.protect_control_groups,
            "ProtectHostname" => &mut self.protect_hostname,
            "ProtectKernelLogs" => &mut self.protect_kernel_logs,
            "ProtectKernelModules" => &mut self.protect_kernel_modules,
            "ProtectKernelTunables" => &mut self.protect_kernel_tunables,
            "RemoveIPC" => &mut self.remove_ipc,
            "RestrictRealtime" => &mut self.restrict_realtime,
            "RestrictSUIDSGID" => &mut self.restrict_suid_sgid,
            _ => return None,
        })
    }
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

fn one_of(place: &mut String, text: &str, known: &[&str]) {
    if known.contains(&text) {
        text.clone_into(place);
    }
}

fn flag_or(place: &mut String, text: &str, known: &[&str]) {
    match value::boolean(text) {
        Some(on) => if on { "yes" } else { "no" }.clone_into(place),
        None => one_of(place, text, known),
    }
}

fn extend<T>(list: &mut Vec<T>, is_empty: bool, more: Vec<T>) {
    if is_empty {
        list.clear();
    } else {
        list.extend(more);
    }
}
