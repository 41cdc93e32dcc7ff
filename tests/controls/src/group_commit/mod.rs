//! A Raft that saves for many at once, in words of its own: epochs, chiefs, suitors, pushes and images.
//!
//! One thread, the saver, writes all that has gathered since its last save in one save. Everything else changes the state
//! under the lock, takes the number of that change (`version`), and waits for the saver to have reached it before it
//! answers. What is particular to it, and why it is legal:
//!
//! - **A save at a time, and replies that wait for it.** Figure 2 has persistent state "updated on stable storage before
//!   responding to RPCs", and neither says by whom, nor that each request has a save of its own. A suitor, too, asks for votes
//!   only when its own vote is stored.
//! - **A chief sends entries before it has stored them**, as it "can write to its disk in parallel with replicating to the
//!   followers" (thesis §10.2.1). It counts itself among those that have an entry only up to what is stored, so an entry may
//!   be committed, and applied, that its own disk does not have yet.
//! - **A save that fails is made again** until it succeeds, and meanwhile nobody is answered.
//! - **What is shown to the service is what is stored**: `get_state` gives the term of the last save.
//! - **A chief that no majority has answered for 1.6 s gives up its office**, and keeps its term (thesis §6.2).
//! - **One request at a time**: a push that is not answered is sent again, the same, until it is answered (§5.5). Calls are
//!   made by a dozen threads for each peer, since one of them may hang for seconds.
//! - **Votes are asked for one after the other**, by two threads that share the peers; a silent one is asked again. §5.2 asks
//!   in parallel, but nothing rests on it.
//! - **Beside an image under way go empty pushes from the beginning of the log**, after entry 0, and entries that come after
//!   the image until one is refused. They tell that the chief lives, and each passes the consistency check or is refused (§5.3).
//! - **The stored snapshot is delivered after a restart**, before any command.
//!
//! The variants, each in a type of its own (`habits`):
//!
//! - [`Unhurried`]: the saver waits 80 ms for more to gather. The log keeps ten entries that its snapshot covers, since
//!   a server "may delete all log entries up through the last included index" (§7), and need not. Who lacks them gets them in
//!   place of the snapshot. `get_state` shows a
//!   term that is not stored yet: it is told to nobody but the service of the same server, which a crash ends as well.
//! - [`OwnFields`]: replies say more than those of the paper. `held` answers whether an image was taken, `reach` up to where
//!   a push matches, which is what the chief goes by, and `tip` where the voter's log ends, after which a new chief
//!   begins. Where nextIndex begins is a guess (§5.3: "the index just after the last one in its log"), and only speed depends on
//!   it.
//! - [`Hasty`]: a server with an empty storage stands for election as soon as it runs, since it has heard from nobody. An election
//!   timeout before that (§5.2) saves split votes, and nothing rests on it: programs on libraries that can be told to stand do so.
//! - [`Modest`]: a chief says that it leads only once a majority has answered it in its epoch, and takes no command before. Until then
//!   another one may lead a later epoch as well; whom clients send elsewhere is up to a server.
//! - [`Wary`]: a server gives no vote for the shortest election timeout after its start, as if it had just heard from a chief, which it
//!   may have before (thesis §6.4.1). Its epoch goes up all the same.
//! - [`Pulsing`]: who has all entries gets heartbeats of a method of their own, as in etcd: they tell no more of the commit index than that
//!   follower is known to have, so there is nothing to compare.

mod applier;
mod book;
mod election;
mod habits;
mod handlers;
mod lanes;
mod pulling;
mod saver;
mod state;
mod wire;

use std::fmt;
use std::marker::PhantomData;

use labrpc::channel::Sender;
use labrpc::network::{ClientEnd, Service};
use labrpc::sync::{Arc, Condvar, Mutex, MutexGuard};
use labrpc::thread;
use labrpc::time::Instant;
use raft_interface::{ApplyMsg, Command, Index, Persister, RaftServer, ServerId, Started, Term};

use book::Book;
pub use habits::{AtBirth, AtOnce, Habits, InCaution, InDoubt, InFact, InFull, InPulses, InTime, Style};
use state::{Role, State};
pub use wire::names;
use wire::{AskVote, Image, Item, Pulse, Push, ShortImageReply, ShortPushReply, ShortVoteReply};

/// How many threads push to a peer.
const LANES: usize = 12;
/// How many threads ask a peer for votes.
const VOTE_LANES: usize = 8;

/// One Raft server. All clones are the same server.
#[derive(Clone)]
pub struct Raft<S> {
    node: Arc<Node>,
    style: PhantomData<S>,
}

/// Saves as soon as it can, and says what the paper says.
pub type GroupCommit = Raft<AtOnce>;
/// Saves late, trims its log late, and shows what is not saved.
pub type Unhurried = Raft<InTime>;
/// Its replies have fields of their own.
pub type OwnFields = Raft<InFull>;
/// Stands for election at once where it knows of no term.
pub type Hasty = Raft<AtBirth>;
/// [`GroupCommit`] whose chiefs wait for answers before they say that they lead.
pub type Modest = Raft<InFact>;
/// [`GroupCommit`] whose servers give no vote at first.
pub type Wary = Raft<InCaution>;
/// [`GroupCommit`] whose heartbeats have a method of their own.
pub type Pulsing = Raft<InPulses>;
/// Gives up soon as a chief without a majority, and stands again and again while it is cut off: who comes back so has the highest
/// term, and deposes whoever leads by then.
pub type Doubtful = Raft<InDoubt>;

type Guard<'a> = MutexGuard<'a, State>;

/// What all threads of a server share.
struct Node {
    habits: Habits,
    ends: Vec<ClientEnd>,
    me: ServerId,
    started: Instant,
    disk: Arc<dyn Persister>,
    apply: Sender<ApplyMsg>,
    state: Mutex<State>,
    /// The election timer was set, or the role has changed.
    ticker: Condvar,
    /// There is something to deliver.
    applier: Condvar,
    /// There is something to save.
    saver: Condvar,
    /// Something was saved.
    saved: Condvar,
    /// A ballot begins or ends, or somebody has voted.
    ballots: Condvar,
    /// For each peer: there may be something to send.
    pullers: Vec<Condvar>,
    /// For each peer: its outbox has something.
    lanes: Vec<Condvar>,
    /// For each peer: its ballot box has something.
    vote_lanes: Vec<Condvar>,
}

impl Node {
    fn new(
        habits: Habits,
        ends: Vec<ClientEnd>,
        me: ServerId,
        disk: Arc<dyn Persister>,
        apply: Sender<ApplyMsg>,
    ) -> Self {
        let (epoch, vote, book) = Book::read(&disk.raft_state());
        let mut state =
            State::new(epoch, vote, book, disk.snapshot().into(), ends.len(), habits.election_ms.clone());
        if habits.stands_at_birth && epoch == 0 {
            state.deadline = Instant::now();
        }
        let state = Mutex::new(state);
        let for_each = || ends.iter().map(|_| Condvar::new()).collect();
        let [pullers, lanes, vote_lanes] = [for_each(), for_each(), for_each()];
        Self {
            habits,
            ends,
            me,
            started: Instant::now(),
            disk,
            apply,
            state,
            ticker: Condvar::new(),
            applier: Condvar::new(),
            saver: Condvar::new(),
            saved: Condvar::new(),
            ballots: Condvar::new(),
            pullers,
            lanes,
            vote_lanes,
        }
    }

    /// Starts all threads of this server.
    fn launch(self: &Arc<Self>) {
        let spawn = |name: String, body: Box<dyn FnOnce(&Self) + Send>| {
            let node = Arc::clone(self);
            thread::Builder::new().name(name).spawn(move || body(&node)).expect("memory for a thread");
        };
        spawn("saver".into(), Box::new(Self::run_saver));
        spawn("ticker".into(), Box::new(Self::run_ticker));
        spawn("applier".into(), Box::new(Self::run_applier));
        for half in 0..2 {
            spawn(format!("helper{half}"), Box::new(move |node| node.run_helper(half)));
        }
        for p in (0..self.ends.len()).filter(|&p| p != self.me) {
            spawn(format!("puller{p}"), Box::new(move |node| node.run_puller(p)));
            for lane in 0..LANES {
                spawn(format!("lane{p}.{lane}"), Box::new(move |node| node.run_lane(p)));
            }
            for lane in 0..VOTE_LANES {
                spawn(format!("ballot{p}.{lane}"), Box::new(move |node| node.run_vote_lane(p)));
            }
        }
    }

    /// The smallest number of servers that is more than half of them.
    fn majority(&self) -> usize {
        self.ends.len() / 2 + 1
    }

    fn says_that_it_leads(&self, s: &State) -> bool {
        let followers = s.peers.iter().filter(|peer| peer.follows).count();
        s.role == Role::Chief && (!self.habits.is_modest || followers + 1 >= self.majority())
    }

    /// The term that the service gets to see.
    fn shown(&self, s: &State) -> Term {
        if self.habits.shows_unsaved { s.epoch } else { s.saved_epoch }
    }

    /// Takes a new choice of when to stand.
    fn redraw(&self, s: &mut State) {
        s.redraw();
        self.ticker.notify_one();
    }

    /// Follows in a higher term.
    fn adopt(&self, s: &mut State, epoch: Term) {
        s.epoch = epoch;
        s.vote = None;
        s.chief = None;
        s.head_changed();
        self.saver.notify_one();
        self.step_down(s);
    }

    /// Is a follower from now on, in the same term.
    fn step_down(&self, s: &mut State) {
        if s.role == Role::Chief {
            self.redraw(s);
        }
        s.role = Role::Follower;
        s.ballot = None;
        for peer in &mut s.peers {
            peer.push = None;
            peer.image = None;
        }
        self.ballots.notify_all();
    }
}

impl<S: Style> RaftServer for Raft<S> {
    fn make(
        peers: Vec<ClientEnd>,
        me: ServerId,
        persister: Arc<dyn Persister>,
        apply: Sender<ApplyMsg>,
    ) -> Self {
        let node = Arc::new(Node::new(S::HABITS, peers, me, persister, apply));
        node.launch();
        Self { node, style: PhantomData }
    }

    fn service(&self) -> Service {
        let [vote, push, image, pulse] = [(); 4].map(|()| Arc::clone(&self.node));
        let mut service = Service::new("Raft");
        if S::HABITS.beats_apart {
            service = service.method("Pulse", move |args: Pulse| pulse.on_pulse(&args));
        }
        if S::HABITS.has_own_fields {
            return service
                .method("AskVote", move |ask: AskVote| vote.on_vote(&ask))
                .method("Push", move |args: Push| push.on_push(args))
                .method("Image", move |args: Image| image.on_image(args));
        }
        service
            .method("AskVote", move |ask: AskVote| ShortVoteReply::from(vote.on_vote(&ask)))
            .method("Push", move |args: Push| ShortPushReply::from(push.on_push(args)))
            .method("Image", move |args: Image| ShortImageReply::from(image.on_image(args)))
    }

    fn start(&self, command: Command) -> Started {
        let node = &self.node;
        let mut s = node.state.lock();
        if !node.says_that_it_leads(&s) || s.is_killed {
            return Started { index: 0, term: node.shown(&s), is_leader: false };
        }
        // It is saved: no vote was asked for before that.
        let term = s.epoch;
        s.book.push(Item { payload: command, epoch: term });
        let index = s.book.last();
        s.log_changed(index);
        node.saver.notify_one();
        for puller in &node.pullers {
            puller.notify_one();
        }
        Started { index, term, is_leader: true }
    }

    fn get_state(&self) -> (Term, bool) {
        let s = self.node.state.lock();
        (self.node.shown(&s), self.node.says_that_it_leads(&s))
    }

    fn snapshot(&self, index: Index, data: Vec<u8>) {
        let mut s = self.node.state.lock();
        // A newer one may have come from the chief while the service made this one.
        if index <= s.book.snap.0 || index > s.taken {
            return;
        }
        s.book.snap = (index, s.book.epoch_at(index).expect("in the log"));
        let base = index.saturating_sub(self.node.habits.trail).max(s.book.base);
        s.book.rebase(base);
        s.blob = data.into();
        s.dirty_blob = true;
        s.head_changed();
        self.node.saver.notify_one();
    }

    fn kill(&self) {
        let node = &self.node;
        node.state.lock().is_killed = true;
        let single = [&node.ticker, &node.applier, &node.saver, &node.saved, &node.ballots];
        for condvar in single.into_iter().chain(&node.pullers).chain(&node.lanes).chain(&node.vote_lanes) {
            condvar.notify_all();
        }
    }

    fn leader_hint(&self) -> Option<ServerId> {
        self.node.state.lock().chief
    }
}

impl<S> fmt::Debug for Raft<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Raft").field("me", &self.node.me).finish_non_exhaustive()
    }
}
