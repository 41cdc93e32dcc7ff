//! A tab: opened, looked at, clicked and typed into.

use std::fs;
use std::path::Path;
use std::time::Duration;

use base64ct::{Base64, Encoding};
use serde_json::{Value, json};

use crate::pipe::Pipe;
use crate::{address, executable};

/// How often a page is asked whether it is ready, and how long is waited between.
const LOOKS: usize = 600;
const PAUSE: Duration = Duration::from_millis(50);

/// What the reader's system asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// A light ground.
    Light,
    /// A dark one.
    Dark,
}

/// A browser with one tab.
#[derive(Debug)]
pub struct Tab {
    pipe: Pipe,
    session: String,
}

impl Tab {
    /// Starts the browser; `None` if there is none, which [`executable`] says.
    ///
    /// # Panics
    ///
    /// If it does not speak the protocol.
    #[must_use]
    pub fn start() -> Option<Self> {
        let mut pipe = Pipe::start(&executable()?);
        let target = pipe.call(None, "Target.createTarget", &json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let session = pipe.call(None, "Target.attachToTarget", &attach)["sessionId"].clone();
        let session = session.as_str().expect("a session").to_owned();
        let mut tab = Self { pipe, session };
        for domain in ["Page", "Runtime", "Log", "Network", "Accessibility"] {
            tab.call(&format!("{domain}.enable"), &json!({}));
        }
        Some(tab)
    }

    fn call(&mut self, method: &str, parameters: &Value) -> Value {
        self.pipe.call(Some(&self.session), method, parameters)
    }

    /// Sets the size of the window, in pixels, and the theme of the system.
    pub fn look(&mut self, width: u32, height: u32, theme: Theme) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", &size);
        let value = if theme == Theme::Dark { "dark" } else { "light" };
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": value }] });
        self.call("Emulation.setEmulatedMedia", &media);
    }

    /// Opens a page of a run, with a fragment such as `#e=3`, and waits until it is there.
    ///
    /// # Panics
    ///
    /// If it does not come in half a minute.
    pub fn open(&mut self, file: &Path, fragment: &str) {
        // From another document: with a new fragment alone it would not be loaded again.
        self.call("Page.navigate", &json!({ "url": "about:blank" }));
        self.pipe.events.clear();
        self.call("Page.navigate", &json!({ "url": address(file) + fragment }));
        for _ in 0..LOOKS {
            if self.eval("document.documentElement?.dataset.ready ?? ''") == "yes" {
                return;
            }
            #[allow(clippy::disallowed_methods, reason = "a browser is waited for, and no simulation")]
            std::thread::sleep(PAUSE);
        }
        panic!("{} does not come: {:?}", file.display(), self.complaints());
    }

    /// What an expression is worth in the page.
    ///
    /// # Panics
    ///
    /// If it throws.
    pub fn eval(&mut self, expression: &str) -> Value {
        let asked = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let mut answer = self.call("Runtime.evaluate", &asked);
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {}", answer["exceptionDetails"]);
        answer["result"]["value"].take()
    }

    /// The text that an element shows; empty if there is none.
    pub fn text(&mut self, selector: &str) -> String {
        let text = self.eval(&format!("document.querySelector({selector:?})?.innerText ?? ''"));
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Presses a key: a letter or sign, or a name such as `ArrowRight`.
    pub fn press(&mut self, key: &str) {
        let mut down = json!({ "type": "keyDown", "key": key });
        if key.chars().count() == 1 {
            down["text"] = json!(key);
        }
        if key == "Tab" {
            down["windowsVirtualKeyCode"] = json!(9);
        }
        self.call("Input.dispatchKeyEvent", &down);
        self.call("Input.dispatchKeyEvent", &json!({ "type": "keyUp", "key": key }));
    }

    /// Types a text where the keyboard is.
    pub fn type_text(&mut self, text: &str) {
        self.call("Input.insertText", &json!({ "text": text }));
    }

    /// Clicks at a point of the window.
    pub fn click_at(&mut self, x: f64, y: f64) {
        for kind in ["mouseMoved", "mousePressed", "mouseReleased"] {
            let buttons = u8::from(kind == "mousePressed");
            let at = json!({ "type": kind, "x": x, "y": y, "button": "left", "buttons": buttons, "clickCount": 1 });
            self.call("Input.dispatchMouseEvent", &at);
        }
    }

    /// Clicks the middle of an element.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub fn click(&mut self, selector: &str) {
        let place = self.eval(&format!(
            "(() => {{ const element = document.querySelector({selector:?}); element.scrollIntoView({{ block: 'center' }}); \
             const box = element.getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2]; }})()"
        ));
        let number = |place: &Value| place.as_f64().expect("a place");
        self.click_at(number(&place[0]), number(&place[1]));
    }

    /// Keeps a picture of the window.
    ///
    /// # Panics
    ///
    /// If it cannot be written.
    pub fn screenshot(&mut self, file: &Path) {
        let picture = self.call("Page.captureScreenshot", &json!({ "format": "png" }));
        let bytes = Base64::decode_vec(picture["data"].as_str().expect("a picture")).expect("base64");
        fs::create_dir_all(file.parent().expect("a folder"))
            .and_then(|()| fs::write(file, bytes))
            .expect("a file");
    }

    /// What assistive technology sees: role and name of everything that is not ignored.
    pub fn accessible(&mut self) -> Vec<(String, String)> {
        let tree = self.call("Accessibility.getFullAXTree", &json!({}));
        let nodes = tree["nodes"].as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value["value"].as_str().unwrap_or_default().to_owned();
        nodes
            .iter()
            .filter(|node| node["ignored"] != true)
            .map(|node| (text(&node["role"]), text(&node["name"])))
            .collect()
    }

    /// What the page wrote to the console, what it threw, what its policy forbade, and what it loaded beside itself.
    pub fn complaints(&mut self) -> Vec<String> {
        // What has happened by now was said before this is answered.
        self.eval("1");
        let of = |event: &Value| match event["method"].as_str().unwrap_or_default() {
            "Runtime.consoleAPICalled"
            | "Runtime.exceptionThrown"
            | "Log.entryAdded"
            | "Page.javascriptDialogOpening" => Some(event["params"].to_string()),
            "Network.requestWillBeSent" => {
                let url = event["params"]["request"]["url"].as_str().unwrap_or_default();
                let is_own = ["file:", "about:", "data:"].iter().any(|scheme| url.starts_with(scheme));
                (!is_own).then(|| format!("loads {url}"))
            }
            _ => None,
        };
        self.pipe.events.iter().filter_map(of).collect()
    }
}
