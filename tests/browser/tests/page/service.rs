//! Clients of a service, and what the checker says of their operations.

use lab_harness::Implementation;

use super::runs::{assert_quiet, open, test};
use super::wrong::StaleReads;

#[test]
fn illegal_operation_is_marked_and_told_in_full() {
    let Some(mut tab) =
        open(test("many_partitions_one_client_4b"), Implementation::of_service::<StaleReads>(), 1)
    else {
        return;
    };
    // The clerk has answered itself: that is the moment at which the page opens.
    let steps = tab.text(".steps");
    assert!(steps.contains("and no server was asked") && steps.contains("which has ended before"), "{steps}");
    tab.click("#illegal");
    let details = tab.text("#details");
    assert!(details.contains("no order of the operations agrees"), "{details}");
    // Another one, by its bar in the picture.
    tab.press("ArrowLeft");
    assert!(!tab.text("#details").contains("Operation of"));
    // Clients have the lowest lanes.
    tab.eval("(() => { const scroll = document.getElementById('scroll'); scroll.scrollTop = 1e6; scroll.scrollIntoView({ block: 'end' }); })()");
    let place = tab.eval(
        "(() => { const shape = view.picture.shapes.find(({ operation, x1 }) => operation !== undefined && x1 > 0); const box = \
         document.getElementById('lanes').getBoundingClientRect(); return [box.x + shape.x1 + 1, box.y + shape.y1]; })()",
    );
    tab.click_at(place[0].as_f64().expect("x"), place[1].as_f64().expect("y"));
    let details = tab.text("#details");
    assert!(details.contains("Operation of C"), "{details}");
    assert!(tab.eval("view.layout.byName.has('C1')") == true);
    // The commands of the log in words, and who answered wrongly.
    let applied = tab.eval("view.trace.events.find(({ name }) => name === 'applied' && name).fields.command");
    assert!(
        applied.as_str().is_some_and(|command| command.contains("session") || command.contains('(')),
        "{applied}"
    );
    assert_quiet(&mut tab);
}

/// Part 4A has no clerks: threads call the servers, and each call is a bar.
#[test]
fn callers_have_lanes() {
    let Some(mut tab) =
        open(test("basic_4a"), Implementation::of_service::<kvraft::Reference<raft::Raft>>(), 1)
    else {
        return;
    };
    let labels = tab.text("#labels");
    assert!(labels.contains("caller 1"), "{labels}");
    let calls = tab.eval(
        "model.operations.filter(([, call, answer]) => /^S\\d: add\\(/.test(call) && answer !== null).length",
    );
    assert!(calls.as_u64().is_some_and(|calls| calls > 5), "{calls}");
    let applied = tab.eval("view.trace.events.find(({ name }) => name === 'applied').fields.command");
    assert!(applied.as_str().is_some_and(|command| command.starts_with("add(")), "{applied}");
    assert_quiet(&mut tab);
}
