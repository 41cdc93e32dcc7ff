//! What the page shows of a run that failed.

use lab_browser::{Tab, Theme};
use lab_harness::Implementation;
use lab_harness::run::run_case;
use lab_report::page::{self, Causes, Moment, Page};

use super::runs::{assert_accessible, assert_quiet, file, open, plan, test};
use super::wrong::{AlwaysLeader, Amnesiac, Deadlocks, With};

#[test]
fn broken_rule_is_shown_with_its_proof_and_the_logs_around_it() {
    let Some(mut tab) = open(test("crash_at_every_save_3c"), Implementation::of::<With<Amnesiac>>(), 1)
    else {
        return;
    };
    let head = tab.text("#head");
    assert!(head.contains("crash_at_every_save_3c") && head.contains("0x1"), "{head}");
    assert!(head.contains("rule") && head.contains("expected") && head.contains("seen"), "{head}");
    assert!(tab.text(".verdict").eq_ignore_ascii_case("failed"));
    // The cursor stands at the moment of the mistake, and what led there is listed: the server that has forgotten was started anew.
    assert_eq!(tab.eval("isProof(view.trace.events[view.cursor]) && view.cursor <= view.failureAt"), true);
    let steps = tab.text(".steps");
    assert!(steps.contains("starts again") && steps.contains("restart"), "{steps}");
    assert_eq!(tab.eval("[...view.proof].every((id) => view.trace.messages[id].arrivals.length > 0 || view.steps.at(-1).event.message?.id === id)"), true, "{steps}");
    assert_eq!(tab.eval("document.querySelectorAll('#labels .pick').length === model.run.servers"), true);
    // A click on a line of the proof goes to that message, and its fields are there.
    assert!(tab.eval("view.proof.size").as_u64().expect("a number") > 0, "{head}");
    tab.click("ol.proof button");
    assert_eq!(tab.eval("isProof(view.trace.events[view.cursor])"), true);
    let details = tab.text("#details");
    assert!(details.contains("part of the proof") && details.contains("term"), "{details}");
    // From step to step by the keyboard, and to the failure.
    tab.press("Home");
    tab.press("k");
    assert_eq!(tab.eval("view.cursor === view.steps[0].event.i"), true);
    tab.press("k");
    tab.press("K");
    assert_eq!(tab.eval("view.cursor === view.steps[0].event.i"), true);
    tab.press("j");
    assert_eq!(tab.eval("view.cursor === view.failureAt"), true);
    tab.press("p");
    assert_eq!(tab.eval("view.fades"), true);
    let cluster = tab.text("#cluster");
    assert!(cluster.contains("follower") && cluster.contains("Logs"), "{cluster}");
    tab.eval("document.querySelector('.commands').open = true");
    let commands = tab.text(".commands");
    assert!(commands.contains("replay crash_at_every_save_3c 0x1"), "{commands}");
    assert_accessible(&mut tab);
    assert_quiet(&mut tab);
}

#[test]
fn broken_invariant_is_shown_where_no_message_proves_it() {
    let Some(mut tab) = open(test("initial_election_3a"), Implementation::of::<With<AlwaysLeader>>(), 1)
    else {
        return;
    };
    let head = tab.text("#head");
    assert!(head.contains("leads term") || head.contains("leader"), "{head}");
    assert_quiet(&mut tab);
}

/// Scripted peers have lanes and count for a majority; what they asked last is what the failure is about.
#[test]
fn server_among_scripts_is_shown_with_them() {
    let Some(mut tab) = open(test("vote_survives_3c"), Implementation::of::<With<Amnesiac>>(), 1) else {
        return;
    };
    let steps = tab.text(".steps");
    assert!(steps.contains("the last that a script asks"), "{steps}");
    let labels = tab.text("#labels");
    assert!(labels.contains("S1 (script)") && labels.contains("S2 (script)"), "{labels}");
    assert_eq!(tab.eval("view.picture.shapes.filter(({ message }) => message).length > 0"), true);
    assert_eq!(tab.eval("model.run.servers + model.run.scripted >= 3"), true);
    assert_quiet(&mut tab);
}

/// A vote that comes when the candidate stands for the next term is why it leads, so it is among what led there.
#[test]
fn late_vote_is_among_what_led_to_a_leader_without_votes() {
    let Some(mut tab) =
        open(test("late_votes_do_not_count_3a"), Implementation::of::<With<AlwaysLeader>>(), 1)
    else {
        return;
    };
    let steps = tab.text(".steps");
    assert!(steps.contains("comes when S0 stands for term 2: it was given for term 1"), "{steps}");
    assert_quiet(&mut tab);
}

#[test]
fn deadlock_is_shown_with_its_circle() {
    let Some(mut tab) = open(test("initial_election_3a"), Implementation::of::<With<Deadlocks>>(), 1) else {
        return;
    };
    tab.press("End");
    let cluster = tab.text("#cluster");
    assert!(cluster.contains("A circle:") && cluster.contains("keeper-"), "{cluster}");
    assert_quiet(&mut tab);
}

/// The event after which the run was lost can be gone to; where none decides, the page says what the report says.
#[test]
fn where_it_was_lost_is_told() {
    let Some(mut tab) = Tab::start() else { return };
    tab.look(1440, 900, Theme::Light);
    let (case, implementation, plan) =
        (test("initial_election_3a"), Implementation::of::<With<AlwaysLeader>>(), plan(1));
    let run = run_case(case, implementation, plan);
    let event = |place: usize| run.trace.as_ref().expect("a trace").events[place].index;
    let moment = |place, failed| Moment { event: event(place), at: 0, tried: 20, failed };
    for (failed, jump, wanted) in [
        ([2, 19], Some(1), "95 % of the continuations fail, before it 10 %"),
        ([19, 20], None, "Where it was lost: no event decides: 95 % of the continuations fail in this way"),
        (
            [2, 3],
            None,
            "fails in this way if it goes on otherwise: 10 % from its first moment on, 15 % from its last.",
        ),
    ] {
        let moments = vec![moment(0, failed[0]), moment(30, failed[1])];
        let causes = Causes { moments, tries: 20, jump, words: "it happens".to_owned() };
        let page = Page { case, implementation, plan, run: &run, against: None, causes: Some(&causes) };
        tab.open(&file("causes", &page::html(&page).expect("a trace")), "");
        let told = tab.text("p.causes");
        assert!(told.contains(wanted), "{told}");
        assert_eq!(tab.eval("document.querySelectorAll('.causes button').length"), u64::from(jump.is_some()));
    }
    assert_quiet(&mut tab);
}
