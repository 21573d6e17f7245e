//! What differs between two snapshots, name by name.

use super::body::{Body, Rrsets};
use super::owner::OwnerBuf;
use super::snapshot::{Snapshot, Which};
use super::tree::Cursor;
use crate::name::NameRef;
use std::cmp::Ordering;

/// Calls `visit` with the owner of each name whose rrsets differ, and with what it has in both.
pub(crate) fn each_difference(
    old: &Snapshot,
    new: &Snapshot,
    mut visit: impl FnMut(NameRef<'_>, Rrsets<'_>, Rrsets<'_>),
) {
    let mut owner = OwnerBuf::default();
    for which in [Which::Names, Which::Hashed] {
        let (mut before, mut after) = (old.tree(which).seek(&[]), new.tree(which).seek(&[]));
        before.next();
        after.next();
        loop {
            if before.skip_shared(&mut after) {
                continue;
            }
            let (order, key, body) = match (before.here(), after.here()) {
                (None, None) => break,
                (Some((key, body)), None) => (Ordering::Less, key, body),
                (None, Some((key, body))) => (Ordering::Greater, key, body),
                (Some((old_key, _)), Some((key, body))) if key < old_key => (Ordering::Greater, key, body),
                (Some((key, body)), Some((new_key, _))) => (key.cmp(new_key), key, body),
            };
            let (gone, come) = (rrsets_at(&before, order.is_le()), rrsets_at(&after, order.is_ge()));
            if gone.rest() != come.rest() {
                owner.set(&old.apex, (key, &[]));
                owner.spell(Body::new(body).case());
                visit(owner.name(), gone, come);
            }
            if order.is_le() {
                before.next();
            }
            if order.is_ge() {
                after.next();
            }
        }
    }
}

fn rrsets_at<'t>(cursor: &Cursor<'t>, is_meant: bool) -> Rrsets<'t> {
    let here = cursor.here().filter(|_| is_meant);
    here.map_or(Rrsets::new(&[]), |(_, body)| Body::new(body).rrsets())
}
