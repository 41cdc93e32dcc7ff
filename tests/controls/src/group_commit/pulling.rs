//! What a chief sends: one thread for each peer finds out what it lacks, and puts it into its outbox.

use labrpc::sync::Arc;
use labrpc::time::{Duration, Instant};
use raft_interface::{Index, ServerId};

use super::state::{Flight, HEARTBEAT, Job, Role, State};
use super::wire::{Image, Push};
use super::{LANES, Node};

/// After which time a push is sent again first.
pub(super) const PATIENCE: Duration = Duration::from_millis(120);
/// After which time an image is sent again.
pub(super) const IMAGE_PATIENCE: Duration = Duration::from_millis(350);
/// Bounds of a batch: entries, and bytes.
const BATCH: usize = 300;
const BATCH_BYTES: usize = 1 << 20;

/// What there is to send.
enum Next {
    Send(Job),
    /// Nothing before that time.
    Wait(Instant),
}

impl Node {
    /// Commits what a majority has, this server up to what it has saved.
    pub(super) fn advance(&self, s: &mut State) {
        let mut matched: Vec<Index> = s.peers.iter().map(|peer| peer.matched).collect();
        matched[self.me] = s.saved_index;
        matched.sort_unstable();
        let agreed = matched[self.ends.len() - self.majority()];
        if agreed > s.commit && s.book.epoch_at(agreed) == Some(s.epoch) {
            s.commit = agreed;
            self.applier.notify_one();
        }
    }

    pub(super) fn run_puller(&self, p: ServerId) {
        let mut s = self.state.lock();
        while !s.is_killed {
            if s.role != Role::Chief {
                self.pullers[p].wait(&mut s);
                continue;
            }
            match self.pull(&mut s, p) {
                Some(wake) => {
                    self.pullers[p].wait_until(&mut s, wake);
                }
                None => self.pullers[p].wait(&mut s),
            }
        }
    }

    /// Sends what is due, and says when to look again; never if all lanes are at work.
    fn pull(&self, s: &mut State, p: ServerId) -> Option<Instant> {
        let now = Instant::now();
        loop {
            if s.peers[p].busy + s.peers[p].outbox.len() >= LANES {
                return None;
            }
            let job = match self.next_image(s, p, now) {
                Next::Send(job) => job,
                Next::Wait(image_due) => match self.next_push(s, p, now) {
                    Next::Send(job) => job,
                    Next::Wait(push_due) => return Some(image_due.min(push_due)),
                },
            };
            s.peers[p].last_sent = now;
            s.peers[p].outbox.push_back(job);
            self.lanes[p].notify_one();
        }
    }

    /// The image under way, or one for a peer that lacks what the log does not have any more.
    fn next_image(&self, s: &mut State, p: ServerId, now: Instant) -> Next {
        let peer = &mut s.peers[p];
        if let Some(flight) = &mut peer.image {
            let due = flight.due(IMAGE_PATIENCE);
            if now < due {
                return Next::Wait(due);
            }
            flight.again(now);
            return Next::Send(Job::Image(flight.number, Arc::clone(&flight.message)));
        }
        if peer.next > s.book.base || peer.push.is_some() {
            return Next::Wait(now + HEARTBEAT);
        }
        let (upto, upto_epoch) = s.book.snap;
        let image = Image { chief: self.me, epoch: s.epoch, upto, upto_epoch, blob: Arc::clone(&s.blob) };
        let flight = Flight::new(s.next_flight(), image, now);
        let job = Job::Image(flight.number, Arc::clone(&flight.message));
        let peer = &mut s.peers[p];
        peer.image = Some(flight);
        peer.is_early = false;
        peer.next = upto + 1;
        Next::Send(job)
    }

    /// The push under way, or one with what the peer lacks, or an empty one for a heartbeat.
    fn next_push(&self, s: &mut State, p: ServerId, now: Instant) -> Next {
        let peer = &mut s.peers[p];
        if let Some(flight) = &mut peer.push {
            let due = flight.due(PATIENCE);
            if now < due {
                return Next::Wait(due);
            }
            flight.again(now);
            return Next::Send(Job::Push(flight.number, Arc::clone(&flight.message)));
        }
        let book = &s.book;
        let is_refused = peer.image.is_some() && peer.is_early;
        let has_more = book.last() >= peer.next && peer.next > book.base && !is_refused;
        let due = peer.last_sent + HEARTBEAT;
        if !has_more && now < due {
            return Next::Wait(due);
        }
        // Without entries, and with an image under way, the log need not have what is before the next one.
        let anchor = if has_more || peer.image.is_none() { peer.next - 1 } else { 0 };
        let batch = if has_more { book.slice(peer.next, BATCH, BATCH_BYTES) } else { Vec::new() };
        let anchor_epoch = if anchor == 0 { 0 } else { book.epoch_at(anchor).expect("in the log") };
        let (chief, epoch, settled) = (self.me, s.epoch, s.commit);
        let push = Push { chief, epoch, settled, anchor, anchor_epoch, batch };
        let flight = Flight::new(s.next_flight(), push, now);
        let job = Job::Push(flight.number, Arc::clone(&flight.message));
        s.peers[p].push = Some(flight);
        Next::Send(job)
    }
}
