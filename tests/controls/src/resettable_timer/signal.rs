//! Words between the threads of a server.

use labrpc::channel::{Receiver, Sender, bounded};

/// "Look again": it carries nothing, and several are as good as one.
pub(super) struct Signal {
    sender: Sender<()>,
    /// For the arm of a `select!`.
    pub(super) receiver: Receiver<()>,
}

impl Signal {
    pub(super) fn new() -> Self {
        let (sender, receiver) = bounded(1);
        Self { sender, receiver }
    }

    /// Never waits: if the last one has not been taken yet, whoever takes it will see what is new, too.
    pub(super) fn send(&self) {
        let _ = self.sender.try_send(());
    }

    /// Takes the signal if there is one.
    pub(super) fn take(&self) -> bool {
        self.receiver.try_recv().is_ok()
    }
}
