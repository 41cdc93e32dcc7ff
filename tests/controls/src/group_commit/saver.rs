//! The thread that saves for all.

use labrpc::sync::{Arc, MutexGuard};
use labrpc::thread;
use labrpc::time::Duration;
use raft_interface::{Index, Persister, SaveError, Term};

use super::state::{Role, State};
use super::{Guard, Node};

/// After which time a failed save is made again.
const RETRY: Duration = Duration::from_millis(15);

/// All that has gathered, as it goes to the disk.
struct Save {
    version: u64,
    epoch: Term,
    last: Index,
    /// How many bytes stay as they are.
    keep: usize,
    bytes: Vec<u8>,
    blob: Option<Arc<[u8]>>,
}

impl Save {
    fn gather(s: &mut State) -> Self {
        let is_whole = std::mem::take(&mut s.dirty_head);
        let blob = std::mem::take(&mut s.dirty_blob).then(|| Arc::clone(&s.blob));
        let (keep, bytes) = match s.dirty_from.take() {
            Some(from) if !is_whole => (s.book.offset(from), s.book.tail_bytes(from)),
            _ => (0, s.book.whole_bytes(s.epoch, s.vote)),
        };
        Self { version: s.version, epoch: s.epoch, last: s.book.last(), keep, bytes, blob }
    }

    fn write(&self, disk: &dyn Persister) -> Result<(), SaveError> {
        let blob = self.blob.as_deref();
        match self.keep {
            0 => disk.save(&self.bytes, blob),
            keep => disk.save_tail(keep, &self.bytes, blob),
        }
    }

    /// It is on the disk. What has changed since then is not.
    fn tell(&self, s: &mut State) {
        s.saved = self.version;
        s.saved_epoch = self.epoch;
        s.saved_index = s.dirty_from.map_or(self.last, |from| self.last.min(from - 1));
    }
}

impl Node {
    pub(super) fn run_saver(&self) {
        let mut s = self.state.lock();
        loop {
            self.saver.wait_while(&mut s, |s| s.saved == s.version && !s.is_killed);
            if let Some(gathering) = self.habits.gathering.filter(|_| !s.is_killed) {
                MutexGuard::unlocked(&mut s, || thread::sleep(gathering));
            }
            if s.is_killed {
                return;
            }
            let save = Save::gather(&mut s);
            if !self.store(&mut s, &save) {
                return;
            }
            save.tell(&mut s);
            self.saved.notify_all();
            match s.role {
                Role::Chief => self.advance(&mut s),
                Role::Suitor => {
                    self.ballots.notify_all();
                    self.count_votes(&mut s);
                }
                Role::Follower => {}
            }
        }
    }

    /// Writes until it succeeds, without the lock. False if the server was killed meanwhile.
    fn store(&self, s: &mut Guard<'_>, save: &Save) -> bool {
        loop {
            let is_done = MutexGuard::unlocked(s, || {
                let is_done = save.write(&*self.disk).is_ok();
                if !is_done {
                    thread::sleep(RETRY);
                }
                is_done
            });
            if s.is_killed {
                return false;
            }
            if is_done {
                return true;
            }
        }
    }
}
