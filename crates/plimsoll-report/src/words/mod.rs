//! How each thing is said, once for every place where it is said. Functions here return clauses without a full stop,
//! or lines; they choose nothing and know no width.

pub(crate) mod action;
pub(crate) mod assessment;
pub(crate) mod back;
pub(crate) mod command;
pub(crate) mod ending;
pub(crate) mod entry;
pub(crate) mod gate;
pub(crate) mod hold;
pub(crate) mod hook;
pub(crate) mod kind;
pub(crate) mod mark;
pub(crate) mod operation;
pub(crate) mod source;
pub(crate) mod step;
