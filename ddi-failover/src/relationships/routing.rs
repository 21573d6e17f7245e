//! Whose an accepted connection is: the relationship that its CONNECT names.

use ddi_core::Instant;

use super::Relationships;
use crate::endpoint::{CONNECT_SECONDS_MAX, Config, Link, LinkConfig, LinkEnd, LinkId};
use crate::split::HashBuckets;
use crate::state::{Profile, Role};
use crate::wire::Deframer;
use crate::wire::v4::{Body, Kind, MAX_LEN, Message};

/// The most accepted connections that have not said whose they are; a further one is closed at once.
pub const STRANGERS_MAX: usize = 64;

/// An accepted connection without a relationship.
#[derive(Clone, Debug)]
pub(super) struct Stranger {
    pub(super) id: LinkId,
    /// What it said: less than one message.
    said: Vec<u8>,
    until: Instant,
    /// It is refused, in these words.
    refused: Option<Box<Link>>,
}

/// Where bytes belong.
pub(super) enum Routed {
    Waits,
    Ends(LinkEnd),
    /// To this endpoint, with all that was said so far.
    To(usize, Vec<u8>),
}

impl Relationships {
    pub(super) fn on_stranger(&mut self, id: LinkId) {
        if self.strangers.len() >= STRANGERS_MAX {
            self.events.push_back((id, LinkEnd::Closed));
            return;
        }
        let until = self.latest.instant.plus_secs(CONNECT_SECONDS_MAX);
        self.strangers.push(Stranger { id, said: Vec::new(), until, refused: None });
    }

    pub(super) fn route(&mut self, id: LinkId, bytes: &[u8]) -> Routed {
        let Some(at) = self.strangers.iter().position(|stranger| stranger.id == id) else {
            return Routed::Ends(LinkEnd::Closed);
        };
        let Some(stranger) = self.strangers.get_mut(at).filter(|stranger| stranger.refused.is_none()) else {
            return Routed::Ends(LinkEnd::Closed);
        };
        stranger.said.extend_from_slice(bytes);
        let end = match name_in(&stranger.said) {
            Ok(None) if stranger.said.len() <= MAX_LEN => return Routed::Waits,
            Ok(None) => LinkEnd::Closed,
            Ok(Some(name)) => {
                let named = |config: &Config| config.role == Role::Secondary && config.name == name;
                return match self.list.iter().position(|endpoint| named(endpoint.config())) {
                    Some(to) => Routed::To(to, self.strangers.swap_remove(at).said),
                    None => Routed::Ends(self.refuse(at, name)),
                };
            }
            Err(end) => end,
        };
        self.strangers.swap_remove(at);
        self.events.push_back((id, end.clone()));
        Routed::Ends(end)
    }

    /// A relationship that is not known here: the partner is told so.
    fn refuse(&mut self, at: usize, mut name: Vec<u8>) -> LinkEnd {
        let Some(stranger) = self.strangers.get_mut(at) else { return LinkEnd::Closed };
        // Any other name than the one that was asked for.
        name.push(0);
        let nobody = LinkConfig {
            profile: Profile::Isc,
            role: Role::Secondary,
            relationship_name: name,
            vendor_class: crate::endpoint::VENDOR_CLASS_PLAIN.to_vec(),
            max_unacked: 1,
            receive_timer_seconds: 20,
            mclt_seconds: 1,
            buckets: HashBuckets::split(0),
        };
        let mut link = Link::new(self.latest, nobody, false);
        let mut said = &stranger.said[..];
        let end = match link.handle_bytes(self.latest, &mut said) {
            Err(end) => end,
            Ok(_) => LinkEnd::Closed,
        };
        stranger.refused = Some(Box::new(link));
        self.events.push_back((stranger.id, end.clone()));
        end
    }

    pub(super) fn transmit_stranger(&mut self, id: LinkId, buffer: &mut [u8]) -> Option<usize> {
        let stranger = self.strangers.iter_mut().find(|stranger| stranger.id == id)?;
        stranger.refused.as_mut()?.poll_transmit(buffer)
    }

    pub(super) fn forget_stranger(&mut self, id: LinkId) {
        self.strangers.retain(|stranger| stranger.id != id);
    }

    pub(super) fn stranger_timeout(&self) -> Option<Instant> {
        self.strangers
            .iter()
            .filter(|stranger| stranger.refused.is_none())
            .map(|stranger| stranger.until)
            .min()
    }

    pub(super) fn end_strangers(&mut self) {
        let now = self.latest.instant;
        let (events, strangers) = (&mut self.events, &mut self.strangers);
        strangers.retain(|stranger| {
            let late = stranger.refused.is_none() && stranger.until <= now;
            if late {
                events.push_back((stranger.id, LinkEnd::ConnectTimeout));
            }
            !late
        });
    }
}

/// The relationship that the first message names; `None` if it is not whole yet.
fn name_in(said: &[u8]) -> Result<Option<Vec<u8>>, LinkEnd> {
    let mut input = said;
    let mut deframer = Deframer::default();
    let Some(bytes) = deframer.next_message(&mut input)? else { return Ok(None) };
    let message = Message::parse(bytes)?;
    match Body::parse(&message)? {
        // Without a name it is nobody's, and the refusal says so.
        Body::Connect(connect) => Ok(Some(connect.relationship_name.unwrap_or_default().to_vec())),
        _ if message.kind() == Kind::CONNECT => Ok(Some(Vec::new())),
        _ => Err(LinkEnd::Unexpected { kind: message.kind() }),
    }
}
