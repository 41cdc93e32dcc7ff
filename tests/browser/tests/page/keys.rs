//! The keyboard, the search, and the address.

use kvraft::Reference;
use lab_harness::Implementation;
use raft::Raft;
use serde_json::Value;

use super::runs::{assert_quiet, file, html, open, test};
use lab_browser::{Tab, Theme};

fn reference() -> Implementation {
    Implementation::of_service::<Reference<Raft>>()
}

fn cursor(tab: &mut Tab) -> u64 {
    tab.eval("view.cursor").as_u64().expect("a place")
}

#[test]
fn keys_step_seek_and_zoom() {
    let Some(mut tab) = open(test("figure8_3c"), reference(), 1) else { return };
    tab.press("Home");
    assert_eq!(cursor(&mut tab), 0);
    tab.press("ArrowRight");
    tab.press("ArrowRight");
    tab.press("ArrowLeft");
    assert_eq!(cursor(&mut tab), 1);
    tab.press("f");
    assert_eq!(tab.eval("isFault(view.trace.events[view.cursor])"), true);
    tab.press("Home");
    tab.press("r");
    let role = tab.eval("view.history.at(view.cursor).some((server) => server.role !== 'F')");
    assert_eq!(role, true, "somebody stands");
    // Of a chosen server only.
    tab.press("3");
    assert_eq!(tab.eval("view.server"), 2);
    tab.press(".");
    assert_eq!(tab.eval("parties(view.trace.events[view.cursor]).includes('S2')"), true);
    tab.press("Escape");
    assert_eq!(tab.eval("view.server"), Value::Null);
    // From a request to its reply.
    tab.eval(
        "view.go(view.trace.events.find(({ message }) => message && !message.reply && message.other).i)",
    );
    let before = cursor(&mut tab);
    tab.press("u");
    assert_eq!(tab.eval(&format!("view.chosenMessage.other === view.trace.events[{before}].message")), true);
    // What is in sight.
    let length = "view.scale.to - view.scale.from";
    let whole = (tab.press("0"), tab.eval(length)).1.as_f64().expect("a length");
    tab.press("+");
    assert!(tab.eval(length).as_f64().expect("a length") < whole);
    tab.press("e");
    assert_eq!(tab.eval("view.scale.isEven"), false);
    tab.press("?");
    assert!(tab.text("#help").contains("next change of a role"));
    tab.click("#help button");
    tab.press("End");
    assert_eq!(tab.eval("view.cursor === view.trace.events.length - 1"), true);
    // The state of the cluster is the same whichever way one comes to a moment.
    let same = "JSON.stringify(view.history.at(900)) === JSON.stringify(new History(view.trace, model.run.servers).at(900))";
    // Anew, and from a moment that is near and was asked for before.
    for way in ["[5]", "[899]", "[700, 850]", "[-1, 900, 899]"] {
        tab.eval(&format!("{way}.forEach((i) => view.history.at(i))"));
        assert_eq!(tab.eval(same), true, "{way}");
    }
    let first = "new History(view.trace, model.run.servers).at(-1).every((server) => !server.up)";
    assert_eq!(tab.eval(first), true);
    assert_quiet(&mut tab);
}

#[test]
fn search_finds_words_fields_and_motifs() {
    let Some(mut tab) = open(test("figure8_3c"), reference(), 1) else { return };
    let mut found = |query: &str| -> u64 {
        tab.press("/");
        tab.eval("document.getElementById('search').select()");
        tab.type_text(query);
        tab.press("Enter");
        tab.press("Escape");
        assert_eq!(tab.eval("view.query.text"), query);
        tab.eval("view.found.length").as_u64().expect("a number")
    };
    let all = found("granted");
    assert!(all > 10);
    let [after, within] = [found("granted after crash"), found("granted after crash within 200ms")];
    assert!(after > 0 && after < all, "{after} of {all}");
    assert!(within < after, "{within} of {after}");
    assert!(found("is:lost") > 10 && found("type:applied server:2") > 3 && found("term:2 from:S0") > 0);
    assert_eq!(found("no such word"), 0);
    assert!(found("restart") > 10);
    tab.press("m");
    let row = tab.text("#list .row");
    assert!(row.contains("restart"), "{row}");
    let before = cursor(&mut tab);
    tab.press("n");
    assert_ne!(cursor(&mut tab), before);
    assert_quiet(&mut tab);
}

#[test]
fn address_holds_what_is_seen() {
    let Some(mut tab) = Tab::start() else { return };
    tab.look(1440, 900, Theme::Light);
    let page = file("address", &html(test("figure8_3c"), reference(), 2).0);
    tab.open(&page, "");
    tab.press("0");
    tab.press("e");
    tab.press("+");
    tab.eval("view.go(321)");
    tab.press("2");
    tab.press("/");
    tab.type_text("granted");
    let seen = "JSON.stringify([view.cursor, Math.round(view.scale.from), view.scale.isEven, view.server, view.found])";
    let before = tab.eval(seen);
    let fragment = tab.eval("view.written");
    tab.open(&page, fragment.as_str().expect("a fragment"));
    assert_eq!(tab.eval(seen), before);
    for broken in ["#e=-5", "#e=1e99&z=5,1&s=77", "#%%%", "#e=x&z=a,b&axis=&q=(((", "#z=NaN,Infinity"] {
        tab.open(&page, broken);
        assert!(!tab.text("#now").is_empty(), "{broken}");
    }
    assert_quiet(&mut tab);
}
