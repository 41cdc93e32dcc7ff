//! Part 2K, a key/value server on one machine, without a Raft: the first half of lab 2 of 6.5840.
//!
//! | file | what it tests |
//! |---|---|
//! | `mit` | MIT's tests |
//! | `beyond_mit` | what they do not see |
//!
//! A new test is a function with the suffix `_2k` in the file of its subject, and a row below.

pub mod beyond_mit;
pub mod mit;

use crate::suite::suite;

suite! { $
    /// Makes a `#[test]` of every test of part 2K for a server: `lab::suite_2k!(my_lab2::Single);`. What else the lab should know of
    /// it follows as calls; see [`Implementation`](crate::Implementation).
    suite_2k: Part::K2, Implementation::of_single;

    5 mit::reliable_put_2k, "put and get, and the version decides" (MIT: ReliablePut);
    5 mit::put_concurrent_reliable_2k, "ten clients, and one wins each version" (MIT: PutConcurrentReliable);
    5 mit::mem_put_many_clients_reliable_2k, "a server does not remember what each client wrote" (MIT: MemPutManyClientsReliable);
    2 beyond_mit::empty_value_2k, "an empty value is a value";
    2 beyond_mit::keys_apart_2k, "each key has a version of its own";
    5 beyond_mit::unreachable_server_2k, "a clerk asks until the server is there again";
    5 mit::unreliable_net_2k, "lost messages, and puts of which nobody knows" (MIT: UnreliableNet);
    5 beyond_mit::lost_reply_2k, "a put whose reply was lost was done, and nobody says otherwise";
    5 beyond_mit::lost_request_2k, "a put that somebody else came before";
    5 beyond_mit::late_request_2k, "a request that arrives when its client is long gone";
    5 beyond_mit::repeated_requests_2k, "requests arrive again, long after they were answered";
    10 beyond_mit::chaos_2k, "lost and late messages, clients that are cut off and that die";
}
