//! Servers that take commands and queries although another one leads.

use kvraft::forward::ForwardArgs;
use kvraft::op::{Command, Reply, Write};
use kvraft::query::{Consistency, QueryArgs};
use kvraft::rpc::FORWARD;
use kvraft::{Accepted, ClerkConfig, ClerkReads, ForwardError, Refusal};
use labrpc::network::Address;
use labrpc::time::{Duration, Instant};

use crate::cluster::{Cluster, SERVERS, in_both_worlds};

fn append(session: u64, sequence: u64, tail: &str) -> Command {
    let (key, write) = ("k".to_owned(), Write::Append(tail.to_owned()));
    Command::Once { session, sequence, key, write }
}

fn value(cluster: &mut Cluster) -> String {
    let read = cluster.clerk(ClerkConfig::default()).get("k").expect("all servers are well");
    read.map_or_else(String::new, |(value, _)| value)
}

/// Who leads, and a server that does not.
fn leader_and_follower(cluster: &Cluster) -> (usize, usize) {
    let leader = cluster.leader() as usize;
    (leader, (leader + 1) % SERVERS as usize)
}

/// Opens a session by forwarding. Its number is the index of its entry.
fn session_through(cluster: &Cluster, server: usize) -> u64 {
    let forwarder = cluster.servers[server].forwarder();
    forwarder.execute(vec![Command::Register.encode()]).expect("all servers are well").first
}

#[test]
fn follower_executes_many_commands_in_their_order() {
    in_both_worlds(10, || {
        let mut cluster = Cluster::start();
        let (_, follower) = leader_and_follower(&cluster);
        let session = session_through(&cluster, follower);
        let commands: Vec<_> = (1..=5).map(|count| append(session, count, &count.to_string())).collect();
        let forwarder = cluster.servers[follower].forwarder().clone();
        let accepted = forwarder.execute(commands.iter().map(Command::encode).collect()).expect("a leader");
        assert_eq!(accepted.count(), 5);
        // Applied there, not only committed somewhere.
        let here = cluster.servers[follower].rsm().inspect(|machine| machine.get("k"));
        assert_eq!(here, Reply::Value(Some(("12345".into(), 5))));
        assert_eq!(forwarder.execute(vec![]), Err(ForwardError::NoCommands));
        // Numbers of the session make sure that what is sent again takes effect once.
        forwarder.execute(vec![commands[4].encode()]).expect("a leader");
        assert_eq!(value(&mut cluster), "12345");
        cluster.end();
    });
}

/// The same message twice is one request.
#[test]
fn request_that_comes_twice_is_appended_once() {
    in_both_worlds(10, || {
        let mut cluster = Cluster::start();
        let (leader, follower) = leader_and_follower(&cluster);
        let session = session_through(&cluster, follower);
        let end = cluster.network.make_connected_end(Address::Client(99), leader as u32);
        // Not recognised by the machine: two numbers, so two writes.
        let commands = [append(session, 1, "a"), append(session, 2, "b")].map(|command| command.encode());
        let args = ForwardArgs { request_id: 7, commands: commands.to_vec() };
        let answers: [Option<Result<Accepted, Refusal>>; 2] = [(); 2].map(|()| end.call(FORWARD, &args));
        assert!(matches!(answers[0], Some(Ok(_))) && answers[0] == answers[1], "{answers:?}");
        let empty = ForwardArgs { request_id: 8, commands: vec![] };
        assert_eq!(end.call::<_, Result<Accepted, Refusal>>(FORWARD, &empty), Some(Err(Refusal::NoCommands)));
        assert_eq!(value(&mut cluster), "ab");
        cluster.end();
    });
}

/// A follower that finds no leader gives the commands back, and they have no effect.
#[test]
fn follower_that_is_alone_gives_the_commands_back() {
    in_both_worlds(10, || {
        let cluster = Cluster::start();
        let (_, follower) = leader_and_follower(&cluster);
        let session = session_through(&cluster, follower);
        for id in (0..SERVERS).filter(|&id| id as usize != follower) {
            cluster.network.delete_server(id);
        }
        let commands: Vec<_> = (1..=3).map(|count| append(session, count, "x").encode()).collect();
        let began = Instant::now();
        let forwarder = cluster.servers[follower].forwarder().clone();
        // The leader that it knows does not answer, so it cannot say whether the commands arrived. After an election timeout
        // it knows no leader.
        let told: Vec<_> = (0..4).map(|_| forwarder.execute(commands.clone())).collect();
        for error in told {
            let error = error.expect_err("nobody leads");
            assert_eq!(error.commands(), commands, "{error}");
        }
        assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
        cluster.end();
    });
}

#[test]
fn any_server_answers_queries_and_says_of_which_state() {
    in_both_worlds(10, || {
        let mut cluster = Cluster::start();
        let mut clerk = cluster.clerk(ClerkConfig { reads: ClerkReads::AnyServer, ..ClerkConfig::default() });
        clerk.put("k", "v").expect("all servers are well");
        assert_eq!(clerk.get("k"), Ok(Some(("v".into(), 1))));
        let position = clerk.position();
        assert!(position >= 2, "a session and a write: {position}");
        for server in &cluster.servers {
            let args = QueryArgs { key: "k".into(), consistency: Consistency::NotBefore(position) };
            let answer = server.query(&args).expect("soon there");
            assert_eq!(answer.reply, Reply::Value(Some(("v".into(), 1))));
            assert!(answer.position >= position);
            // What nobody has applied is waited for, and not made up.
            let args = QueryArgs { consistency: Consistency::NotBefore(position + 100), ..args };
            assert_eq!(server.query(&args), Err(Refusal::Timeout));
        }
        cluster.end();
    });
}
