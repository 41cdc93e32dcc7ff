//! Part 3A, leader election (§5.2): MIT's three tests.

use lab_harness::Violation;
use lab_harness::lab::Lab;
use lab_runs::settings::World;

/// A leader is elected, and stays while nothing fails.
///
/// Catches: nobody is elected (a vote that needs a longer log, a majority that is never reached), terms that are not
/// adopted, and a leader that does not keep its followers from standing for election.
pub fn initial_election_3a(lab: &Lab) {
    let cluster = lab.cluster(3).start();
    cluster.check_one_leader();

    // All have heard of the leader by then.
    lab.sleep_ms(50);
    let term = cluster.check_terms();
    lab.expect(term >= 1, || Violation::new("there is a leader in term 0", "a term from 1 on", "term 0"));

    // Several election timeouts (MIT): who would stand against a leader that is well has done so by then.
    lab.sleep_ms(2000);
    let later = cluster.check_terms();
    // On a busy real machine a heartbeat may come late, through no fault of the implementation.
    lab.expect(later == term || lab.world() == World::Real, || {
        let violation = Violation::new(
            "there was an election although nothing failed",
            format!("term {term}, as two seconds before"),
            format!("term {later}"),
        )
        .hint("heartbeats too rare, or election timers that heartbeats do not reset");
        cluster.with_who_stood(term, violation)
    });
    cluster.check_one_leader();
}

/// A leader is replaced when it is cut off, does no harm when it returns, and there is none without a majority.
///
/// Catches: terms that are not adopted, a deposed leader that keeps its role, and votes counted wrong.
pub fn re_election_3a(lab: &Lab) {
    let cluster = lab.cluster(3).start();
    let first = cluster.check_one_leader();

    cluster.disconnect(first);
    cluster.check_one_leader();

    // It missed an election. What it sends is of an old term and must depose nobody.
    cluster.connect(first);
    let second = cluster.check_one_leader();

    let another = cluster.next(second, 1);
    // The third is left alone with its own vote. Two seconds are many elections, none of which it can win.
    cluster.disconnect_all([second, another]);
    lab.sleep_ms(2000);
    cluster.check_no_leader();

    // Two of three. Their terms have run apart, and whoever is behind must follow before anybody is elected.
    cluster.connect(another);
    cluster.check_one_leader();
    cluster.connect(second);
    cluster.check_one_leader();
}

/// Ten times three of seven servers are cut off, and the others have or elect a leader.
///
/// Catches: elections that work once, and split votes that do not end.
pub fn many_elections_3a(lab: &Lab) {
    let cluster = lab.cluster(7).start();
    cluster.check_one_leader();
    for _ in 0..10 {
        // The same server may be drawn twice, as in MIT's. Four of seven or more are always left.
        let cut_off = [(); 3].map(|()| lab.below(7) as usize);
        cluster.disconnect_all(cut_off);
        cluster.check_one_leader();
        cluster.connect_all(cut_off);
    }
    cluster.check_one_leader();
}
