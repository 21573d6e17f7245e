//! Two servers, their clients, the connection between them, and all that may happen next.

use ddi_core::BindingState;
use ddi_core::authority::Asking;
use ddi_failover::state::{Command, Role, State, Trigger};
use stateright::{Model, Property};

use crate::row::{ClientId, Row, Tick};
use crate::server::{Message, Server};
use crate::{ADDRESSES_MAX, CLIENTS, MCLT, Rules};

/// How often each thing may happen that would otherwise happen without end.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Budget {
    pub(crate) cuts: u8,
    pub(crate) crashes: u8,
    pub(crate) losses: u8,
    pub(crate) operator: u8,
    pub(crate) gifts: u8,
    pub(crate) releases: u8,
    /// How often a client may ask; [`ANY`]: as often as it likes.
    pub(crate) asks: u8,
}

/// Without a bound.
pub(crate) const ANY: u8 = u8::MAX;

/// What is explored: all histories up to `last` ticks that stay within the budget.
#[derive(Clone, Debug)]
pub(crate) struct Bounds {
    pub(crate) rules: Rules,
    pub(crate) last: Tick,
    pub(crate) addresses: Vec<BindingState>,
    pub(crate) budget: Budget,
}

/// Everything at one moment. `queues[s]`: on the way to server `s`. `broken`: nothing more gets through,
/// which a server learns late.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct World {
    pub(crate) now: Tick,
    pub(crate) servers: [Server; 2],
    pub(crate) queues: [Vec<Message>; 2],
    pub(crate) broken: bool,
    /// The address that each client holds, and until when.
    pub(crate) clients: [Option<(usize, Tick)>; CLIENTS],
    /// How many clients have had an address. They are alike, so they come in order.
    seen: ClientId,
    pub(crate) left: Budget,
}

/// What may happen. Times pass by [`Action::Tick`] only.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Action {
    /// A unit of time passes.
    Tick,
    /// The client asks this server for this address, and hears the answer.
    Asks { client: ClientId, server: usize, at: usize },
    /// The client gives its address back, and this server hears it.
    Releases { client: ClientId, server: usize },
    /// The server looks at a lease whose time has passed.
    Expires { server: usize, at: usize },
    /// The server gives a free address to its partner.
    Gives { server: usize, at: usize },
    /// The server sends an update.
    Sends { server: usize, at: usize },
    /// The next message reaches this server.
    Arrives { server: usize },
    /// From now on nothing gets through.
    Cut,
    /// The server finds the connection dead; what was on the way to it is lost.
    Notices { server: usize },
    /// A new connection.
    Connects,
    /// The server dies; its disk lives.
    Crashes { server: usize },
    /// The server dies with its disk.
    LosesAll { server: usize },
    /// It is started again.
    Restarts { server: usize },
    /// STARTUP lasted long enough.
    StartupOver { server: usize },
    /// MCLT is over in RECOVER-WAIT.
    WaitOver { server: usize },
    /// The operator says that the partner is down, which it is.
    PartnerDown { server: usize },
}

impl World {
    fn new(bounds: &Bounds) -> Self {
        let mut rows = [Row::free(BindingState::Free); ADDRESSES_MAX];
        for (row, &state) in rows.iter_mut().zip(&bounds.addresses) {
            *row = Row::free(state);
        }
        let server = |role| Server::new(role, rows, bounds.addresses.len());
        Self {
            now: 1,
            servers: [server(Role::Primary), server(Role::Secondary)],
            queues: [Vec::new(), Vec::new()],
            broken: false,
            clients: [None; CLIENTS],
            seen: 0,
            left: bounds.budget,
        }
    }

    /// No address is held by two clients.
    pub(crate) fn is_safe(&self) -> bool {
        let held = |at| self.clients.iter().flatten().filter(|(held, _)| *held == at).count();
        (0..ADDRESSES_MAX).all(|at| held(at) <= 1)
    }

    /// False: this can't happen now, or changes nothing.
    fn act(&mut self, action: Action, rules: Rules) -> bool {
        let now = self.now;
        let happened = match action {
            Action::Tick => {
                self.pass_time();
                true
            }
            Action::Asks { client, server, at } => self.ask(client, server, at, rules),
            Action::Releases { client, server } => self.release(client, server),
            Action::Expires { server, at } => self.servers[server].end(now, at, false),
            Action::Gives { server, at } => spend(&mut self.left.gifts) && self.servers[server].give(at),
            Action::Sends { server, at } => {
                let may = self.servers[server].may_send(at);
                if may {
                    self.servers[server].send(at);
                }
                may
            }
            Action::Arrives { server } => self.arrive(server, rules),
            Action::Cut => !std::mem::replace(&mut self.broken, true) && spend(&mut self.left.cuts),
            Action::Notices { server } => {
                self.hang_up(server);
                true
            }
            Action::Connects => {
                self.broken = false;
                self.queues = [Vec::new(), Vec::new()];
                self.servers.iter_mut().for_each(Server::connected);
                true
            }
            Action::Crashes { server } => spend(&mut self.left.crashes) && self.die(server, Server::crash),
            Action::LosesAll { server } => spend(&mut self.left.losses) && self.die(server, Server::lose),
            Action::Restarts { server } => {
                self.servers[server].restart(now);
                true
            }
            Action::StartupOver { server } => {
                self.servers[server].trigger(now, Trigger::StartupOver);
                true
            }
            Action::WaitOver { server } => {
                self.servers[server].trigger(now, Trigger::RecoverWaitOver);
                true
            }
            Action::PartnerDown { server } => {
                // What a dead partner said before must not arrive after the wait for it.
                if rules != Rules::DeadPartnerHeard {
                    self.hang_up(server);
                }
                self.servers[server].trigger(now, Trigger::Command(Command::PartnerDown));
                spend(&mut self.left.operator)
            }
        };
        self.transmit();
        happened
    }

    fn pass_time(&mut self) {
        self.now += 1;
        let now = self.now;
        self.servers.iter_mut().for_each(|server| server.forget_past(now));
        for message in self.queues.iter_mut().flatten() {
            if let Message::Update { row, .. } = message {
                row.forget_past(now);
            }
        }
        for client in &mut self.clients {
            // A client stops at the end of its time, whoever knows.
            *client = client.filter(|(_, until)| *until > now);
        }
    }

    fn ask(&mut self, client: ClientId, server: usize, at: usize, rules: Rules) -> bool {
        if self.left.asks != ANY && !spend(&mut self.left.asks) {
            return false;
        }
        let before = self.servers[server].rows[at];
        let Some(until) = self.servers[server].bind(self.now, at, client, rules) else { return false };
        self.seen = self.seen.max(client + 1);
        let held = self.clients[usize::from(client)].replace((at, until));
        let after = self.servers[server].rows[at];
        held != Some((at, until)) || Row { known: after.known, queued: after.queued, ..before } != after
    }

    fn release(&mut self, client: ClientId, server: usize) -> bool {
        let Some((at, _)) = self.clients[usize::from(client)].take() else { return false };
        let asked = &mut self.servers[server];
        spend(&mut self.left.releases)
            && asked.rows[at].client == Some(client)
            && asked.serves(Asking::GiveBack)
            && asked.end(self.now, at, true)
    }

    fn arrive(&mut self, server: usize, rules: Rules) -> bool {
        if self.queues[server].is_empty() {
            return false;
        }
        let message = self.queues[server].remove(0);
        if self.servers[server].receive(self.now, message, rules) {
            self.hang_up(server);
        }
        true
    }

    fn hang_up(&mut self, server: usize) {
        self.broken = true;
        self.queues[server].clear();
        self.servers[server].link_lost(self.now);
    }

    fn die(&mut self, server: usize, how: fn(&mut Server, Tick)) -> bool {
        self.broken = true;
        self.queues[server].clear();
        how(&mut self.servers[server], self.now);
        true
    }

    fn transmit(&mut self) {
        let open = !self.broken && self.servers.iter().all(|server| server.up);
        for (from, server) in self.servers.iter_mut().enumerate() {
            let out = std::mem::take(&mut server.out);
            if open {
                self.queues[1 - from].extend(out);
            }
        }
    }

    /// Declaring a partner down promises that it serves nobody before it has met this server again.
    fn must_meet_first(&self, server: usize) -> bool {
        self.servers[1 - server].is_or_was_in(State::PartnerDown)
    }

    fn server_actions(&self, addresses: usize, server: usize, actions: &mut Vec<Action>) {
        let this = &self.servers[server];
        if !this.alive {
            return actions.push(Action::Restarts { server });
        }
        for at in 0..addresses {
            let row = &this.rows[at];
            if this.may_send(at) {
                actions.push(Action::Sends { server, at });
            }
            if row.state == BindingState::Active && row.expiration <= self.now {
                actions.push(Action::Expires { server, at });
            }
            if self.left.gifts > 0 && row.state.is_allocatable() {
                actions.push(Action::Gives { server, at });
            }
            actions.extend((0..CLIENTS as ClientId).filter_map(|client| {
                let held = self.clients[usize::from(client)];
                let may = held.is_none_or(|(held, _)| held == at);
                (may && client <= self.seen).then_some(Action::Asks { client, server, at })
            }));
        }
        if self.left.releases > 0 {
            let holders =
                (0..CLIENTS as ClientId).filter(|&client| self.clients[usize::from(client)].is_some());
            actions.extend(holders.map(|client| Action::Releases { client, server }));
        }
        if this.up && !self.queues[server].is_empty() {
            actions.push(Action::Arrives { server });
        }
        if this.up && self.broken {
            actions.push(Action::Notices { server });
        }
        self.fault_actions(server, actions);
    }

    fn fault_actions(&self, server: usize, actions: &mut Vec<Action>) {
        let (this, other) = (&self.servers[server], &self.servers[1 - server]);
        if this.state == State::Startup && !this.up && !self.must_meet_first(server) {
            actions.push(Action::StartupOver { server });
        }
        if this.state == State::RecoverWait && self.now >= this.since + MCLT as Tick {
            actions.push(Action::WaitOver { server });
        }
        if self.left.crashes > 0 {
            actions.push(Action::Crashes { server });
        }
        // Two disks lost, or one lost that alone knows what was given away in PARTNER-DOWN: nothing helps.
        if self.left.losses > 0 && !other.owed && !this.is_or_was_in(State::PartnerDown) {
            actions.push(Action::LosesAll { server });
        }
        let knows = this.state != State::PartnerDown && !this.owed;
        if self.left.operator > 0 && !other.alive && knows && !self.must_meet_first(server) {
            actions.push(Action::PartnerDown { server });
        }
    }
}

fn spend(budget: &mut u8) -> bool {
    let left = *budget > 0;
    *budget = budget.saturating_sub(1);
    left
}

impl Model for Bounds {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        vec![World::new(self)]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        if world.now < self.last {
            actions.push(Action::Tick);
        }
        for server in [0, 1] {
            world.server_actions(self.addresses.len(), server, actions);
        }
        let up = |up: bool| world.servers.iter().all(|server| server.alive && server.up == up);
        if up(true) && !world.broken && world.left.cuts > 0 {
            actions.push(Action::Cut);
        }
        if up(false) {
            actions.push(Action::Connects);
        }
    }

    fn next_state(&self, world: &World, action: Action) -> Option<World> {
        let mut next = world.clone();
        next.act(action, self.rules).then_some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![Property::always("no address is held by two clients", |_, world: &World| world.is_safe())]
    }
}
