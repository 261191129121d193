//! One file per command: arguments in, a call to the engine or a look at the journal, text or JSON out.

pub(crate) mod audit;
pub(crate) mod build;
pub(crate) mod bundle;
pub(crate) mod check;
pub(crate) mod deploy;
pub(crate) mod doctor;
pub(crate) mod down;
mod ending;
pub(crate) mod exec;
pub(crate) mod explain;
pub(crate) mod history;
pub(crate) mod init;
pub(crate) mod inspect;
pub(crate) mod key;
pub(crate) mod logs;
pub(crate) mod maintenance;
pub(crate) mod pin;
pub(crate) mod plan;
pub(crate) mod prune;
pub(crate) mod rollback;
pub(crate) mod schema;
pub(crate) mod servant;
pub(crate) mod ship;
pub(crate) mod status;
pub(crate) mod steer;
pub(crate) mod unit;
mod work;
