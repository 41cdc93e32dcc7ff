//! The threads that call, and what a chief makes of the answers.

use labrpc::sync::{Arc, MutexGuard};
use labrpc::time::Instant;
use raft_interface::{ServerId, Term};

use super::pulling::{IMAGE_PATIENCE, PATIENCE};
use super::state::{Job, Role, State};
use super::wire::{Image, ImageReply, Pulse, PulseReply, Push, PushReply, ShortImageReply, ShortPushReply};
use super::{Guard, Node};

impl Node {
    pub(super) fn run_lane(&self, p: ServerId) {
        let mut s = self.state.lock();
        loop {
            self.lanes[p].wait_while(&mut s, |s| s.peers[p].outbox.is_empty() && !s.is_killed);
            if s.is_killed {
                return;
            }
            let Some(job) = s.peers[p].outbox.pop_front() else { continue };
            let epoch = match &job {
                Job::Push(_, push) => push.epoch,
                Job::Image(_, image) => image.epoch,
            };
            if s.role != Role::Chief || s.epoch != epoch {
                continue;
            }
            s.peers[p].busy += 1;
            match job {
                Job::Push(number, push) => self.carry_push(&mut s, p, number, &push),
                Job::Image(number, image) => self.carry_image(&mut s, p, number, &image),
            }
            if s.role == Role::Chief {
                self.pullers[p].notify_one();
            }
        }
    }

    fn carry_push(&self, s: &mut Guard<'_>, p: ServerId, number: u64, push: &Arc<Push>) {
        let is_pulse = self.habits.beats_apart && push.batch.is_empty() && s.peers[p].matched >= push.anchor;
        let reply = MutexGuard::unlocked(s, || {
            if is_pulse { self.call_pulse(p, push) } else { self.call_push(p, push) }
        });
        s.peers[p].busy -= 1;
        if let Some(reply) = reply {
            if self.is_still(s, reply.epoch, Role::Chief, push.epoch) {
                self.pushed(s, p, number, push, &reply);
            }
            return;
        }
        let flight = s.peers[p].push.as_mut();
        if let Some(flight) = flight.filter(|flight| flight.number == number) {
            flight.failed(PATIENCE);
        }
    }

    fn carry_image(&self, s: &mut Guard<'_>, p: ServerId, number: u64, image: &Arc<Image>) {
        let reply = MutexGuard::unlocked(s, || self.call_image(p, image));
        s.peers[p].busy -= 1;
        if let Some(reply) = reply {
            if self.is_still(s, reply.epoch, Role::Chief, image.epoch) && reply.held {
                self.held(s, p, number, image);
            }
            return;
        }
        let flight = s.peers[p].image.as_mut();
        if let Some(flight) = flight.filter(|flight| flight.number == number) {
            flight.failed(IMAGE_PATIENCE);
        }
    }

    fn call_push(&self, p: ServerId, push: &Push) -> Option<PushReply> {
        let end = &self.ends[p];
        if self.habits.has_own_fields {
            end.call("Raft.Push", push)
        } else {
            end.call::<_, ShortPushReply>("Raft.Push", push).map(|reply| reply.in_full(push))
        }
    }

    /// In place of a push that brings nothing to who has everything before it.
    fn call_pulse(&self, p: ServerId, push: &Push) -> Option<PushReply> {
        let settled = push.settled.min(push.anchor);
        let pulse = Pulse { chief: push.chief, epoch: push.epoch, settled };
        let PulseReply { epoch } = self.ends[p].call("Raft.Pulse", &pulse)?;
        Some(PushReply { fits: epoch == push.epoch, reach: push.anchor, epoch, ..PushReply::default() })
    }

    fn call_image(&self, p: ServerId, image: &Image) -> Option<ImageReply> {
        let end = &self.ends[p];
        if self.habits.has_own_fields {
            end.call("Raft.Image", image)
        } else {
            end.call::<_, ShortImageReply>("Raft.Image", image).map(ShortImageReply::in_full)
        }
    }

    /// Whether an answer finds this server as it was when it asked.
    pub(super) fn is_still(&self, s: &mut State, heard: Term, role: Role, epoch: Term) -> bool {
        if heard > s.epoch {
            self.adopt(s, heard);
        }
        s.role == role && s.epoch == epoch && heard == epoch
    }

    /// A push was answered.
    fn pushed(&self, s: &mut State, p: ServerId, number: u64, push: &Push, reply: &PushReply) {
        let State { peers, book, .. } = &mut *s;
        let peer = &mut peers[p];
        peer.heard = Instant::now();
        peer.follows = true;
        let is_awaited = peer.push.as_ref().is_some_and(|flight| flight.number == number);
        if is_awaited {
            peer.push = None;
        }
        if reply.fits {
            peer.matched = peer.matched.max(reply.reach);
            peer.next = peer.next.max(peer.matched + 1);
            self.advance(s);
        } else if is_awaited && peer.image.is_some() {
            peer.is_early = true;
        } else if is_awaited {
            let back = match (reply.clash_epoch, reply.clash_first, reply.tail) {
                (Some(epoch), Some(first), _) => {
                    book.last_of_epoch(epoch, push.anchor).map_or(first, |last| last + 1)
                }
                (_, _, Some(tail)) => tail,
                _ => push.anchor,
            };
            peer.next = back.min(push.anchor).max(peer.matched + 1).max(1);
        }
    }

    /// A peer has what an image covers.
    fn held(&self, s: &mut State, p: ServerId, number: u64, image: &Image) {
        let peer = &mut s.peers[p];
        peer.heard = Instant::now();
        peer.follows = true;
        peer.matched = peer.matched.max(image.upto);
        peer.next = peer.next.max(peer.matched + 1);
        if peer.image.as_ref().is_some_and(|flight| flight.number == number) {
            peer.image = None;
            peer.is_early = false;
        }
        self.advance(s);
    }
}
