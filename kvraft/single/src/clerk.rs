//! The clerk: a client's side, which asks until it is answered.

use kvraft_interface::{PutError, Version, VersionedClerk};
use labrpc::network::ClientEnd;
use labrpc::thread;
use labrpc::time::Duration;

use crate::rpc::{GET, GetReply, PUT, PutArgs, PutReply};

/// How long it waits before it asks again. A reply that was lost is known to be lost at once, and a server that cannot be reached
/// should not be asked without a pause.
const RETRY_AFTER: Duration = Duration::from_millis(50);

/// A client of the server.
#[derive(Debug)]
pub struct Clerk {
    server: ClientEnd,
}

impl Clerk {
    /// A clerk of the server at this end.
    #[must_use]
    pub fn new(server: ClientEnd) -> Self {
        Self { server }
    }
}

impl VersionedClerk for Clerk {
    // hint: `self.server.call(GET, &key)` gives `None` when no reply came. Then ask again: reading twice harms nobody.
    // hint: Wait a little in between, with `labrpc::thread::sleep`: a server that does not answer should not be asked without a pause.
    fn get(&mut self, key: &str) -> Option<(String, Version)> {
        // begin solution 2K.2: ask until somebody answers
        // instead: let (server, asked) = (&self.server, String::from(key));
        // instead: match server.call(GET, &asked).unwrap_or_else(|| todo!("2K.2: ask until somebody answers")) {
        // instead:     GetReply::NoKey => None,
        // instead:     GetReply::Value(text, at) => Some((text, at)),
        // instead: }
        loop {
            match self.server.call(GET, &key.to_owned()) {
                Some(GetReply::Value(value, version)) => return Some((value, version)),
                Some(GetReply::NoKey) => return None,
                None => thread::sleep(RETRY_AFTER),
            }
        }
        // end solution
    }

    // hint: Ask until somebody answers, as for `get`. A put may be sent again: the version keeps it from being done twice.
    // hint: `outcome_of` says what the answer means. Tell it whether the request was sent more than once.
    fn put(&mut self, key: &str, value: &str, version: Version) -> Result<(), PutError> {
        // begin solution 2K.2: ask until somebody answers, for a put as well
        // instead: let server = &self.server;
        // instead: let asked = PutArgs { key: key.into(), value: value.into(), version };
        // instead: let reply = server
        // instead:     .call(PUT, &asked)
        // instead:     .unwrap_or_else(|| todo!("2K.2: ask until somebody answers, for a put as well"));
        // instead: outcome_of(reply, false)
        let args = PutArgs { key: key.to_owned(), value: value.to_owned(), version };
        let mut is_repeated = false;
        loop {
            match self.server.call(PUT, &args) {
                Some(told) => return outcome_of(told, is_repeated),
                None => {
                    is_repeated = true;
                    thread::sleep(RETRY_AFTER);
                }
            }
        }
        // end solution
    }
}

/// What a client is told of a put, of which copies were sent before if it is repeated.
// hint: "Another version", to a request that was sent for the first time, is sure: nothing was written.
// hint: To a request that was sent again it is not. The first copy may have written, its reply was lost, and the second copy met
// hint: the version that the first has made. Say `Maybe` then, and only then.
fn outcome_of(reply: PutReply, is_repeated: bool) -> Result<(), PutError> {
    // begin solution 2K.3: say Maybe where nobody can know
    // instead: let refusal = match reply {
    // instead:     PutReply::NoKey => Some(PutError::NoKey),
    // instead:     PutReply::WrongVersion => {
    // instead:         Some(if is_repeated { todo!("2K.3: say Maybe where nobody can know") } else { PutError::Version })
    // instead:     }
    // instead:     PutReply::Done => None,
    // instead: };
    // instead: refusal.map_or(Ok(()), Err)
    Err(match reply {
        PutReply::Done => return Ok(()),
        PutReply::WrongVersion if is_repeated => PutError::Maybe,
        PutReply::WrongVersion => PutError::Version,
        // Sure also after a retry: keys are never deleted, so no copy has written.
        PutReply::NoKey => PutError::NoKey,
    })
    // end solution
}
