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
    tab.click("#illegal");
    let details = tab.text("#details");
    assert!(details.contains("no order of the operations agrees"), "{details}");
    // Another one, by its bar in the picture.
    tab.press("ArrowLeft");
    assert!(!tab.text("#details").contains("Operation of"));
    let place = tab.eval(
        "(() => { const shape = view.picture.shapes.find(({ operation, x1 }) => operation !== undefined && x1 > 0); const box = \
         document.getElementById('lanes').getBoundingClientRect(); return [box.x + shape.x1 + 1, box.y + shape.y1]; })()",
    );
    tab.click_at(place[0].as_f64().expect("x"), place[1].as_f64().expect("y"));
    let details = tab.text("#details");
    assert!(details.contains("Operation of C"), "{details}");
    assert!(tab.eval("view.layout.byName.has('C1')") == true);
    assert_quiet(&mut tab);
}
