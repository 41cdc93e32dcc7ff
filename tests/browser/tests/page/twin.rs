//! Two runs, one below the other.

use lab_harness::Implementation;
use raft::Raft;

use super::runs::{assert_quiet, open_beside, picture, test};

#[test]
fn two_runs_stand_below_each_other_and_the_first_difference_is_marked_in_both() {
    let Some(mut tab) = open_beside(test("figure8_3c"), Implementation::of::<Raft>(), [1, 2]) else { return };
    let name = tab.text("#twin");
    assert!(name.contains("Below: another seed") && name.contains("S4"), "{name}");
    tab.press("d");
    assert_eq!(tab.eval("view.cursor === view.same"), true);
    // The cursors and the pins of both stand at one place.
    let apart = "Math.abs(view.scale.x(view.same) - view.twin.view.scale.x(view.same))";
    assert!(tab.eval(apart).as_f64().expect("a distance") < 1.0);
    assert_eq!(tab.eval("view.twin.view.cursor === view.same"), true);
    // As long as they are the same there is nothing to tell; in the end there is.
    tab.press("Home");
    assert!(tab.text("#cluster").contains("Nothing that is known of the servers"));
    tab.press("End");
    let differences = tab.eval("view.twin.differences().length").as_u64().expect("a number");
    assert_eq!(tab.text("#cluster").contains("In this run and in the other"), differences > 0);
    // The other one above, and back.
    let count = "view.trace.events.length";
    let before = tab.eval(count);
    tab.press("x");
    assert!(tab.text("#twin").contains("Below: the run itself"));
    assert_ne!(tab.eval(count), before);
    tab.press("x");
    assert_eq!(tab.eval(count), before);
    tab.press("d");
    tab.screenshot(&picture("two_runs"));
    assert_quiet(&mut tab);
}
