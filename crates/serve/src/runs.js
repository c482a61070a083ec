// The list of runs, which comes anew when something has changed, and what is done with them.
"use strict";
const find = (id) => document.getElementById(id);
const ROWS = 100;
// What is ticked stays so while the list is filtered and sorted: of each run's name whether it is a study.
const ticked = new Map();
// Runs that are alike in all that is listed are one row with a button from so many on, and these are unfolded.
const ALIKE = 3;
const unfolded = new Set();
let wanted = ROWS;
let isTurned = false;
let shown = [];
let asking;

const make = (name, properties, ...children) => {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
};

const say = (text, isError) => {
  find("said").textContent = text;
  find("said").className = isError ? "error" : "";
};

// Whether something was removed that can come back; known after the page is loaded again, too.
function canUndo(can) {
  find("undo").hidden = !can;
  sessionStorage.setItem("undo", can ? "1" : "");
}

async function told(action) {
  const headers = { "content-type": "application/json" };
  return (await ask("/api/runs", { method: "POST", headers, body: JSON.stringify(action) })).said;
}

async function act(action) {
  try {
    say("…");
    say(await told(action));
    if (["remove", "prune", "undo"].includes(action.do)) canUndo(action.do !== "undo");
  } catch (error) {
    say(error.message, true);
  }
  list();
}

// Rows that have not changed stay as they are, with what is focused in them.
function cells(run, key, alike) {
  const box = make("input", { type: "checkbox", checked: ticked.has(run.name), ariaLabel: `tick ${run.name}` });
  box.onchange = () => {
    if (box.checked) ticked.set(run.name, run.is_study);
    else ticked.delete(run.name);
    tools();
  };
  const link = make("a", { href: pageOf(run.name), textContent: run.name });
  const name = make("td", { className: "name" }, link);
  // A config mostly says of which model it is.
  const model = run.name.split("/")[0].includes(run.model) ? null : run.model;
  const [changed, ...others] = run.marks;
  const small = (text, title = "") => text && name.append(" ", make("span", { className: "small", textContent: text, title }));
  small(model);
  small(changed, run.changed);
  for (const mark of others) small(mark);
  if (alike) {
    const fold = make("button", { type: "button", title: "the same in all that is listed but when they began and how long they took" });
    const told = () => {
      fold.ariaExpanded = unfolded.has(key);
      fold.textContent = unfolded.has(key) ? `hide ${alike} alike` : `${alike} more alike`;
    };
    told();
    fold.onclick = () => {
      if (!unfolded.delete(key)) unfolded.add(key);
      told();
      foldAlike();
    };
    name.append(" ", fold);
  }
  if (run.problem) name.append(make("div", { className: "small error", textContent: run.problem }));
  const edit = make("button", { type: "button", textContent: "Note", title: "note and tags", ariaLabel: `Note and tags of ${run.name}` });
  edit.onclick = () => mark(run);
  // Its width is that of its text, which no hyphen breaks.
  const whole = (text, className) => make("td", { className }, make("span", { textContent: text }));
  const state = whole(run.state, `state ${run.alive ? "alive" : run.state === "failed" ? "error" : ""}`);
  const number = (is, text) => {
    const cell = make("td", { textContent: text, className: `number ${is}` });
    cell.dataset.is = is;
    return cell;
  };
  const data = whole(run.data, "data");
  const began = make("td", { className: "began", textContent: run.began, title: run.began_at ?? "" });
  return [make("td", {}, box), name, data, state, began, number("epochs", run.epochs), number("loss", run.loss),
    number("accuracy", run.accuracy), number("highest", run.highest), number("time", run.time), make("td", {}, edit)];
}

// By which runs are alike: all that is listed but when they began and how long they took; none of one that trains.
const keyOf = (run) => run.alive || run.is_study ? run.name
  : JSON.stringify({ ...run, name: run.name.split("/")[0], began: "", began_at: "", time: "" });

// Of runs that are alike, and beside each other, the first stands for the others, but for those that are ticked.
function foldAlike() {
  for (const row of find("rows").children) row.hidden = row.isFurther && !unfolded.has(row.key) && !ticked.has(row.dataset.name);
}

// Where there are several; one that is chosen stays, though its last run goes.
function offer(names) {
  const chosen = find("data").value;
  const all = [...new Set(chosen ? [...names, chosen] : names)];
  find("ofdata").hidden = all.length < 2;
  if (all.join("\n") === [...find("data").options].slice(1).map((option) => option.value).join("\n")) return;
  find("data").replaceChildren(find("data").options[0], ...all.map((name) => make("option", { value: name, textContent: name })));
  find("data").value = chosen;
}

function show({ runs, total, found, data }) {
  offer(data);
  const rows = new Map([...find("rows").children].map((row) => [row.dataset.name, row]));
  shown = runs;
  const keys = runs.map(keyOf);
  let [first, end] = [0, 0];
  find("rows").replaceChildren(...runs.map((run, i) => {
    if (i === end) for (first = i; keys[end] === keys[first] && end < runs.length;) end++;
    const isFolded = end - first >= ALIKE;
    const alike = isFolded && i === first ? end - first - 1 : 0;
    const text = JSON.stringify([run, alike]);
    const old = rows.get(run.name);
    const row = old?.known === text ? old : make("tr", { known: text }, ...cells(run, keys[i], alike));
    row.dataset.name = run.name;
    return Object.assign(row, { key: keys[i], isFurther: isFolded && i > first });
  }));
  foldAlike();
  const names = new Set(runs.map((run) => run.name));
  // Of runs that are all here one that is not has gone.
  if (runs.length >= total) for (const name of [...ticked.keys()]) if (!names.has(name)) ticked.delete(name);
  find("count").textContent = total === 0 ? "No runs yet: Train a new run begins one."
    : (found < total ? `${found} of ${total} match` : `${total} ${total === 1 ? "run" : "runs"}`) + (runs.length < found ? `, ${runs.length} shown` : "");
  find("more").hidden = runs.length >= found;
  tools();
}

function tools() {
  const runs = shown.filter((run) => ticked.has(run.name));
  const hidden = ticked.size - runs.length;
  find("ticked").hidden = ticked.size === 0;
  find("howmany").textContent = `${ticked.size} ticked` + (hidden ? `, ${hidden} of them not in the list below: Compare takes all, the others those that are seen.` : ".");
  const can = {
    compare: ticked.size > 1 || [...ticked.values()].some((isStudy) => isStudy),
    stop: runs.some((run) => run.alive),
    resume: runs.some((run) => !run.alive && run.can_resume),
    remove: runs.some((run) => !run.alive),
  };
  for (const button of document.querySelectorAll("[data-do]")) button.disabled = !can[button.dataset.do];
}

async function list() {
  // Of several that overlap the last one is shown.
  const mine = (asking = {});
  const query = new URLSearchParams({ last: wanted, filter: find("filter").value, sort: (isTurned ? "-" : "") + find("sort").value });
  if (find("data").value) query.set("data", find("data").value);
  try {
    const answer = await ask("/api/runs?" + query);
    if (mine === asking) show(answer);
    if (find("said").classList.contains("asked")) say("");
  } catch (error) {
    if (mine !== asking) return;
    say(error.message, true);
    find("said").classList.add("asked");
  }
}

for (const button of document.querySelectorAll("[data-do]")) {
  button.onclick = () => {
    const runs = shown.filter((run) => ticked.has(run.name));
    const what = button.dataset.do;
    if (what === "compare") return void (location.href = "/compare?" + new URLSearchParams([...ticked.keys()].map((name) => ["run", name])));
    const meant = { stop: (run) => run.alive, resume: (run) => !run.alive && run.can_resume, remove: (run) => !run.alive }[what];
    const names = runs.filter(meant).map((run) => run.name);
    if (what === "remove") names.forEach((name) => ticked.delete(name));
    act({ do: what, runs: names });
  };
}
find("untick").onclick = () => {
  ticked.clear();
  for (const box of document.querySelectorAll("#rows input")) box.checked = false;
  tools();
};
find("undo").hidden = !sessionStorage.getItem("undo");
find("undo").onclick = () => act({ do: "undo" });
find("asked").onsubmit = (event) => event.preventDefault();
const anew = () => {
  wanted = ROWS;
  list();
};
find("filter").oninput = find("data").onchange = anew;

// The columns are what the list is sorted by: what is better or greater first, or, turned, last.
const heads = [...document.querySelectorAll("[data-sort]")];
find("sort").replaceChildren(...heads.map((head) => make("option", { value: head.dataset.sort, textContent: head.textContent })));
function sortBy(key, turned) {
  find("sort").value = key;
  isTurned = turned;
  document.querySelector(".runs").dataset.by = key;
  for (const head of heads) {
    const order = ("ascending" in head.dataset) !== turned ? "ascending" : "descending";
    const isIt = head.dataset.sort === key;
    head.parentElement.ariaSort = isIt ? order : null;
    if (isIt) find("turn").textContent = order;
  }
}
sortBy("began", false);
find("sort").onchange = () => {
  sortBy(find("sort").value, false);
  anew();
};
find("turn").onclick = () => {
  sortBy(find("sort").value, !isTurned);
  anew();
};
for (const head of heads) {
  head.onclick = () => {
    sortBy(head.dataset.sort, head.dataset.sort === find("sort").value && !isTurned);
    anew();
  };
}
find("more").onclick = () => {
  wanted += ROWS;
  list();
};

function mark(run) {
  const dialog = find("marks");
  find("marked").textContent = run.name;
  find("note").value = run.note ?? "";
  find("tags").value = run.tags.join(" ");
  dialog.returnValue = "";
  dialog.onclose = async () => {
    if (dialog.returnValue !== "write") return;
    const tags = find("tags").value.split(/[\s,]+/).filter(Boolean);
    if (find("note").value !== (run.note ?? "")) await act({ do: "note", run: run.name, text: find("note").value });
    if (tags.join(" ") !== run.tags.join(" ")) await act({ do: "tags", run: run.name, tags });
  };
  dialog.showModal();
}

// What would go is told before it goes.
find("prune").onsubmit = async (event) => {
  event.preventDefault();
  const action = { do: "prune", keep: Number(find("keep").value) };
  const dialog = find("pruning");
  try {
    const would = await told({ ...action, dry_run: true });
    if (would.startsWith("nothing")) return say(would);
    find("pruned").textContent = would;
  } catch (error) {
    return say(error.message, true);
  }
  dialog.returnValue = "";
  dialog.onclose = () => dialog.returnValue === "prune" && act(action);
  dialog.showModal();
};

let entries = [];
find("new").onclick = async () => {
  find("refused").textContent = "";
  find("begin").showModal();
  if (entries.length) return;
  try {
    const { configs, studies } = await ask("/api/configs");
    entries = [...configs.map((entry) => ({ ...entry, kind: "config" })), ...studies.map((entry) => ({ ...entry, kind: "study" }))];
  } catch (error) {
    find("refused").textContent = error.message;
    return;
  }
  for (const kind of ["config", "study"]) {
    const group = make("optgroup", { label: kind === "config" ? "configs" : "studies" });
    entries.forEach((entry, index) => entry.kind === kind && group.append(make("option", { value: index, textContent: entry.name })));
    find("config").append(group);
  }
  const usual = entries.findIndex((entry) => entry.kind === "config" && entry.name === "two-layer");
  if (usual >= 0) find("config").value = usual;
  find("config").onchange = () => (find("about").textContent = entries[find("config").value].about);
  find("config").onchange();
};
find("cancel").onclick = () => find("begin").close();
// What is refused can be mended where it was written.
find("train").onsubmit = async (event) => {
  event.preventDefault();
  const entry = entries[find("config").value];
  if (!entry) return;
  const settings = find("settings").value.split("\n").map((line) => line.trim()).filter(Boolean);
  try {
    say(await told(entry.kind === "config" ? { do: "train", config: entry.name, settings } : { do: "sweep", study: entry.name, settings }));
    find("begin").close();
  } catch (error) {
    find("refused").textContent = error.message;
  }
  list();
};

// Nobody looks: nothing is asked for, and other pages have the connection.
let events;
const watch = () => {
  events?.close();
  if (document.hidden) return;
  events = new EventSource("/api/events");
  events.onmessage = list;
  // One that is refused is not tried again.
  events.onerror = () => events.readyState === EventSource.CLOSED && say("this page does not move: too many pages are watched", true);
};
document.addEventListener("visibilitychange", watch);
// The heads of the columns stay below the buttons, which may be more rows than one.
new ResizeObserver(([{ target }]) => document.body.style.setProperty("--buttons", `${target.offsetHeight}px`)).observe(find("actions"));
addEventListener("pagehide", () => events?.close());
addEventListener("pageshow", watch);
