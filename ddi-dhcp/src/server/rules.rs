//! The table: message x standing of the address that it is about -> answer. DESIGN.md shows it, with
//! reasons; a test keeps the two equal. Nothing else in the server decides between ACK, NAK and silence,
//! but an [`Authority`](ddi_core::Authority), which may turn an ACK into one of the others.

use Answer::{Ack, BootReply, Forget, Nak, Offer, OfferNothing, Options, Quarantine, Release, Silent};
use Standing::{
    Abandoned, Elsewhere, Ended, Free, Mine, NotDynamic, NotOurs, Nothing, Offered, Others, Reserved,
    WrongLink,
};

/// A client's message, with the state of the client where REQUESTs differ by it (RFC 2131 section 4.3.6).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Message {
    /// DISCOVER.
    Discover,
    /// DISCOVER of a client that takes an ACK at once, where that is configured (RFC 4039).
    DiscoverRapid,
    /// DISCOVER of a client that can do without IPv4, where that is configured (RFC 8925).
    DiscoverV6Only,
    /// REQUEST with a server identifier.
    Selecting,
    /// REQUEST with a requested address, and without ciaddr.
    InitReboot,
    /// REQUEST with ciaddr, by unicast.
    Renewing,
    /// REQUEST with ciaddr, by broadcast, or by a relay that does not tell.
    Rebinding,
    /// DECLINE.
    Decline,
    /// RELEASE.
    Release,
    /// INFORM.
    Inform,
    /// Without a message type.
    Bootp,
}

impl Message {
    const COUNT: usize = 11;
}

/// What the address of the message is to the client, by configuration and store. For DISCOVER and BOOTP
/// it is the address that was chosen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Standing {
    /// Its running lease.
    Mine,
    /// Offered to it.
    Offered,
    /// It was the last to have it, and nobody has it now.
    Ended,
    /// Reserved for it, and nobody else has it.
    Reserved,
    /// Nobody's; and the client has no other here.
    Free,
    /// Nobody's; but the client has another running lease, or a reservation, here.
    Elsewhere,
    /// Leased to, offered to or reserved for another client.
    Others,
    /// In quarantine.
    Abandoned,
    /// On the client's link, but in no pool that the client may use.
    NotDynamic,
    /// Not on the client's link.
    WrongLink,
    /// The message names another server.
    NotOurs,
    /// There is no address.
    Nothing,
}

impl Standing {
    const COUNT: usize = 12;
}

/// What to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Answer {
    /// OFFER the address, and hold it.
    Offer,
    /// OFFER 0.0.0.0 with V6ONLY_WAIT.
    OfferNothing,
    /// Write the lease, then ACK.
    Ack,
    /// NAK.
    Nak,
    /// Nothing.
    Silent,
    /// Nothing, and an offer to this client ends.
    Forget,
    /// Write the lease as abandoned.
    Quarantine,
    /// Write the lease as ended.
    Release,
    /// ACK without an address.
    Options,
    /// Write the lease, for ever, then BOOTREPLY.
    BootReply,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rule {
    pub(crate) message: Message,
    pub(crate) standing: Standing,
    /// If the server is authoritative.
    pub(crate) authoritative: Answer,
    /// If it is not.
    pub(crate) otherwise: Answer,
    /// RFC and section.
    #[allow(dead_code, reason = "for the reader, and for DESIGN.md")]
    pub(crate) source: &'static str,
}

const fn same(message: Message, standing: Standing, answer: Answer, source: &'static str) -> Rule {
    Rule { message, standing, authoritative: answer, otherwise: answer, source }
}

const fn rule(message: Message, standing: Standing, yes: Answer, no: Answer, source: &'static str) -> Rule {
    Rule { message, standing, authoritative: yes, otherwise: no, source }
}

/// The table. A pair that is not in it is answered with silence.
pub(crate) const RULES: [Rule; 71] = {
    use Message::{
        Bootp, Decline, Discover, DiscoverRapid, DiscoverV6Only, Inform, InitReboot, Rebinding, Renewing,
        Selecting,
    };
    [
        same(Discover, Mine, Offer, "2131 4.3.1"),
        same(Discover, Offered, Offer, "2131 4.3.1"),
        same(Discover, Ended, Offer, "2131 4.3.1"),
        same(Discover, Reserved, Offer, "2131 4.3.1"),
        same(Discover, Free, Offer, "2131 4.3.1"),
        same(Discover, Nothing, Silent, "2131 4.3.1"),
        same(DiscoverRapid, Mine, Ack, "4039 3.1"),
        same(DiscoverRapid, Offered, Ack, "4039 3.1"),
        same(DiscoverRapid, Ended, Ack, "4039 3.1"),
        same(DiscoverRapid, Reserved, Ack, "4039 3.1"),
        same(DiscoverRapid, Free, Ack, "4039 3.1"),
        same(DiscoverRapid, Nothing, Silent, "4039 3.1"),
        same(DiscoverV6Only, Nothing, OfferNothing, "8925 3.3"),
        same(Selecting, NotOurs, Forget, "2131 3.1 step 4"),
        same(Selecting, Mine, Ack, "2131 4.3.2"),
        same(Selecting, Offered, Ack, "2131 4.3.2"),
        same(Selecting, Ended, Ack, "2131 4.3.2"),
        same(Selecting, Reserved, Ack, "2131 4.3.2"),
        same(Selecting, Free, Ack, "2131 4.3.2"),
        same(Selecting, Elsewhere, Nak, "2131 3.1 step 4"),
        same(Selecting, Others, Nak, "2131 3.1 step 4"),
        same(Selecting, Abandoned, Nak, "2131 3.1 step 4"),
        same(Selecting, NotDynamic, Nak, "2131 3.1 step 4"),
        same(Selecting, WrongLink, Nak, "2131 3.1 step 4"),
        same(InitReboot, Mine, Ack, "2131 4.3.2"),
        same(InitReboot, Offered, Ack, "2131 4.3.2"),
        same(InitReboot, Ended, Ack, "2131 4.3.2"),
        same(InitReboot, Reserved, Ack, "2131 4.3.2"),
        rule(InitReboot, Free, Nak, Silent, "2131 4.3.2"),
        same(InitReboot, Elsewhere, Nak, "2131 4.3.2"),
        rule(InitReboot, Others, Nak, Silent, "2131 4.3.2"),
        rule(InitReboot, Abandoned, Nak, Silent, "2131 4.3.2"),
        rule(InitReboot, NotDynamic, Nak, Silent, "2131 4.3.2"),
        rule(InitReboot, WrongLink, Nak, Silent, "2131 4.3.2"),
        same(Renewing, Mine, Ack, "2131 4.3.2"),
        same(Renewing, Offered, Ack, "2131 4.3.2"),
        same(Renewing, Ended, Ack, "2131 4.3.2"),
        same(Renewing, Reserved, Ack, "2131 4.3.2"),
        rule(Renewing, Free, Nak, Silent, "2131 4.3.2"),
        same(Renewing, Elsewhere, Nak, "2131 4.3.2"),
        same(Renewing, Others, Nak, "2131 4.3.2"),
        same(Renewing, Abandoned, Nak, "2131 4.3.2"),
        same(Renewing, NotDynamic, Nak, "2131 4.3.2"),
        rule(Renewing, WrongLink, Nak, Silent, "2131 4.3.2"),
        same(Rebinding, Mine, Ack, "2131 4.3.2"),
        same(Rebinding, Offered, Ack, "2131 4.3.2"),
        same(Rebinding, Ended, Ack, "2131 4.3.2"),
        same(Rebinding, Reserved, Ack, "2131 4.3.2"),
        rule(Rebinding, Free, Nak, Silent, "2131 4.3.2"),
        rule(Rebinding, Elsewhere, Nak, Silent, "2131 4.3.2"),
        rule(Rebinding, Others, Nak, Silent, "2131 4.3.2"),
        rule(Rebinding, Abandoned, Nak, Silent, "2131 4.3.2"),
        rule(Rebinding, NotDynamic, Nak, Silent, "2131 4.3.2"),
        rule(Rebinding, WrongLink, Nak, Silent, "2131 4.3.2"),
        same(Decline, Mine, Quarantine, "2131 4.3.3"),
        same(Decline, Others, Silent, "2131 4.3.3"),
        same(Decline, Free, Silent, "2131 4.3.3"),
        same(Decline, NotOurs, Silent, "2131 4.3.3"),
        same(Message::Release, Mine, Release, "2131 4.3.4"),
        same(Message::Release, Ended, Silent, "2131 4.3.4"),
        same(Message::Release, Others, Silent, "2131 4.3.4"),
        same(Message::Release, Free, Silent, "2131 4.3.4"),
        same(Message::Release, WrongLink, Silent, "2131 4.3.4"),
        same(Message::Release, NotOurs, Silent, "2131 4.3.4"),
        same(Inform, Nothing, Options, "2131 4.3.5"),
        same(Bootp, Mine, BootReply, "1534 2"),
        same(Bootp, Offered, BootReply, "1534 2"),
        same(Bootp, Ended, BootReply, "1534 2"),
        same(Bootp, Reserved, BootReply, "1534 2"),
        same(Bootp, Free, BootReply, "1534 2"),
        same(Bootp, Nothing, Silent, "1534 2"),
    ]
};

type Matrix = [[[Answer; 2]; Standing::COUNT]; Message::COUNT];

const MATRIX: Matrix = {
    let mut matrix = [[[Silent; 2]; Standing::COUNT]; Message::COUNT];
    let mut at = 0;
    while at < RULES.len() {
        let Rule { message, standing, authoritative, otherwise, .. } = RULES[at];
        matrix[message as usize][standing as usize] = [otherwise, authoritative];
        at += 1;
    }
    matrix
};

/// Looks the answer up.
pub(crate) fn answer(message: Message, standing: Standing, authoritative: bool) -> Answer {
    MATRIX[message as usize][standing as usize][usize::from(authoritative)]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table as DESIGN.md shows it.
    fn as_markdown() -> String {
        let mut text = String::from(
            "| message | the address is | authoritative | otherwise | RFC |\n|---|---|---|---|---|\n",
        );
        for Rule { message, standing, authoritative, otherwise, source } in RULES {
            text +=
                &format!("| {message:?} | {standing:?} | {authoritative:?} | {otherwise:?} | {source} |\n");
        }
        text
    }

    #[test]
    fn design_shows_the_table() {
        let design = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/DESIGN.md")).unwrap();
        let table = as_markdown();
        assert!(design.contains(&table), "DESIGN.md must hold this table:\n{table}");
    }

    #[test]
    fn no_pair_twice() {
        for (at, one) in RULES.iter().enumerate() {
            let twice = RULES[..at]
                .iter()
                .any(|other| (other.message, other.standing) == (one.message, one.standing));
            assert!(!twice, "{one:?}");
        }
    }
}
