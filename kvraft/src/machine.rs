//! The state machine: what a replica does with a committed entry. Plain data, no thread, no clock, no chance.

use raft_interface::Index;
use serde::{Deserialize, Serialize};

use crate::op::{Command, Reply, Write, encode};
use crate::rsm::{Damaged, StateMachine};
use crate::session::{Judgement, Sessions};
use crate::store::Store;

/// The key/value service as a state machine: the [`Store`], and the [`Sessions`] that guard it. Both are one state:
/// a snapshot holds both, or a retry after a restart would take effect again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KvMachine {
    store: Store,
    sessions: Sessions,
}

impl KvMachine {
    /// What is stored.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Who may write.
    #[must_use]
    pub fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    /// A read, without a change.
    #[must_use]
    pub fn get(&self, key: &str) -> Reply {
        Reply::Value(self.store.get(key).map(|(value, version)| (value.to_owned(), version)))
    }

    fn execute(&mut self, index: Index, command: Command) -> Reply {
        match command {
            Command::Register => Reply::Registered(self.sessions.open(index)),
            Command::Get { key } => self.get(&key),
            Command::Plain { key, write: write @ Write::PutIf(..) } => self.store.write(&key, write),
            // Without a session only a condition keeps a retry from taking effect twice, and the other writes
            // have none.
            Command::Plain { .. } => Reply::NotUnderstood,
            Command::Once { session, sequence, key, write } => {
                // Judged here and not in the handler: two servers that lead one after the other may each take
                // the same request, both look before either entry is applied, and both let it in. In the log
                // one comes before the other.
                match self.sessions.judge(session, sequence, index) {
                    Judgement::Repeated(reply) | Judgement::Refused(reply) => reply,
                    Judgement::New => {
                        let reply = self.store.write(&key, write);
                        // A reply that says "no" is kept too. A conditional put that failed must not succeed
                        // when it is repeated, for its client may have been told and have gone on.
                        self.sessions.remember(session, sequence, &reply);
                        reply
                    }
                }
            }
        }
    }
}

impl StateMachine for KvMachine {
    type Reply = Reply;

    fn apply(&mut self, index: Index, command: &[u8]) -> Reply {
        // An entry that makes no sense is skipped and not a panic: it stands in every replica's log, so each of
        // them would die of it, and again after each restart.
        match Command::decode(command) {
            Some(command) => self.execute(index, command),
            None => Reply::NotUnderstood,
        }
    }

    fn snapshot(&self) -> Vec<u8> {
        encode(self)
    }

    fn restore(&mut self, data: &[u8]) -> Result<(), Damaged> {
        let mut read: Self = postcard::from_bytes(data).map_err(|error| Damaged(error.to_string()))?;
        // All or nothing: read into a copy, so that damaged bytes leave the machine as it was.
        read.sessions.index_by_age();
        *self = read;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn once(session: Index, sequence: u64, write: Write) -> Command {
        Command::Once { session, sequence, key: "k".into(), write }
    }

    fn append(text: &str) -> Write {
        Write::Append(text.into())
    }

    /// Applies commands from index 1 on.
    fn run(machine: &mut KvMachine, first: Index, commands: &[Command]) -> Vec<Reply> {
        (first..).zip(commands).map(|(index, command)| machine.apply(index, &command.encode())).collect()
    }

    #[test]
    fn entry_that_is_there_twice_takes_effect_once() {
        let mut machine = KvMachine::default();
        let commands =
            [Command::Register, once(1, 1, append("a")), once(1, 1, append("a")), once(1, 2, append("a"))];
        let replies = run(&mut machine, 1, &commands);
        assert_eq!(replies, [Reply::Registered(1), Reply::Done, Reply::Done, Reply::Done]);
        assert_eq!(machine.get("k"), Reply::Value(Some(("aa".into(), 2))));
    }

    #[test]
    fn repeated_conditional_put_gets_its_first_reply() {
        let mut machine = KvMachine::default();
        let put = Write::PutIf("x".into(), 0);
        let commands = [Command::Register, once(1, 1, put.clone()), once(1, 1, put.clone()), once(1, 2, put)];
        let replies = run(&mut machine, 1, &commands);
        assert_eq!(replies[1..], [Reply::Done, Reply::Done, Reply::WrongVersion(1)]);
    }

    #[test]
    fn two_clients_that_write_the_same_are_two_writes() {
        let mut machine = KvMachine::default();
        let commands = [
            Command::Register,
            Command::Register,
            once(1, 1, append("a")),
            once(2, 1, append("a")),
            once(1, 2, append("a")),
        ];
        run(&mut machine, 1, &commands);
        assert_eq!(machine.get("k"), Reply::Value(Some(("aaa".into(), 3))));
    }

    #[test]
    fn snapshot_remembers_who_wrote() {
        let mut machine = KvMachine::default();
        run(&mut machine, 1, &[Command::Register, once(1, 1, append("a"))]);
        let mut copy = KvMachine::default();
        copy.restore(&machine.snapshot()).unwrap();
        assert_eq!(copy, machine);
        assert_eq!(run(&mut copy, 3, &[once(1, 1, append("a"))]), [Reply::Done]);
        assert_eq!(copy.get("k"), Reply::Value(Some(("a".into(), 1))));
    }

    #[test]
    fn damaged_snapshot_is_refused_and_changes_nothing() {
        let mut machine = KvMachine::default();
        run(&mut machine, 1, &[Command::Register, once(1, 1, append("a"))]);
        let before = machine.clone();
        let bytes = machine.snapshot();
        assert!(machine.restore(&bytes[..bytes.len() - 1]).is_err());
        assert_eq!(machine, before);
    }

    #[test]
    fn what_may_not_stand_in_the_log_changes_nothing() {
        let mut machine = KvMachine::default();
        let plain = Command::Plain { key: "k".into(), write: append("a") };
        assert_eq!(run(&mut machine, 1, &[plain]), [Reply::NotUnderstood]);
        assert_eq!(machine.apply(2, b"\xff\xff"), Reply::NotUnderstood);
        assert_eq!(run(&mut machine, 3, &[once(1, 1, append("a"))]), [Reply::SessionExpired]);
        assert_eq!(machine, KvMachine::default());
    }
}
