//! A headless Chromium that opens a page and tells what a person would meet, over the DevTools protocol
//! (<https://chromedevtools.github.io/devtools-protocol/>) on a pair of pipes: JSON, each message followed by a zero byte.

use std::{
    env,
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::skip;

/// Widths of a telephone, a tablet and a desk, in CSS pixels.
pub const WIDTHS: [u32; 3] = [390, 820, 1440];

/// The browser and the tab in it.
pub struct Browser {
    process: Child,
    _profile: TempDir,
    commands: ChildStdin,
    messages: Receiver<Vec<u8>>,
    sent: u64,
    session: Option<String>,
    /// Whether the pointer's button is down.
    is_pressed: bool,
    /// What the page asked for and what it complained about.
    heard: Vec<String>,
}

/// What there is to say of a page at one width.
#[derive(Debug, Default)]
pub struct Seen {
    /// Errors of the console, and requests for anything but the page itself.
    pub trouble: Vec<String>,
    /// How much wider than the window it is, in CSS pixels.
    pub overflow: i64,
    /// A picture of all of it.
    pub png: Vec<u8>,
}

/// Chromium, where there is one; says so where not.
fn chromium() -> Option<PathBuf> {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let folders: Vec<PathBuf> = env::var_os("PATH").map(|path| env::split_paths(&path).collect()).unwrap_or_default();
    let found = names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name))).find(|p| p.is_file());
    if found.is_none() {
        skip("there is no Chromium");
    }
    found
}

impl Browser {
    /// Starts one, if there is one.
    pub fn start() -> Option<Self> {
        let profile = tempfile::tempdir().unwrap();
        // It reads commands from descriptor 3 and writes messages to 4.
        let mut command = Command::new("sh");
        command.args(["-c", "exec \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1", "sh"]).arg(chromium()?);
        let quiet = ["disable-background-networking", "disable-component-update", "disable-sync", "disable-quic"];
        for flag in
            ["headless", "no-sandbox", "disable-gpu", "no-first-run", "hide-scrollbars", "remote-debugging-pipe"]
                .iter()
                .chain(&quiet)
        {
            command.arg(format!("--{flag}"));
        }
        command.arg(format!("--user-data-dir={}", profile.path().display()));
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let commands = process.stdin.take().unwrap();
        let said = BufReader::new(process.stdout.take().unwrap()).split(0);
        // A thread of its own, so that a browser that says nothing more can be given up.
        let (sender, messages) = mpsc::channel();
        thread::spawn(move || said.map_while(Result::ok).try_for_each(|message| sender.send(message)));
        let heard = Vec::new();
        let mut browser =
            Self { process, _profile: profile, commands, messages, sent: 0, session: None, is_pressed: false, heard };
        browser.open_tab();
        Some(browser)
    }

    fn open_tab(&mut self) {
        let target = self.call("Target.createTarget", json!({ "url": "about:blank" }))["targetId"].clone();
        let attached = self.call("Target.attachToTarget", json!({ "targetId": target, "flatten": true }));
        self.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Network", "Runtime", "Log"] {
            self.call(&format!("{domain}.enable"), json!({}));
        }
    }

    /// Opens a file in a window of this width, light or dark; returns its address.
    pub fn open(&mut self, file: &Path, width: u32, dark: bool) -> String {
        let url = format!("file://{}", file.canonicalize().unwrap().display());
        self.open_address(&url, width, dark);
        url
    }

    /// The same of an address.
    pub fn open_address(&mut self, url: &str, width: u32, dark: bool) {
        let scheme = if dark { "dark" } else { "light" };
        let size = json!({ "width": width, "height": 1000, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.call("Emulation.setDeviceMetricsOverride", size);
        let media = json!({ "media": "", "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.call("Emulation.setEmulatedMedia", media);
        self.heard.clear();
        self.call("Page.navigate", json!({ "url": url }));
        self.wait_for("Page.loadEventFired");
    }

    /// Waits until the page has come once more by itself.
    pub fn comes_anew(&mut self) {
        self.wait_for("Page.loadEventFired");
    }

    /// Opens a file and tells what there is to see.
    pub fn look(&mut self, file: &Path, width: u32, dark: bool) -> Seen {
        let url = self.open(file, width, dark);
        self.seen(width, &url)
    }

    /// What there is to see of the page that is open; requests below its address `own` are its own.
    pub fn seen(&mut self, width: u32, own: &str) -> Seen {
        let overflow = self.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth");
        let height = self.evaluate("document.documentElement.scrollHeight");
        let clip =
            json!({ "x": 0, "y": 0, "width": width, "height": height.as_i64().unwrap().min(16_000), "scale": 1 });
        let shot = self.call("Page.captureScreenshot", json!({ "captureBeyondViewport": true, "clip": clip }));
        let png = BASE64_STANDARD.decode(shot["data"].as_str().unwrap()).unwrap();
        let own = [format!("request {own}"), "request data:".into()];
        let trouble = self.heard.iter().filter(|heard| !own.iter().any(|own| heard.starts_with(own)));
        Seen { trouble: trouble.cloned().collect(), overflow: overflow.as_i64().unwrap(), png }
    }

    /// Whether pages run their scripts from now on.
    pub fn run_scripts(&mut self, run: bool) {
        self.call("Emulation.setScriptExecutionDisabled", json!({ "value": !run }));
    }

    /// Shows the page that is open as paper has it.
    pub fn print(&mut self) {
        self.call("Emulation.setEmulatedMedia", json!({ "media": "print" }));
    }

    /// The value of an expression in the page.
    pub fn evaluate(&mut self, expression: &str) -> Value {
        let answer = self.call("Runtime.evaluate", json!({ "expression": expression, "returnByValue": true }));
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// A text of the page.
    pub fn text(&mut self, expression: &str) -> String {
        self.evaluate(expression).as_str().unwrap_or_else(|| panic!("{expression} is no text")).to_owned()
    }

    /// Moves the pointer to a share of an element's width and height.
    pub fn point_at(&mut self, selector: &str, share: [f64; 2]) {
        self.point("mouseMoved", selector, share);
    }

    /// Presses the pointer's button at the first of these shares and lets go of it at the last.
    pub fn drag(&mut self, selector: &str, shares: &[[f64; 2]]) {
        self.point("mousePressed", selector, shares[0]);
        self.is_pressed = true;
        shares.iter().for_each(|share| self.point("mouseMoved", selector, *share));
        self.is_pressed = false;
        self.point("mouseReleased", selector, shares[shares.len() - 1]);
    }

    fn point(&mut self, kind: &str, selector: &str, [across, down]: [f64; 2]) {
        let of = format!("document.querySelector({selector:?})");
        self.evaluate(&format!("{of}.scrollIntoView({{ block: 'center', behavior: 'instant' }})"));
        let side = |side: &str| format!("{of}.getBoundingClientRect().{side}");
        let mut number = |expression: String| self.evaluate(&expression).as_f64().unwrap();
        let [left, top] = ["left", "top"].map(|name| number(side(name)));
        let [width, height] = ["width", "height"].map(|name| number(side(name)));
        let [x, y] = [left + across * width, top + down * height];
        let is_move = kind == "mouseMoved";
        let button = if is_move && !self.is_pressed { "none" } else { "left" };
        let buttons = u8::from(self.is_pressed || kind == "mousePressed");
        let clicks = u8::from(!is_move);
        let place = json!({ "type": kind, "x": x, "y": y, "button": button, "buttons": buttons, "clickCount": clicks });
        self.call("Input.dispatchMouseEvent", place);
    }

    /// Presses a key.
    pub fn press(&mut self, key: &str) {
        for kind in ["keyDown", "keyUp"] {
            self.call("Input.dispatchKeyEvent", json!({ "type": kind, "key": key, "code": key }));
        }
    }

    /// Sends a command and waits for its result.
    fn call(&mut self, method: &str, params: Value) -> Value {
        self.sent += 1;
        let mut command = json!({ "id": self.sent, "method": method, "params": params });
        if let Some(session) = &self.session {
            command["sessionId"] = session.as_str().into();
        }
        self.commands.write_all(format!("{command}\0").as_bytes()).unwrap();
        loop {
            let message = self.read();
            if message["id"] == self.sent {
                assert!(message["error"].is_null(), "{method}: {message}");
                return message["result"].clone();
            }
        }
    }

    fn wait_for(&mut self, event: &str) {
        while self.read()["method"] != event {}
    }

    /// The next message; what it tells of the page is remembered.
    fn read(&mut self) -> Value {
        let message = self.messages.recv_timeout(Duration::from_secs(60)).expect("the browser answers");
        let message: Value = serde_json::from_slice(&message).unwrap();
        let params = &message["params"];
        let heard = match message["method"].as_str().unwrap_or_default() {
            "Network.requestWillBeSent" => params["request"]["url"].as_str().map(|url| format!("request {url}")),
            "Runtime.exceptionThrown" => Some(format!("exception {params}")),
            "Runtime.consoleAPICalled" | "Log.entryAdded" => Some(format!("console {params}")),
            _ => None,
        };
        self.heard.extend(heard);
        message
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It may have ended by itself; there is nothing else to be done about it.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
