//! What every page must have, whatever is in it.

use super::assemble;
use super::model::{Model, Run, Traced};

fn model(about: &str) -> Model {
    Model {
        run: Run {
            test: "figure8_3c".to_owned(),
            about: about.to_owned(),
            part: "3C".to_owned(),
            seed: "0x1".to_owned(),
            policy: "random".to_owned(),
            implementation: "raft::Raft".to_owned(),
            verdict: "passed",
            remark: None,
            fingerprint: String::new(),
            servers: 3,
            scripted: 0,
            is_called: false,
            steps: 0,
        },
        commands: Vec::new(),
        failure: None,
        names: Vec::new(),
        before_first: 0,
        trace: Traced::default(),
        operations: Vec::new(),
        against: None,
        causes: None,
    }
}

#[test]
fn text_cannot_leave_the_element_that_it_stands_in() {
    let hostile = "</script><script>alert(1)</script><!-- & \u{2028} @@script@@ \u{202e}";
    let page = assemble::page("<b>title</b>", &model(hostile));
    // The data and the script, no more.
    assert_eq!(page.matches("<script").count(), 2);
    assert_eq!(page.matches("</script").count(), 2);
    assert!(!page.contains("<!--") && !page.contains("<b>") && !page.contains('\u{2028}'));
    let data = page.split_once("id=\"data\">").and_then(|(_, rest)| rest.split_once("</script>"));
    let data: serde_json::Value = serde_json::from_str(data.expect("data").0).expect("JSON");
    assert_eq!(data["run"]["about"], hostile);
}

#[test]
fn page_loads_nothing_and_allows_its_own_script_only() {
    let page = assemble::page("title", &model(""));
    assert!(page.contains("default-src 'none'; script-src 'sha256-"));
    for foreign in ["http://", "https://", "src=", "@import", "url(", "eval(", "innerHTML", "@@", "style=\""]
    {
        let place = page.find(foreign).map(|at| &page[at.saturating_sub(60)..at + 20]);
        assert!(place.is_none(), "{foreign}: {place:?}");
    }
}
