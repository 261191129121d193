//! Kinds of values that several groups use: each says what it looks like, reads itself, and explains itself when
//! it cannot.

pub(crate) mod account;
pub(crate) mod list;
pub(crate) mod map;
pub(crate) mod number;
pub(crate) mod quantity;
pub(crate) mod size;
pub(crate) mod text;
pub(crate) mod time;
pub(crate) mod words;
