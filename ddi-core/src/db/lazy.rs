//! The identity indexes, each built when it is first asked for. Asking takes `&self`, so that readers
//! may share a database: the one place here where a lock is behind a shared reference. A built index is
//! reached without it.

use super::identity::{IdentityIndex, IndexKind};
use std::sync::OnceLock;

#[derive(Default)]
pub(super) struct LazyIndexes([OnceLock<IdentityIndex>; IndexKind::ALL.len()]);

impl LazyIndexes {
    /// The index of this kind, which `build` makes if there is none.
    pub(super) fn get(
        &self,
        kind: IndexKind,
        build: impl FnOnce() -> IdentityIndex,
    ) -> Option<&IdentityIndex> {
        self.0.get(kind as usize).map(|index| index.get_or_init(build))
    }

    /// Those that are built.
    pub(super) fn built(&self) -> impl Iterator<Item = &IdentityIndex> {
        self.0.iter().filter_map(OnceLock::get)
    }

    /// Those that are built, to be brought up to date.
    pub(super) fn built_mut(&mut self) -> impl Iterator<Item = &mut IdentityIndex> {
        self.0.iter_mut().filter_map(OnceLock::get_mut)
    }
}
