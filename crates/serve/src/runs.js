// The list of runs, which comes anew when something has changed, and what is done with them.
"use strict";
const find = (id) => document.getElementById(id);
const ROWS = 100;
const USUAL = "began";
// Models that one page to draw on has at most.
const MOST_DRAWN = 8;
// What is ticked stays so while the list is filtered and sorted, and when one comes back to it: by its name what it can be asked for.
const ticked = new Map(history.state ?? []);
// Runs that are alike in all that is listed are one row with a button from so many on. What is unfolded is known by one of them.
const ALIKE = 3;
// The view is in the address, to be loaded again and sent.
const kept = new URLSearchParams(location.search);
const unfolded = new Set(kept.getAll("open"));
let wanted = Math.max(ROWS, Number(kept.get("last")) || 0);
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

const can = (run) => ({ isStudy: run.is_study, canDraw: run.can_draw });

// Rows that have not changed stay as they are, with what is focused in them.
function cells(run, group) {
  const box = make("input", { type: "checkbox", checked: ticked.has(run.name), ariaLabel: `tick ${run.name}` });
  box.onchange = () => {
    if (box.checked) ticked.set(run.name, can(run));
    else ticked.delete(run.name);
    tools();
    remember();
  };
  const small = (text, title = "") => make("span", { className: "small", textContent: text, title });
  const cell = (className, ...children) => make("td", { className }, ...children);
  // Where there is no room it is broken behind its slash.
  const link = make("a", { href: pageOf(run.name) });
  run.name.split("/").forEach((part, i) => link.append(i ? "/" : "", make("span", { className: "part", textContent: part })));
  const name = cell("name", link);
  // A config mostly says of which model it is.
  const model = run.name.split("/")[0].includes(run.model) ? null : run.model;
  const said = [[model], ...run.changes.map((change) => [change, run.changed]), ...run.marks.map((mark) => [mark])];
  const marks = make("div", { className: "marks" }, ...said.filter(([text]) => text).map((one) => small(...one)));
  if (group.length) {
    const fold = make("button", { type: "button", title: "the same in all that is listed but when they began and how long they took" });
    fold.dataset.alike = group.length - 1;
    fold.onclick = () => {
      if (isUnfolded(group)) group.forEach((name) => unfolded.delete(name));
      else unfolded.add(run.name);
      foldAlike();
      remember();
    };
    marks.append(fold);
  }
  // Shown there where the data has no column.
  if (run.data) marks.dataset.of = run.data;
  if (run.data || marks.hasChildNodes()) name.append(marks);
  if (run.problem) name.append(make("div", { className: "small error", textContent: run.problem }));
  const edit = make("button", { type: "button", textContent: "Note", title: "note and tags", ariaLabel: `Note and tags of ${run.name}` });
  edit.onclick = () => mark(run);
  // Its width is that of its text, which no hyphen breaks.
  const whole = (text, className) => cell(className, make("span", { textContent: text ?? "" }));
  const isError = run.state === "failed" || run.state === "damaged";
  const state = whole(run.state, `state ${run.alive ? "alive" : isError ? "error" : ""}`);
  const began = make("time", { textContent: run.began });
  if (run.began_at) {
    const at = new Date(run.began_at).toLocaleString("en-GB", { dateStyle: "long", timeStyle: "long" });
    Object.assign(began, { dateTime: run.began_at, title: at });
  }
  const number = (is, text, ...more) => {
    const found = cell(`number ${is}${text === "-" ? " none" : ""}`, make("span", { className: "value", textContent: text }), ...more);
    found.dataset.is = is;
    return found;
  };
  const epochs = number("epochs", run.epochs);
  const [done, all] = run.epochs.split("/").map(Number);
  if (run.alive && !run.is_study && all) epochs.style.setProperty("--done", `${100 * done / all}%`);
  const of = (epoch) => make("span", { className: `small of${epoch === done ? " last" : ""}`, textContent: `epoch ${epoch}` });
  const accuracy = number("accuracy", run.accuracy);
  if (run.epoch !== null) accuracy.append(" ", of(run.epoch));
  if (run.highest) accuracy.append(make("div", { title: `epoch ${run.highest.epoch}` }, small(`highest ${run.highest.accuracy}`), " ", of(run.highest.epoch)));
  // Numbers end below each other, and so do units.
  const [, length, unit] = run.time.match(/^(.*?) ?([a-z]*)$/);
  const time = number("time", length, " ", make("span", { className: "unit", textContent: unit }));
  return [cell("tick", box), name, whole(run.data, "data"), state, cell("began", began), epochs, number("loss", run.loss), accuracy, time, cell("note", edit)];
}

// By which runs are alike: all that is listed but when they began and how long they took; none of one that trains.
const keyOf = (run) => run.alive || run.is_study ? run.name
  : JSON.stringify({ ...run, name: run.name.split("/")[0], began: "", began_at: "", time: "" });

const isUnfolded = (group) => group.some((name) => unfolded.has(name));

// Of runs that are alike, and beside each other, the first stands for the others, but for those that are ticked.
function foldAlike() {
  for (const row of find("rows").children) {
    const isOpen = isUnfolded(row.group);
    row.hidden = row.isFurther && !isOpen && !ticked.has(row.dataset.name);
    row.className = row.isFurther ? "alike" : isOpen ? "alike first" : "";
    const fold = row.querySelector("[data-alike]");
    if (!fold) continue;
    fold.ariaExpanded = isOpen;
    fold.textContent = isOpen ? `hide ${fold.dataset.alike} alike` : `${fold.dataset.alike} more alike`;
  }
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
    const group = end - first >= ALIKE ? runs.slice(first, end).map(({ name }) => name) : [];
    const isFurther = group.length > 0 && i > first;
    const text = JSON.stringify([run, isFurther ? [] : group]);
    const old = rows.get(run.name);
    const row = old?.known === text ? old : make("tr", { known: text }, ...cells(run, isFurther ? [] : group));
    row.dataset.name = run.name;
    return Object.assign(row, { group, isFurther });
  }));
  foldAlike();
  const names = new Set(runs.map((run) => run.name));
  for (const run of runs) if (ticked.has(run.name)) ticked.set(run.name, can(run));
  // Of runs that are all here one that is not has gone.
  if (runs.length >= total) for (const name of [...ticked.keys()]) if (!names.has(name)) ticked.delete(name);
  find("count").textContent = total === 0 ? "No runs yet: Train a new run begins one."
    : (found < total ? `${found} of ${total} match` : `${total} ${total === 1 ? "run" : "runs"}`) + (runs.length < found ? `, ${runs.length} shown` : "");
  find("more").hidden = runs.length >= found;
  tools();
}

// Those ticked that have a model.
const drawn = () => [...ticked].filter(([, { canDraw }]) => canDraw).map(([name]) => name);

function tools() {
  const runs = shown.filter((run) => ticked.has(run.name));
  const hidden = ticked.size - runs.length;
  find("ticked").hidden = ticked.size === 0;
  find("howmany").textContent = `${ticked.size} ticked` + (hidden ? `, ${hidden} of them not in the list below: Compare and Draw take all, the others those that are seen.` : ".");
  const can = {
    compare: ticked.size > 1 || [...ticked.values()].some(({ isStudy }) => isStudy),
    draw: drawn().length > 0 && drawn().length <= MOST_DRAWN,
    stop: runs.some((run) => run.alive),
    resume: runs.some((run) => !run.alive && run.can_resume),
    remove: runs.some((run) => !run.alive),
  };
  for (const button of document.querySelectorAll("[data-do]")) button.disabled = !can[button.dataset.do];
}

// What the list is asked for by; without an order what runs comes first, then the newest.
function view() {
  const order = (isTurned ? "-" : "") + find("sort").value;
  const all = { filter: find("filter").value, data: find("data").value, sort: order === USUAL ? "" : order };
  return Object.entries(all).filter(([, value]) => value);
}

// Where one comes back to, with the rest of the address as it is; the way to it from other pages is in their bar.
function remember() {
  for (const key of ["filter", "data", "sort", "last", "open"]) kept.delete(key);
  for (const [key, value] of view()) kept.set(key, value);
  if (wanted > ROWS) kept.set("last", wanted);
  for (const name of unfolded) kept.append("open", name);
  const search = kept.toString() && `?${kept}`;
  history.replaceState([...ticked], "", location.pathname + search);
  sessionStorage.setItem("list", search);
}

async function list() {
  // Of several that overlap the last one is shown.
  const mine = (asking = {});
  const query = new URLSearchParams([["last", wanted], ...view()]);
  remember();
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
    const go = (page, names) => void (location.href = `${page}?${new URLSearchParams(names.map((name) => ["run", name]))}`);
    if (what === "compare") return go("/compare", [...ticked.keys()]);
    if (what === "draw") return go("/", drawn());
    const meant = { stop: (run) => run.alive, resume: (run) => !run.alive && run.can_resume, remove: (run) => !run.alive }[what];
    const names = runs.filter(meant).map((run) => run.name);
    if (what === "remove") names.forEach((name) => ticked.delete(name));
    act({ do: what, runs: names });
  };
}
find("untick").onclick = () => {
  ticked.clear();
  for (const box of document.querySelectorAll("#rows input")) box.checked = false;
  foldAlike();
  tools();
  remember();
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
    if (isIt) Object.assign(find("turn"), { textContent: order === "ascending" ? "▲" : "▼", ariaLabel: order, title: order });
  }
}
const order = kept.get("sort") ?? USUAL;
const by = order.replace(/^-/, "");
sortBy(...(heads.some((head) => head.dataset.sort === by) ? [by, by !== order] : [USUAL, false]));
find("filter").value = kept.get("filter") ?? "";
if (kept.get("data")) {
  find("data").append(make("option", { value: kept.get("data"), textContent: kept.get("data"), selected: true }));
  find("ofdata").hidden = false;
}
// From here the way to the list is the way to all of it.
document.querySelector("a[href='/runs']").onclick = null;
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
