//! The applier: gives the service what is committed, in order.

use labrpc::channel::select;

use super::Node;

impl Node {
    /// The applier thread. It does not hold the lock while it sends: the service may take its time, and may ask for a
    /// snapshot meanwhile.
    pub(super) fn run_applier(&self) {
        loop {
            let mut state = self.state.lock();
            self.applier.wait_while(&mut state, |state| !state.is_stopped() && !state.has_unapplied());
            if state.is_stopped() {
                return;
            }
            let messages = state.take_unapplied();
            drop(state);
            for message in messages {
                select! {
                    send(self.apply, message) -> sent => if sent.is_err() {
                        return;
                    },
                    recv(self.stopped) -> _ => return,
                }
            }
        }
    }
}
