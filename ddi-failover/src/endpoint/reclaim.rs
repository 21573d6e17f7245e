//! PARTNER-DOWN: leases that ended become free without the partner's agreement, when the latest of all times
//! plus MCLT has passed (draft section 9.4.2); in slices.

use ddi_core::{BindingState, Expect, Lease, LeaseKey, LeaseStore, UnixTime};
use std::net::Ipv4Addr;

use crate::endpoint::engine::Endpoint;
use crate::endpoint::event::Event;
use crate::endpoint::resync::SLICE;
use crate::endpoint::states::Alarm;
use crate::state::State;

impl Endpoint {
    /// A lease changed in PARTNER-DOWN: it may have ended.
    pub(super) fn reclaim_later<S: LeaseStore + ?Sized>(&mut self, store: &S, key: LeaseKey) {
        store.get_into(key, &mut self.lease);
        if waits_for_partner(&self.lease) {
            let at = self.reusable_at(&self.lease);
            if at != UnixTime::NEVER {
                self.alarms.arm_earlier(Alarm::Reclaim, self.instant_of(at));
            }
        }
    }

    pub(super) fn reclaim_slice<S: LeaseStore + ?Sized>(&mut self, store: &mut S) {
        let Some(from) = self.updates.reclaim_from.take() else { return };
        if self.saved.state != State::PartnerDown || self.is_saving() || self.talk.handing_back {
            // Entering it, or its having been saved, begins anew.
            if self.saved.state == State::PartnerDown {
                self.updates.reclaim_from = Some(from);
            }
            return;
        }
        let from = Ipv4Addr::from(from);
        let mut page = std::mem::take(&mut self.page);
        page.clear();
        let mut next = None;
        for pool in self.pools.list.iter().filter(|pool| pool.last >= from) {
            let room = SLICE - page.len();
            if room == 0 {
                next = Some(u32::from(pool.first));
                break;
            }
            let before = page.len();
            store.scan_v4(pool.space, pool.first.max(from), pool.last, room, &mut page);
            if page.len() - before == room {
                next = page.last().and_then(LeaseKey::as_v4).and_then(|a| u32::from(a).checked_add(1));
                break;
            }
        }
        for &key in &page {
            self.reclaim(store, key);
        }
        self.page = page;
        self.updates.reclaim_from = next;
        self.again |= next.is_some();
    }

    fn reclaim<S: LeaseStore + ?Sized>(&mut self, store: &mut S, key: LeaseKey) {
        store.get_into(key, &mut self.lease);
        if !waits_for_partner(&self.lease) {
            return;
        }
        let at = self.reusable_at(&self.lease);
        if at > self.latest.unix {
            if at != UnixTime::NEVER {
                self.alarms.arm_earlier(Alarm::Reclaim, self.instant_of(at));
            }
            return;
        }
        self.lease.state = BindingState::Free;
        self.lease.start_time_of_state = self.latest.unix;
        if store.put_forced(&mut self.lease, Expect::Any).is_err() {
            return self.store_failed(key);
        }
        self.events.push(Event::Freed { key });
    }
}

const fn waits_for_partner(lease: &Lease) -> bool {
    matches!(lease.state, BindingState::Expired | BindingState::Released | BindingState::Reset)
}
