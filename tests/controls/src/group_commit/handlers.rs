//! What others ask of this server.

use labrpc::sync::Arc;
use raft_interface::{ServerId, Term};

use super::state::{Pending, Role, State};
use super::wire::{AskVote, AskVoteReply, Image, ImageReply, Pulse, PulseReply, Push, PushReply};
use super::{Guard, Node};

impl Node {
    /// Nobody hears of what is not saved. False if it never will be, for the server was killed.
    fn wait_saved(&self, s: &mut Guard<'_>) -> bool {
        let version = s.version;
        self.saved.wait_while(s, |s| s.saved < version && !s.is_killed);
        !s.is_killed
    }

    pub(super) fn on_vote(&self, ask: &AskVote) -> AskVoteReply {
        let mut s = self.state.lock();
        if s.is_killed {
            return AskVoteReply::default();
        }
        if ask.epoch > s.epoch {
            self.adopt(&mut s, ask.epoch);
        }
        let is_good = (ask.tip_epoch, ask.tip) >= (s.book.tip_epoch(), s.book.last());
        let is_free = s.vote.is_none_or(|who| who == ask.suitor);
        let is_wary = self.started.elapsed() < self.habits.withholding;
        let yes = ask.epoch == s.epoch && is_free && is_good && !is_wary;
        if yes {
            if s.vote.is_none() {
                s.vote = Some(ask.suitor);
                s.head_changed();
                self.saver.notify_one();
            }
            self.redraw(&mut s);
        }
        let reply = AskVoteReply { yes, epoch: s.epoch, tip: s.book.last() };
        if self.wait_saved(&mut s) { reply } else { AskVoteReply::default() }
    }

    /// Somebody leads an epoch. Whether it is this one.
    fn hears(&self, s: &mut State, epoch: Term, chief: ServerId) -> bool {
        if epoch > s.epoch {
            self.adopt(s, epoch);
        }
        if epoch < s.epoch {
            return false;
        }
        if s.role == Role::Suitor {
            self.step_down(s);
        }
        s.chief = Some(chief);
        self.redraw(s);
        true
    }

    pub(super) fn on_pulse(&self, pulse: &Pulse) -> PulseReply {
        let mut s = self.state.lock();
        if s.is_killed {
            return PulseReply::default();
        }
        // What the chief tells is in the log, and as it has it.
        if self.hears(&mut s, pulse.epoch, pulse.chief) && pulse.settled > s.commit {
            s.commit = pulse.settled;
            self.applier.notify_one();
        }
        let reply = PulseReply { epoch: s.epoch };
        if self.wait_saved(&mut s) { reply } else { PulseReply::default() }
    }

    pub(super) fn on_push(&self, push: Push) -> PushReply {
        let mut s = self.state.lock();
        if s.is_killed {
            return PushReply::default();
        }
        let is_of_chief = self.hears(&mut s, push.epoch, push.chief);
        let mut reply = PushReply { epoch: s.epoch, ..PushReply::default() };
        if is_of_chief {
            self.take_in(&mut s, push, &mut reply);
        }
        if self.wait_saved(&mut s) { reply } else { PushReply::default() }
    }

    fn take_in(&self, s: &mut State, push: Push, reply: &mut PushReply) {
        if push.anchor > s.book.last() {
            reply.tail = Some(s.book.last() + 1);
            return;
        }
        if let Some(epoch) = s.book.epoch_at(push.anchor)
            && epoch != push.anchor_epoch
        {
            reply.clash_epoch = Some(epoch);
            reply.clash_first = Some(s.book.first_of_epoch_at(push.anchor));
            return;
        }
        reply.fits = true;
        reply.reach = push.reach();
        for (index, item) in (push.anchor + 1..).zip(push.batch) {
            if index <= s.book.base {
                continue;
            }
            match s.book.epoch_at(index) {
                Some(epoch) if epoch == item.epoch => continue,
                Some(_) => {
                    s.book.cut(index);
                    s.log_changed(index);
                }
                None => {}
            }
            s.book.push(item);
            s.log_changed(index);
        }
        if s.version > s.saved {
            self.saver.notify_one();
        }
        let commit = push.settled.min(reply.reach);
        if commit > s.commit {
            s.commit = commit;
            self.applier.notify_one();
        }
    }

    pub(super) fn on_image(&self, image: Image) -> ImageReply {
        let mut s = self.state.lock();
        if s.is_killed {
            return ImageReply::default();
        }
        let held = self.hears(&mut s, image.epoch, image.chief);
        let reply = ImageReply { epoch: s.epoch, held };
        if held && image.upto > s.commit {
            self.take_over(&mut s, image);
        }
        if self.wait_saved(&mut s) { reply } else { ImageReply::default() }
    }

    /// An image has what is not committed here yet.
    fn take_over(&self, s: &mut State, image: Image) {
        let Image { upto, upto_epoch, blob, .. } = image;
        if s.book.epoch_at(upto) == Some(upto_epoch) {
            s.book.rebase(upto);
        } else {
            s.book.reset(upto, upto_epoch);
        }
        s.book.snap = (upto, upto_epoch);
        s.commit = upto;
        s.blob = Arc::clone(&blob);
        s.pending = Some(Pending { index: upto, epoch: upto_epoch, blob });
        s.dirty_blob = true;
        s.head_changed();
        self.saver.notify_one();
        self.applier.notify_one();
    }
}
