//! A run of code that attacks whoever reads about it.

use lab_harness::Implementation;
use lab_harness::lab::Lab;

use super::runs::{assert_quiet, open, scenario};
use super::wrong::{HOSTILE, Hostile, With};

fn body(lab: &Lab) {
    let cluster = lab.cluster(3).start();
    let leader = cluster.check_one_leader();
    for command in
        [HOSTILE.as_bytes().to_vec(), vec![b'<'; 1 << 20], "gr\u{fc}\u{df}e \u{6f22}\u{5b57}".into()]
    {
        cluster.start(leader, &command.into());
    }
    lab.note(format!("note: {HOSTILE}"));
    lab.sleep_ms(5000);
}

#[test]
fn what_hostile_code_says_is_text_and_nothing_more() {
    let case = scenario("hostile_3b", body);
    let Some(mut tab) = open(&case, Implementation::of::<With<Hostile>>(), 1) else { return };
    assert_eq!(tab.eval("typeof window.hacked"), "undefined");
    assert_eq!(tab.eval("document.scripts.length"), 2, "the data and the page's own");
    assert_eq!(tab.eval("document.images.length"), 0);
    let head = tab.text("#head");
    assert!(head.contains("<script>window.hacked = 1"), "{head}");
    // What turns text around is written out.
    assert!(head.contains("\\u{202e}") && !head.contains('\u{202e}'), "{head}");
    for (query, words) in [
        ("note:", "note: </script>"),
        ("type:accepted", "</script>"),
        ("\u{6f22}\u{5b57}", "\u{6f22}\u{5b57}"),
        ("VOTE", "VOTE </script>"),
    ] {
        tab.eval(&format!("view.search({query:?})"));
        assert!(tab.eval("view.found.length").as_u64().expect("a number") > 0, "{query}");
        tab.eval("view.go(view.found[0])");
        let shown = tab.text("#now") + &tab.text("#details");
        assert!(shown.contains(words), "{query}: {shown}");
    }
    assert_eq!(
        tab.eval("document.documentElement.scrollWidth <= window.innerWidth"),
        true,
        "nothing sticks out"
    );
    assert_quiet(&mut tab);
}
