//! The connections of a relationship: several may be coming up, one is.

use ddi_core::{Instant, LeaseStore, Lsn};

use crate::endpoint::config::ProfileChoice;
use crate::endpoint::connect::{LinkConfig, Terms};
use crate::endpoint::engine::Endpoint;
use crate::endpoint::event::{Event, LinkId};
use crate::endpoint::link::{Link, LinkEnd, Received};
use crate::endpoint::states::{Alarm, Talk};
use crate::state::{Profile, Role, Trigger, listens_first};
use crate::wire::v4::RejectReason;

/// The most connections at once. Where one more comes, the one that has not come up for the longest time gives
/// way. As many are held besides while the host closes them.
pub const LINKS_MAX: usize = 8;
/// How long after a connection was lost or could not be made the next is tried, in seconds; as dhcpd.
pub const RECONNECT_SECONDS: u64 = 5;
/// The vendor class of a server of ours that speaks more than the draft with another one: several leases in a
/// message, and what a lease holds besides. The number counts these ways of speaking.
pub const VENDOR_CLASS_RICH: &[u8] = b"ddi-failover 1";
/// The vendor class of a server of ours with a fixed profile.
pub const VENDOR_CLASS_PLAIN: &[u8] = b"ddi";

#[derive(Clone, Debug, Default)]
pub(super) struct Links {
    slots: Vec<Slot>,
    up: Option<LinkId>,
}

#[derive(Clone, Debug)]
struct Slot {
    id: LinkId,
    link: Link,
    ended: bool,
}

impl Links {
    pub(super) const fn up(&self) -> Option<LinkId> {
        self.up
    }

    pub(super) fn get_mut(&mut self, id: LinkId) -> Option<&mut Link> {
        self.slots.iter_mut().find(|slot| slot.id == id).map(|slot| &mut slot.link)
    }

    /// Takes one out, so that the rest of the endpoint can be touched meanwhile.
    pub(super) fn take(&mut self, id: LinkId) -> Option<Link> {
        let at = self.slots.iter().position(|slot| slot.id == id && !slot.ended)?;
        Some(self.slots.swap_remove(at).link)
    }

    pub(super) fn put_back(&mut self, id: LinkId, link: Link) {
        self.slots.push(Slot { id, link, ended: false });
    }

    pub(super) fn next_timeout(&self) -> Option<Instant> {
        self.slots.iter().filter(|slot| !slot.ended).filter_map(|slot| slot.link.poll_timeout()).min()
    }

    /// The one that is coming up for the longest time, if there are as many as may be.
    fn one_too_many(&self) -> Option<LinkId> {
        if self.live().count() < LINKS_MAX {
            return None;
        }
        let coming = self.slots.iter().filter(|slot| !slot.ended && Some(slot.id) != self.up);
        coming.min_by_key(|slot| slot.link.poll_timeout()).map(|slot| slot.id)
    }

    /// Those that are not about to be closed.
    pub(super) fn live(&self) -> impl Iterator<Item = LinkId> {
        self.slots.iter().filter(|slot| !slot.ended).map(|slot| slot.id)
    }
}

impl Endpoint {
    fn link_config(&self) -> LinkConfig {
        let (profile, vendor_class) = match self.config.profile {
            // The hash buckets are in CONNECT, before the primary knows who the partner is.
            ProfileChoice::Auto => (Profile::Isc, VENDOR_CLASS_RICH),
            ProfileChoice::Fixed(profile) => (profile, VENDOR_CLASS_PLAIN),
        };
        LinkConfig {
            profile,
            role: self.config.role,
            relationship_name: self.config.name.clone(),
            vendor_class: vendor_class.to_vec(),
            max_unacked: self.config.max_unacked,
            receive_timer_seconds: self.config.receive_timer_seconds,
            mclt_seconds: self.config.mclt_seconds,
            buckets: self.config.buckets,
        }
    }

    pub(super) fn on_connection(&mut self, id: LinkId) {
        let linked = self.links.up.is_some();
        if linked && self.config.role == Role::Primary || self.links.slots.len() >= 2 * LINKS_MAX {
            // A primary has nothing to say on a second one.
            let reason = RejectReason::DUPLICATE_CONNECTION;
            self.events.close(id, LinkEnd::Refused { reason, text: "there is a connection already" });
            return;
        }
        // Anybody can connect and say nothing; that keeps the partner out for no time.
        if let Some(silent) = self.links.one_too_many() {
            self.hang_up(silent, RejectReason::MISCELLANEOUS, "there are too many connections");
        }
        let link = Link::new(self.latest, self.link_config(), linked);
        self.links.slots.push(Slot { id, link, ended: false });
        self.alarms.disarm(Alarm::Dial);
    }

    pub(super) fn on_bytes<S: LeaseStore + ?Sized>(
        &mut self,
        store: &mut S,
        id: LinkId,
        bytes: &[u8],
    ) -> Result<(), LinkEnd> {
        let Some(mut link) = self.links.take(id) else { return Err(LinkEnd::Closed) };
        let mut input = bytes;
        let ended = loop {
            match link.handle_bytes(self.latest, &mut input) {
                Ok(None) => break None,
                Ok(Some(Received::Contact)) => {}
                Ok(Some(Received::Up)) => {
                    if let Some(terms) = link.terms().cloned() {
                        self.on_link_up(id, &terms, store.durable());
                    }
                }
                Ok(Some(Received::Message(message, body))) => self.on_message(store, &message, &body),
                Err(end) => break Some(end),
            }
            if let Some((reason, text)) = self.talk.hang_up.take() {
                link.close(self.latest, reason, text);
                break Some(LinkEnd::HungUp { reason, text });
            }
        };
        self.links.put_back(id, link);
        match ended {
            Some(end) => {
                self.on_link_end(id, end.clone());
                Err(end)
            }
            None => Ok(()),
        }
    }

    fn on_link_up(&mut self, id: LinkId, terms: &Terms, durable: Lsn) {
        self.links.up = Some(id);
        self.last_error = None;
        let others: Vec<LinkId> = self.links.live().filter(|other| *other != id).collect();
        for other in others {
            self.hang_up(other, RejectReason::DUPLICATE_CONNECTION, "another connection came up first");
        }
        self.rich =
            self.config.profile == ProfileChoice::Auto && terms.vendor_class.as_slice() == VENDOR_CLASS_RICH;
        self.profile = match self.config.profile {
            ProfileChoice::Fixed(profile) => profile,
            ProfileChoice::Auto if self.rich => Profile::Draft,
            ProfileChoice::Auto => Profile::Isc,
        };
        self.load_balance.buckets = Some(terms.buckets);
        self.adopt_mclt(terms.mclt_seconds);
        // Two servers of ours that both listen would wait for ever.
        let ours = terms.vendor_class.starts_with(VENDOR_CLASS_PLAIN);
        self.talk =
            Talk { before: durable, listening: listens_first(self.profile) && !ours, ..Talk::default() };
        self.updates.linked(terms.max_unacked);
        self.events.push(Event::Linked { link: id, vendor_class: terms.vendor_class.clone().into() });
        if !self.talk.listening {
            self.announce();
        }
    }

    /// Ends a connection from this side.
    pub(super) fn hang_up(&mut self, id: LinkId, reason: RejectReason, text: &'static str) {
        if let Some(mut link) = self.links.take(id) {
            link.close(self.latest, reason, text);
            self.links.put_back(id, link);
            self.on_link_end(id, LinkEnd::HungUp { reason, text });
        }
    }

    pub(super) fn hang_up_all(&mut self, reason: RejectReason, text: &'static str) {
        let all: Vec<LinkId> = self.links.live().collect();
        for id in all {
            self.hang_up(id, reason, text);
        }
    }

    pub(super) fn on_link_end(&mut self, id: LinkId, why: LinkEnd) {
        let Some(slot) = self.links.slots.iter_mut().find(|slot| slot.id == id && !slot.ended) else {
            return;
        };
        slot.ended = true;
        if self.links.up.is_none() || self.links.up == Some(id) {
            self.last_error = Some(why.clone());
        }
        self.events.close(id, why);
        if self.links.up == Some(id) {
            self.links.up = None;
            self.links.slots.iter_mut().for_each(|slot| slot.link.set_linked(false));
            let heard = self.talk.heard;
            self.talk = Talk::default();
            self.updates.unlinked();
            self.stop_balancing();
            if heard {
                self.trigger(Trigger::LinkLost);
            }
        }
        self.arm_dial();
    }

    pub(super) fn on_closed(&mut self, id: LinkId) {
        self.on_link_end(id, LinkEnd::ClosedByPartner);
        self.links.slots.retain(|slot| slot.id != id);
    }

    /// The connections' own timers.
    pub(super) fn on_link_alarms(&mut self) {
        let live: Vec<LinkId> = self.links.live().collect();
        for id in live {
            let end = self.links.get_mut(id).map(|link| link.handle_timeout(self.latest));
            if let Some(Err(end)) = end {
                self.on_link_end(id, end);
            }
        }
    }

    /// Dials after a while, if there is no connection at all.
    pub(super) fn arm_dial(&mut self) {
        let none = self.links.up.is_none() && self.links.live().next().is_none();
        if self.config.dials && !self.alarms.dialling && none {
            let millis = RECONNECT_SECONDS * 1000 + self.alarms.jitter(500);
            self.arm(Alarm::Dial, self.latest.instant.plus_millis(millis));
        }
    }
}
