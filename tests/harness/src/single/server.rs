//! The server under test, and its network.

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use kvraft_interface::VersionedClerk;
use labrpc::network::{
    Address, Chance, Delay, Delays, Direction, Duplication, Fault, Message, Network, Nth, Rule, Server,
    Traffic, Verdict,
};
use labrpc::sim::NodeHandle;
use labrpc::sync::Arc;
use labrpc::thread::JoinHandle;

use super::client::SingleClient;
use crate::client_history::ClientHistory;
use crate::implementation::Single;
use crate::kv::at_once;
use crate::lab::Lab;
use crate::on_node::on_node;
use lab_referee::Violation;
use lab_runs::actions::ActionKind;

/// The server's number.
const SERVER: u32 = 0;

/// A server that has not been started yet.
#[must_use = "call start()"]
pub struct SingleBuilder {
    lab: Lab,
    makers: Single,
    is_unreliable: bool,
}

/// A key/value server on one machine, and the histories of its clients. It ends when this is dropped.
pub struct SingleServer {
    pub(super) inner: Arc<Inner>,
}

/// What clients hold of it.
pub(super) struct Inner {
    pub(super) lab: Lab,
    pub(super) network: Network,
    makers: Single,
    clients: AtomicU32,
    pub(super) client_history: Arc<ClientHistory>,
}

impl Lab {
    /// The key/value server of lab 2 that is graded, to be set up and started.
    ///
    /// Skips the test if the implementation has none.
    pub fn single(&self) -> SingleBuilder {
        let Some(makers) = self.implementation().single() else {
            self.skip("there is no key/value server on one machine")
        };
        SingleBuilder { lab: self.clone(), makers, is_unreliable: false }
    }
}

impl SingleBuilder {
    /// MIT's unreliable network: a request waits 0 to 26 ms; one in ten is lost, and one reply in ten.
    pub fn unreliable(mut self) -> Self {
        self.is_unreliable = true;
        self
    }

    /// Starts the server.
    #[must_use]
    pub fn start(self) -> SingleServer {
        let network = Network::new();
        if self.is_unreliable {
            network.unreliable();
        }
        let makers = self.makers;
        let node = NodeHandle::new(self.lab.node_name(SERVER as usize));
        // `None` if the node has crashed, which a new one has not, unless the code under test does so to itself.
        if let Some(service) = on_node(&node, "serve", makers.serve) {
            network.add_server(SERVER, Server::new(&node).service(service));
        }
        let client_history = Arc::default();
        self.lab.record().set_client_history(&client_history);
        let clients = AtomicU32::new(0);
        SingleServer { inner: Arc::new(Inner { lab: self.lab, network, makers, clients, client_history }) }
    }
}

impl Inner {
    /// The number of a new client, from 1.
    pub(super) fn next_client(&self) -> u32 {
        self.clients.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// A new clerk of this client, with an end of its own.
    pub(super) fn clerk_of(&self, client: u32) -> Box<dyn VersionedClerk> {
        (self.makers.clerk)(self.network.make_connected_end(Address::Client(client), SERVER))
    }

    /// Whether something is to be done to the network; see [`lab_runs::actions`]. If so, the timeline tells of it.
    fn performs(&self, what: &str) -> bool {
        let does = self.lab.performs(ActionKind::Fault, || what.to_owned());
        if does {
            self.lab.note(what);
        }
        does
    }

    /// Adds a rule, or one without an effect if it is to be left out.
    fn fault(&self, what: &str, rule: impl Rule) -> Fault {
        if self.performs(what) {
            self.network.add_rule(rule)
        } else {
            self.network.add_rule(|_: &Message<'_>, _: &mut Chance<'_>| Verdict::Pass)
        }
    }
}

impl SingleServer {
    /// The lab that it is part of.
    #[must_use]
    pub fn lab(&self) -> &Lab {
        &self.inner.lab
    }

    /// Its network, for faults that this type has no method for.
    #[must_use]
    pub fn network(&self) -> &Network {
        &self.inner.network
    }

    /// All calls so far, lost or not.
    #[must_use]
    pub fn rpcs(&self) -> u64 {
        self.inner.network.total_calls()
    }

    /// A new client.
    #[must_use]
    pub fn client(&self) -> SingleClient {
        SingleClient::new(&self.inner)
    }

    /// A clerk of a client that is in no history: for what would be measured with it.
    #[must_use]
    pub fn unrecorded_clerk(&self) -> Box<dyn VersionedClerk> {
        self.inner.clerk_of(self.inner.next_client())
    }

    /// A new client that does `what` in a thread and on a node of its own.
    pub fn spawn_client<T: Send + 'static>(
        &self,
        what: impl FnOnce(SingleClient) -> T + Send + 'static,
    ) -> (NodeHandle, JoinHandle<T>) {
        let client = self.client();
        let node = client.node();
        let thread = node.spawn("client", move || what(client));
        (node, thread)
    }

    /// As many clients as `count` do `what` at the same time; they are told their place among them. Returns when all are done.
    pub fn clients<T: Send + 'static>(
        &self,
        count: usize,
        what: impl Fn(usize, SingleClient) -> T + Clone + Send + 'static,
    ) -> Vec<T> {
        at_once(count, |place| {
            let what = what.clone();
            self.spawn_client(move |client| what(place, client)).1
        })
    }

    /// From now on this share of the messages, from 0 to 1, arrives up to `longest` late.
    pub fn delays(&self, share: f64, longest: Duration) -> Fault {
        let what = format!("{:.0} % of the messages are up to {longest:?} late", share * 100.0);
        self.inner.fault(&what, Delay::sometimes(share, Delays::Between(Duration::ZERO, longest)))
    }

    /// From now on this share of the requests, from 0 to 1, arrives twice, the second time `least` to `most` after the first. `least` must
    /// be longer than a request takes to be answered: the contract says so.
    pub fn late_copies(&self, share: f64, least: Duration, most: Duration) -> Fault {
        let what =
            format!("{:.0} % of the requests arrive again, {least:?} to {most:?} later", share * 100.0);
        let rule = Duplication::new(share, Delays::Between(least, most)).on(Traffic::requests());
        self.inner.fault(&what, rule)
    }

    /// From now on nothing passes between the server and this client; to the client it is as if the server could not be reached.
    pub fn cut_off(&self, client: u32) -> Fault {
        let cut = move |message: &Message<'_>, _: &mut Chance<'_>| {
            let client = Address::Client(client);
            if message.from == client || message.to == client { Verdict::Unreachable } else { Verdict::Pass }
        };
        self.inner.fault(&format!("C{client} is cut off"), cut)
    }

    /// The request of this client that comes in as number `count` from now is lost, or its reply.
    pub fn lose(&self, client: u32, what: Direction, count: u64) -> Fault {
        let (message, traffic) = match what {
            Direction::Request => {
                (format!("request of C{client}"), Traffic::requests().from(Address::Client(client)))
            }
            Direction::Reply => {
                (format!("reply to C{client}"), Traffic::replies().to(Address::Client(client)))
            }
        };
        let words = match count {
            1 => format!("the next {message} will be lost"),
            _ => format!("{message} will be lost, number {count} from now"),
        };
        self.inner.fault(&words, Nth::new(count, traffic, Verdict::Drop))
    }

    /// What this client sends is kept until the fault is [released](Fault::release) or dropped.
    pub fn hold_requests(&self, client: u32) -> Fault {
        let hold = |_: &Message<'_>, _: &mut Chance<'_>| Verdict::Hold;
        let words = format!("requests of C{client} are kept on the way");
        self.inner.fault(&words, hold.on(Traffic::requests().from(Address::Client(client))))
    }

    /// Expects that everything that the clients saw can be: that their history is linearizable.
    ///
    /// # Panics
    ///
    /// If not.
    #[track_caller]
    pub fn check(&self) {
        let (asked, answered) = self.inner.client_history.count();
        let lab = self.lab();
        lab.set_operations(answered as u64);
        let history = &self.inner.client_history;
        if let Err(fault) = history.judge() {
            let Some(unclear) = fault.unclear else { lab.fail(of_one_machine(fault.violation)) };
            self.client().look_again(unclear);
            let proved = history.proved_fault().unwrap_or(fault.violation);
            lab.fail(of_one_machine(proved));
        }
        lab.expect(answered > 0 || asked == 0, || {
            Violation::new("the clients were not served", "answers", format!("none to {asked} operations"))
                .hint("a clerk that gives up, or a server that waits for itself")
        });
    }
}

/// The same with the causes that there are on one machine, where nothing is in a log and nobody is deposed.
fn of_one_machine(violation: Violation) -> Violation {
    Violation {
        rule: Some(
            "linearizability (Herlihy & Wing 1990): the server is one map, and one operation happens after the other",
        ),
        hint: Some(
            "a version that is compared in one hold of the lock and written in another, a put that is done again when it \
             is sent again, or a clerk that says Ok or Version where it cannot know (Maybe)",
        ),
        ..violation
    }
}

impl Drop for SingleServer {
    fn drop(&mut self) {
        let Inner { lab, network, .. } = &*self.inner;
        let traffic = crate::record::Traffic { rpcs: network.total_calls(), bytes: network.total_bytes() };
        lab.record().set_traffic(traffic);
        // A simulation that has failed takes its threads with it.
        if !labrpc::thread::panicking() || !labrpc::sim::is_active() {
            network.cleanup();
        }
    }
}

impl fmt::Debug for SingleBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SingleBuilder(unreliable: {})", self.is_unreliable)
    }
}

impl fmt::Debug for SingleServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SingleServer({} clients)", self.inner.clients.load(Ordering::Relaxed))
    }
}
