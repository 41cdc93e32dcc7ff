//! What servers are made of: a pool, a cache, a queue of jobs.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::world::{Mutex, Receiver, Shared, channel, spawn, yield_now};

/// Whoever finds no idle connection looks whether one more is allowed, and then counts the new one.
pub(super) fn connection_pool() {
    const LIMIT: i64 = 2;
    const ATTEMPTS: usize = 3;
    let idle = Arc::new(Mutex::new(Vec::new()));
    let made = Shared::new(0);
    let clients: Vec<_> = (0..3)
        .map(|_| {
            let (idle, made) = (Arc::clone(&idle), Arc::clone(&made));
            spawn(move || {
                for _ in 0..ATTEMPTS {
                    let mut connection = idle.lock().pop();
                    if connection.is_none() && made.get() < LIMIT {
                        let number = made.add(1);
                        assert!(number <= LIMIT, "connection_pool: more connections than are allowed");
                        connection = Some(number);
                    }
                    match connection {
                        Some(connection) => idle.lock().push(connection),
                        None => yield_now(),
                    }
                }
            })
        })
        .collect();
    clients.into_iter().for_each(|client| client.join());
}

/// Looks for a key and, if it is not there, makes a value and enters it: two callers can make one each.
pub(super) fn cache_insert() {
    let cache = Arc::new(Mutex::new(BTreeMap::new()));
    let made = Shared::new(0);
    let callers = [(), ()].map(|()| {
        let (cache, made) = (Arc::clone(&cache), Arc::clone(&made));
        spawn(move || {
            let found = cache.lock().get("key").copied();
            found.unwrap_or_else(|| {
                let value = made.add(1);
                cache.lock().insert("key", value);
                value
            })
        })
    });
    let [left, right] = callers.map(|caller| caller.join());
    assert_eq!(left, right, "cache_insert: two callers have different values for one key");
}

/// All callers miss the same key before one of them has filled it, and the store behind bears all but one.
pub(super) fn cache_stampede() {
    const CALLERS: i64 = 6;
    let cache = Arc::new(Mutex::new(None));
    let (loading, progress) = (Shared::new(0), Shared::new(0));
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let (cache, loading, progress) =
                (Arc::clone(&cache), Arc::clone(&loading), Arc::clone(&progress));
            spawn(move || {
                let is_missing = cache.lock().is_none();
                if is_missing {
                    assert!(loading.add(1) < CALLERS, "cache_stampede: all callers load at once");
                    progress.add(1);
                    *cache.lock() = Some(());
                    loading.add(-1);
                }
            })
        })
        .collect();
    callers.into_iter().for_each(|caller| caller.join());
}

/// A client looks whether the server is open and then sends its job; the server closes, empties its queue and goes home
/// in between.
pub(super) fn shutdown() {
    const CLIENTS: usize = 2;
    let is_open = Shared::new(1);
    let (jobs, queue): (_, Receiver<usize>) = channel();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let (is_open, jobs) = (Arc::clone(&is_open), jobs.clone());
            spawn(move || is_open.get() == 1 && jobs.send(client))
        })
        .collect();
    let server = spawn(move || {
        is_open.set(0);
        let mut served = 0;
        while queue.try_recv().is_some() {
            served += 1;
        }
        (served, queue) // the queue stays, so that a late job is accepted and not refused
    });
    let accepted: usize = clients.into_iter().map(|client| usize::from(client.join())).sum();
    let (served, _queue) = server.join();
    assert_eq!(served, accepted, "shutdown: a job was accepted and never served");
    drop(jobs);
}
