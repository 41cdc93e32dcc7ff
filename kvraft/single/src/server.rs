//! The server: a map behind a lock.

use std::collections::BTreeMap;

use kvraft_interface::Version;
use labrpc::network::Service;
use labrpc::sync::{Arc, Mutex};

use crate::rpc::{GetReply, PutArgs, PutReply};

/// A value, and how many times its key was written: 1 or more.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stored {
    value: String,
    version: Version,
}

/// A key/value server. Cheap to clone: all clones are the same server.
#[derive(Clone, Debug, Default)]
pub struct Server {
    /// A key that was never written is not in it. Never held while anything waits.
    map: Arc<Mutex<BTreeMap<String, Stored>>>,
}

impl Server {
    /// The handlers, which the network calls.
    #[must_use]
    pub fn service(&self) -> Service {
        let [reader, writer] = [(); 2].map(|()| self.clone());
        Service::new("KVServer")
            .method("Get", move |key: String| reader.on_get(&key))
            .method("Put", move |args: PutArgs| writer.on_put(args))
    }

    /// Reads a key.
    // hint: Take the lock, look the key up, and answer with copies of what stands there.
    // hint: A key with an empty value was written: only a key that is not in the map is `NoKey`.
    #[must_use]
    pub fn on_get(&self, key: &str) -> GetReply {
        // begin solution 2K.1: look the key up
        match self.map.lock().get(key) {
            Some(stored) => GetReply::Value(stored.value.clone(), stored.version),
            None => GetReply::NoKey,
        }
        // end solution
    }

    /// Writes a key, if it is at the version that the caller has seen.
    // hint: A key that is not in the map is at version 0: a put of version 0 makes it, and it is at version 1 then.
    // hint: Look and write in one hold of the lock. If it is given back in between, two clients write the same version.
    // hint: Three answers: done; another version; and, if the key is not there and the version is not 0, no such key.
    #[must_use]
    pub fn on_put(&self, PutArgs { key, value, version }: PutArgs) -> PutReply {
        // begin solution 2K.1: write the key if the version is the one that the client has seen
        let mut map = self.map.lock();
        let current = map.get(&key).map_or(0, |stored| stored.version);
        if version == current {
            map.insert(key, Stored { value, version: version + 1 });
            PutReply::Done
        } else if current == 0 {
            PutReply::NoKey
        } else {
            PutReply::WrongVersion
        }
        // end solution
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(server: &Server, value: &str, version: Version) -> PutReply {
        server.on_put(PutArgs { key: "k".into(), value: value.into(), version })
    }

    #[test]
    fn version_decides() {
        let server = Server::default();
        assert_eq!(server.on_get("k"), GetReply::NoKey);
        let rows = [
            (1, PutReply::NoKey),
            (0, PutReply::Done),
            (0, PutReply::WrongVersion),
            (1, PutReply::Done),
            (3, PutReply::WrongVersion),
            (1, PutReply::WrongVersion),
        ];
        for (step, (version, reply)) in rows.into_iter().enumerate() {
            assert_eq!(put(&server, &format!("v{step}"), version), reply, "step {step}");
        }
        assert_eq!(server.on_get("k"), GetReply::Value("v3".into(), 2));
    }
}
