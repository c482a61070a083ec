// Adds to a page that is whole without it: values under the pointer, a part of a chart that is enlarged, smoothed lines, series on and
// off, the other scale, what stands for the same in all charts and tables, chosen parts of parallel axes, tables that sort.
"use strict";
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const make = (name, parent, properties) => {
  const element = Object.assign(document.createElement(name), properties);
  parent.append(element);
  return element;
};

// Where a value lies on an axis, from 0 to 1.
const axis = (text) => {
  const [low, high, log] = text.split(" ");
  return (value) => ((log ? Math.log10(value) : Number(value)) - low) / (high - low);
};
// A few round values of a part of an axis, each with its place on the part.
const ticks = (text, [from, to]) => {
  const [low, high, log] = text.split(" ").map((part) => (isNaN(part) ? part : Number(part)));
  const [first, last] = [from, to].map((share) => low + share * (high - low));
  const raw = (last - first) / 5;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= raw);
  const all = [];
  for (let at = Math.ceil(first / step) * step; at <= last; at += step) {
    all.push({ label: String(log ? Number((10 ** at).toPrecision(2)) : Number(at.toPrecision(6))), share: (at - first) / (last - first) });
  }
  return all;
};
const svg = (name, parent, attributes) => {
  const element = document.createElementNS(parent.namespaceURI, name);
  Object.entries(attributes).forEach(([key, value]) => element.setAttribute(key, value));
  parent.append(element);
  return element;
};
const inside = ({ x, y }) => x >= 0 && x <= 1 && y >= 0 && y <= 1;
const charts = [];
let lit;

// What stands for one item, such as a trial, stands out wherever it is.
const light = (item) => {
  if (item === lit) return;
  lit = item;
  all(".lit").forEach((element) => element.classList.remove("lit"));
  if (item) all(`[data-item="${item}"]`).forEach((element) => element.classList.add("lit"));
  charts.forEach((chart) => chart.light(item));
};

// Entries of a legend become buttons for what is drawn of each; two clicks leave one alone, or bring all back.
const isOff = ({ button }) => button.getAttribute("aria-pressed") === "false";
const switches = (figure, groups) => {
  const set = ({ drawn, button }, on) => {
    drawn.forEach((group) => group.classList.toggle("off", !on));
    button.setAttribute("aria-pressed", on);
  };
  const entries = all(".legend li[data-series]", figure).map((entry) => {
    const button = document.createElement("button");
    button.append(...entry.childNodes);
    entry.append(button);
    const toggle = { drawn: groups(entry.dataset.series), button };
    set(toggle, true);
    button.onclick = () => set(toggle, isOff(toggle));
    button.ondblclick = () => {
      const alone = entries.every((other) => other === toggle || isOff(other));
      entries.forEach((other) => set(other, alone || other === toggle));
    };
    return toggle;
  });
  return entries;
};

class Chart {
  constructor(figure) {
    const { xName, yName, x, y, of } = figure.dataset;
    Object.assign(this, { figure, xName, yName, of, at: -1, plot: figure.querySelector(".plot") });
    this.spans = { x: x.split(";"), y: y.split(";") };
    this.whole = { x: axis(this.spans.x[0]), y: axis(this.spans.y[0]) };
    this.part = { x: [0, 1], y: [0, 1] };
    this.drawn = this.plot.querySelector("svg > svg");
    this.size = this.drawn.viewBox.baseVal;
    this.size = [this.size.width, this.size.height];
    let xs;
    this.groups = all(".series, .mark", this.plot);
    this.series = all(".series", this.plot).map((group) => {
      const split = (text) => (text ? text.split(" ") : []);
      if (group.dataset.x !== undefined) xs = split(group.dataset.x);
      const items = split(group.dataset.items);
      const point = (y, index) => ({ x: xs[index], y, item: items[items.length > 1 ? index : 0], group });
      const path = group.querySelector("path");
      const colour = path && getComputedStyle(path).stroke;
      return { group, items, colour, points: split(group.dataset.y).map(point) };
    });
    this.over = make("div", this.plot, { className: "over" });
    this.tip = make("div", this.plot, { className: "tip", hidden: true, role: "status" });
    this.plot.tabIndex = 0;
    this.plot.setAttribute("role", "group");
    this.plot.setAttribute("aria-label", `${yName} by ${xName}; left and right arrow keys show values`);
    this.plot.onpointermove = (event) => {
      const box = this.plot.getBoundingClientRect();
      if (this.from) return this.choose(event);
      this.near((event.clientX - box.left) / box.width, 1 - (event.clientY - box.top) / box.height, box);
    };
    this.plot.onpointerleave = this.plot.onblur = () => this.hide();
    this.plot.onkeydown = (event) => this.key(event);
    this.plot.ondblclick = () => this.enlarge();
    this.plot.onpointerdown = (event) => {
      if (event.button) return;
      this.from = this.at_pointer(event);
      this.plot.setPointerCapture(event.pointerId);
    };
    this.plot.onpointerup = (event) => this.chosen(event);
    this.plot.onpointercancel = () => this.chosen();
    this.legend();
    this.scales();
    this.smoothing();
  }

  // By which it is known when the page has come anew.
  get name() {
    return `${this.yName} by ${this.xName}: ${all("figure.lines").filter((other) => other.dataset.yName === this.yName).indexOf(this.figure)}`;
  }

  // What a reader has chosen: series that are off, by name, as their keys change when a line has many epochs; scales, the part that is
  // shown as values, and how smooth it is.
  kept() {
    const { entries, scaled, input } = this;
    const off = entries.filter(isOff).map(({ button }) => button.textContent.trim());
    const part = {};
    for (const axis of ["x", "y"]) {
      const [low, high] = this.spans[axis][0].split(" ").map(Number);
      part[axis] = this.part[axis].map((share) => low + share * (high - low));
    }
    const isWhole = ["x", "y"].every((axis) => this.part[axis].join() === "0,1");
    // A scale that nobody has touched follows what is new.
    const scales = Object.keys(scaled).filter((axis) => scaled[axis].isOther || !isWhole).map((axis) => [axis, this.isLog(axis)]);
    return { off, scales, part: isWhole ? null : part, smooth: input?.value };
  }

  isLog(axis) {
    return this.spans[axis][0].endsWith("log");
  }

  restore(kept) {
    if (!kept) return;
    this.entries.filter(({ button }) => kept.off.includes(button.textContent.trim())).forEach(({ button }) => button.click());
    kept.scales.filter(([axis, isLog]) => this.isLog(axis) !== isLog).forEach(([axis]) => this.scaled[axis]?.button.click());
    if (this.input && kept.smooth !== undefined) {
      this.input.value = kept.smooth;
      this.input.oninput();
    }
    if (!kept.part) return;
    const part = {};
    for (const axis of ["x", "y"]) {
      const [low, high] = this.spans[axis][0].split(" ").map(Number);
      part[axis] = kept.part[axis].map((value) => Math.min(Math.max((value - low) / (high - low), 0), 1));
      if (part[axis][1] - part[axis][0] < 0.001) return;
    }
    this.enlarge(part);
  }

  // Above the chart, where there is something to choose.
  get buttons() {
    return (this.above ??= make("div", this.figure, { className: "scales" }));
  }

  // Where a value lies on what is shown of an axis.
  on(name, value) {
    const [low, high] = this.part[name];
    return (this.whole[name](value) - low) / (high - low);
  }

  place({ x, y }) {
    return { x: this.on("x", x), y: this.on("y", y) };
  }

  // Shares of what is shown, from the left and from below.
  at_pointer({ clientX, clientY }) {
    const box = this.plot.getBoundingClientRect();
    const share = (value) => Math.min(Math.max(value, 0), 1);
    return { x: share((clientX - box.left) / box.width), y: share(1 - (clientY - box.top) / box.height) };
  }

  // What is dragged over; a narrow band is all of the other axis.
  span(event) {
    const to = this.at_pointer(event);
    const of = (name, least) => {
      const span = [this.from[name], to[name]].sort((a, b) => a - b);
      return span[1] - span[0] > least ? span : [0, 1];
    };
    return { x: of("x", 0.02), y: of("y", 0.15) };
  }

  choose(event) {
    const { x, y } = this.span(event);
    this.hide();
    if (x[1] - x[0] === 1 && y[1] - y[0] === 1) return;
    const chosen = make("i", this.over, { className: "chosen" });
    Object.assign(chosen.style, { left: `${x[0] * 100}%`, right: `${(1 - x[1]) * 100}%`, bottom: `${y[0] * 100}%`, top: `${(1 - y[1]) * 100}%` });
  }

  chosen(event) {
    if (!this.from) return;
    const span = event && this.span(event);
    this.from = undefined;
    this.hide();
    if (!span || (span.x[1] - span.x[0] === 1 && span.y[1] - span.y[0] === 1)) return;
    const of = (name) => span[name].map((share) => this.part[name][0] + share * (this.part[name][1] - this.part[name][0]));
    this.enlarge({ x: of("x"), y: of("y") });
  }

  // Shows a part of the chart, or all of it.
  enlarge(part = { x: [0, 1], y: [0, 1] }) {
    this.part = part;
    const [width, height] = this.size;
    const [left, right] = part.x;
    const [low, high] = part.y;
    this.drawn.setAttribute("viewBox", [left * width, (1 - high) * height, (right - left) * width, (high - low) * height].join(" "));
    const isWhole = (name) => part[name][0] === 0 && part[name][1] === 1;
    const isAll = isWhole("x") && isWhole("y");
    if (!isAll && !this.back) {
      this.back = make("button", this.buttons, { textContent: "whole", className: "plain" });
      this.back.onclick = () => this.enlarge();
    }
    if (this.back) this.back.hidden = isAll;
    this.drawn.setAttribute("overflow", isAll ? "visible" : "hidden");
    const outer = this.drawn.parentElement;
    all(".ends", outer).forEach((group) => group.classList.toggle("off", !isAll || this.scaled?.y?.isOther));
    all(".ticks", outer).forEach((group) => group.remove());
    for (const name of ["x", "y"]) {
      all(`:scope > g.${name}`, outer).forEach((group) => (group.style.display = isWhole(name) ? "" : "none"));
      if (isWhole(name)) continue;
      const group = svg("g", outer, { class: "ticks", "font-size": 13 });
      for (const { label, share } of ticks(this.spans[name][0], part[name])) {
        const at = `${(name === "x" ? share : 1 - share) * 100}%`;
        const line = name === "x" ? { x1: at, x2: at, y2: "100%" } : { x2: "100%", y1: at, y2: at };
        svg("line", group, { ...line, stroke: "currentColor", "stroke-opacity": 0.14 });
        const text = name === "x" ? { x: at, y: "100%", dy: 18, "text-anchor": "middle" } : { x: -7, y: at, dy: 4.5, "text-anchor": "end" };
        svg("text", group, text).textContent = label;
      }
    }
    this.hide();
  }

  // A slider, where a line over epochs or steps has points enough: an exponential moving average (as TensorBoard has it), above the line itself.
  smoothing() {
    const long = this.series.filter(({ group, points }) => points.length >= 20 && /L/.test(group.querySelector("path")?.getAttribute("d")));
    if (!long.length || this.of || !/^(epoch|step)/.test(this.figure.dataset.xName) || /rate/.test(this.figure.dataset.yName)) return;
    const label = make("label", this.buttons, { textContent: "smooth " });
    const input = (this.input = make("input", label, { type: "range", min: 0, max: 0.99, step: 0.01, value: 0 }));
    this.smooth = () => {
      const weight = Number(input.value);
      input.setAttribute("aria-valuetext", weight || "not");
      for (const { group, points } of long) {
        const [path] = all("path", group);
        all(".smooth", group).forEach((old) => old.remove());
        path.style.opacity = weight ? 0.3 : "";
        if (!weight) continue;
        let mean = 0;
        let all_weights = 0;
        const steps = points.flatMap(({ x, y }) => {
          mean = weight * mean + (1 - weight) * y;
          all_weights = weight * all_weights + 1 - weight;
          const [left, bottom] = [this.whole.x(x), this.whole.y(mean / all_weights)];
          return isFinite(left) && isFinite(bottom) ? [`${left * this.size[0]} ${(1 - bottom) * this.size[1]}`] : [];
        });
        const drawn = path.cloneNode();
        ["data-d", "stroke-dasharray", "style"].forEach((name) => drawn.removeAttribute(name));
        drawn.setAttribute("class", "smooth");
        drawn.setAttribute("d", steps.length ? `M${steps.join("L")}` : "");
        group.append(drawn);
      }
    };
    input.oninput = this.smooth;
  }

  // All points that can be seen, each with its place; of items those alone, and not what is drawn beside them.
  points() {
    const seen = this.series.filter(({ group, items }) => !group.classList.contains("off") && (!this.of || items.length));
    return seen.flatMap((series) => series.points.map((point) => ({ ...point, series, place: this.place(point) })))
      .filter(({ place }) => inside(place));
  }

  near(x, y, { width, height }) {
    const far = ({ place }) => this.of ? Math.hypot((place.x - x) * width, (place.y - y) * height) : Math.abs(place.x - x);
    const nearest = this.points().reduce((best, point) => (best && far(best) <= far(point) ? best : point), undefined);
    if (nearest) this.show(nearest);
  }

  key(event) {
    if (event.key === "Escape") return this.tip.hidden ? this.enlarge() : this.hide();
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const points = this.points().sort((a, b) => a.place.x - b.place.x);
    const stops = this.of ? points : points.filter((point, index) => point.x !== points[index - 1]?.x);
    if (!step || !stops.length) return;
    event.preventDefault();
    this.at = Math.min(Math.max(this.at + step, 0), stops.length - 1);
    this.show(stops[this.at]);
  }

  // The values at a point: of items its own, else those of all series at its place.
  show(point) {
    const points = this.of ? [point] : this.points().filter(({ x }) => x === point.x);
    // A run has a name, a trial a number.
    const head = this.of === "run" ? point.group.dataset.name : this.of && point.item ? `${this.of} ${point.item}` : `${this.xName} ${point.x}`;
    const rows = this.of ? [[this.xName, point.x], [this.yName, point.y]]
      : points.map(({ group, y }) => [group.dataset.name || this.yName, y]);
    light(this.of ? point.item : undefined);
    this.over.replaceChildren();
    make("i", this.over, { className: "cross" }).style.left = `${point.place.x * 100}%`;
    points.forEach((one) => this.dot(one, one.series.colour));
    this.tip.replaceChildren();
    make("b", this.tip, { textContent: head });
    rows.slice(0, 12).forEach(([name, value]) => {
      const row = make("div", this.tip, {});
      make("span", row, { textContent: name });
      make("span", row, { textContent: value });
    });
    this.tip.hidden = false;
    this.tip.style[point.place.x > 0.5 ? "right" : "left"] = `calc(${(point.place.x > 0.5 ? 1 - point.place.x : point.place.x) * 100}% + 12px)`;
    this.tip.style[point.place.x > 0.5 ? "left" : "right"] = "auto";
  }

  dot(point, colour) {
    const { x, y } = this.place(point);
    const dot = make("i", this.over, { className: "dot" });
    Object.assign(dot.style, { left: `${x * 100}%`, bottom: `${y * 100}%`, background: colour });
  }

  hide() {
    this.tip.hidden = true;
    this.over.replaceChildren();
    this.at = -1;
    light();
  }

  light(item) {
    this.over.replaceChildren();
    for (const { group, items, points, colour } of this.series) {
      if (items.length === 1 && points.length > 1) group.classList.toggle("lit", items[0] === item);
      else points.filter((point) => item && point.item === item && inside(this.place(point))).forEach((point) => this.dot(point, colour));
    }
  }

  legend() {
    // A chart beside this one that has no legend goes by this one.
    const beside = all(":scope > figure.lines", this.figure.closest(".beside") ?? undefined).filter((other) => !other.querySelector(".legend"));
    const twins = beside.flatMap((other) => all(".series, .mark", other));
    this.entries = switches(this.figure, (series) => {
      const group = this.groups[series];
      return [group, ...twins.filter((twin) => twin.dataset.name === group.dataset.name)];
    });
  }

  // A button for each axis that has two scales. What is drawn knows itself on both scales of y; along x it is moved.
  scales() {
    const axes = ["x", "y"].filter((name) => this.spans[name].length > 1);
    this.scaled = {};
    for (const name of axes) {
      const spans = this.spans[name];
      const button = make("button", this.buttons, { textContent: `log ${name}` });
      const tell = () => button.setAttribute("aria-pressed", this.isLog(name));
      tell();
      const scaled = (this.scaled[name] = { button, isOther: false });
      button.onclick = () => {
        scaled.isOther = !scaled.isOther;
        this.enlarge();
        spans.reverse();
        if (name === "x") this.move(spans);
        else for (const path of all("path[data-d]", this.plot)) {
          const shown = path.getAttribute("d");
          path.setAttribute("d", path.dataset.d);
          path.dataset.d = shown;
        }
        this.whole[name] = axis(spans[0]);
        this.smooth?.();
        all(`g.scale.${name}`, this.plot).forEach((group) =>
          group.hasAttribute("display") ? group.removeAttribute("display") : group.setAttribute("display", "none"));
        tell();
        this.hide();
      };
    }
  }

  // Moves all that is drawn from one scale of x to the other; both have the same ends.
  move([to, from]) {
    const [low, high, log] = from.split(" ").map((part) => (isNaN(part) ? part : Number(part)));
    const place = axis(to);
    for (const path of all("path", this.plot)) {
      const [width] = this.size;
      const moved = (whole, letter, x) => {
        const at = low + (x / width) * (high - low);
        return letter + Math.round(place(log ? 10 ** at : at) * width * 100) / 100;
      };
      for (const name of ["d", "data-d"]) {
        const drawn = path.getAttribute(name);
        if (drawn) path.setAttribute(name, drawn.replace(/([ML])(-?[\d.]+)/g, moved));
      }
    }
  }
}

for (const event of ["pointerover", "focusin"]) {
  document.addEventListener(event, ({ target }) => {
    if (!target.closest(".plot")) light(target.closest("[data-item]")?.dataset.item);
  });
}

// Parts of parallel axes are chosen by dragging along them; what does not pass through all of them fades.
const chosenParts = (figure) => {
  const picture = figure.querySelector(":scope > svg");
  const lines = all("path[data-item]", picture).map((path) => {
    const points = path.getAttribute("d").match(/-?[\d.]+ -?[\d.]+/g).map((point) => point.split(" ").map(Number));
    return { path, shares: points.map(([x]) => x / 1000), rows: points.map(([, y]) => y) };
  });
  if (!lines.length) return;
  const parts = new Map();
  const told = make("p", figure, { className: "told", role: "status", textContent: "Drag along an axis to choose a part of it." });
  const show = () => {
    const passes = ({ shares }) => [...parts].every(([axis, { low, high }]) => shares[axis] >= low && shares[axis] <= high);
    const count = lines.filter((line) => {
      line.path.classList.toggle("faded", !passes(line));
      return passes(line);
    }).length;
    told.textContent = parts.size ? `${count} of ${lines.length} pass; a click on an axis takes its part away.` : "Drag along an axis to choose a part of it.";
  };
  const share = ({ clientX }) => {
    const { left, width } = picture.getBoundingClientRect();
    return Math.min(Math.max((clientX - left) / width, 0), 1);
  };
  let under;
  picture.onpointerdown = (event) => {
    const y = event.clientY - picture.getBoundingClientRect().top;
    const axis = lines[0].rows.findIndex((row) => Math.abs(row - y) < 14);
    if (axis < 0 || event.button) return;
    event.preventDefault();
    picture.setPointerCapture(event.pointerId);
    parts.get(axis)?.drawn.remove();
    parts.delete(axis);
    under = { axis, from: share(event) };
    show();
  };
  picture.onpointermove = (event) => {
    if (!under) return;
    const [low, high] = [under.from, share(event)].sort((a, b) => a - b);
    parts.get(under.axis)?.drawn.remove();
    parts.delete(under.axis);
    if (high - low > 0.01) {
      const place = { x: `${low * 100}%`, width: `${(high - low) * 100}%`, y: lines[0].rows[under.axis] - 8, height: 16 };
      parts.set(under.axis, { low, high, drawn: svg("rect", picture, { ...place, class: "chosen" }) });
    }
    show();
  };
  picture.onpointerup = picture.onpointercancel = () => (under = undefined);
};

// A slider chooses one of its positions.
const slid = (slider, number) => {
  const positions = [...slider.children];
  const label = make("label", slider, { htmlFor: `slider-${number}` });
  const input = make("input", slider, { id: label.htmlFor, type: "range", max: positions.length - 1 });
  input.value = positions.findIndex((position) => !position.hidden);
  input.oninput = () => {
    positions.forEach((position, index) => (position.hidden = index !== Number(input.value)));
    const { value } = positions[input.value].dataset;
    label.textContent = `${slider.dataset.name} ${value}`;
    input.setAttribute("aria-valuetext", value);
  };
  input.oninput();
  slider.prepend(label, input);
};

// Minutes and hours as seconds, else the number that a text begins with.
const amount = (text) => {
  const clock = /^(\d+):(\d\d) (min|h)/.exec(text);
  return clock ? (clock[1] * 60 + Number(clock[2])) * (clock[3] === "h" ? 60 : 1) : parseFloat(text.replace(/[,<>] ?/g, ""));
};
const compared = (a, b) => {
  const [x, y] = [amount(a), amount(b)];
  if (isNaN(x) !== isNaN(y)) return isNaN(x) ? 1 : -1;
  return x === y || isNaN(x) ? a.localeCompare(b, "en", { numeric: true }) : x - y;
};
const sortable = (table) => {
  const [body] = table.tBodies;
  if (body.rows.length < 2) return;
  all("thead th", table).forEach((head, column, heads) => {
    if (!head.textContent) return;
    const button = document.createElement("button");
    button.append(...head.childNodes);
    head.append(button);
    button.onclick = () => {
      const sign = head.ariaSort === "ascending" ? -1 : 1;
      heads.forEach((other) => (other.ariaSort = null));
      head.ariaSort = sign > 0 ? "ascending" : "descending";
      const text = (row) => row.cells[column].textContent;
      body.append(...[...body.rows].sort((a, b) => sign * compared(text(a), text(b))));
    };
  });
};

// The contents would fill a phone.
const narrow = matchMedia("(max-width: 30rem)");
const fold = () => all("nav > details").forEach((contents) => (contents.open = !narrow.matches));
narrow.onchange = fold;

// Gives life to all that the page has, or that has come in its place.
const enliven = () => {
  fold();
  charts.splice(0, charts.length, ...all("figure.lines").map((figure) => new Chart(figure)));
  for (const figure of all("figure.parallel")) {
    chosenParts(figure);
    switches(figure, (series) => all(`g[data-series=${series}]`, figure));
  }
  all(".slider").forEach(slid);
  all("table.data").forEach(sortable);
};
enliven();

// What a reader has opened is open after the page has come anew.
const folds = () => all("details > summary");
const opened = () => folds().filter((fold) => fold.parentElement.open).map((fold) => fold.textContent);
const open = (names) => folds().filter((fold) => names.includes(fold.textContent)).forEach((fold) => (fold.parentElement.open = true));

// Seconds after which what is still going on comes anew, and when it was written.
const age = document.body.dataset;
const isOld = () => age.every && Date.now() / 1000 - age.written > 60 + 20 * age.every;
// Says, once it is too old to be alive, that it is.
const tellAge = () => {
  if (!isOld() || document.querySelector(".unwritten")) return;
  const told = document.createElement("p");
  told.className = "unwritten";
  told.setAttribute("role", "status");
  told.textContent = `Nothing has been written since ${new Date(age.written * 1000).toLocaleString("en")}: it was probably stopped or killed.`;
  document.querySelector("main").prepend(told);
};

// What was chosen of each chart, also of one that is missing for a while.
const remembered = new Map();

// Puts what has been written since in the place of what is shown, which stays where it was and as it was chosen.
const renew = async () => {
  const response = await fetch(location.href);
  // Who serves it cannot at this moment.
  if (response.status >= 500) return;
  const fresh = response.ok && new DOMParser().parseFromString(await response.text(), "text/html");
  const [then, now] = [document, fresh].map((page) => page && page.querySelector("main"));
  if (!then || !now || fresh.documentElement.dataset.watched !== document.documentElement.dataset.watched) return location.reload();
  const focusable = () => all("a[href], button, summary, input, [tabindex]");
  charts.forEach((chart) => remembered.set(chart.name, chart.kept()));
  const [names, focus] = [opened(), focusable().indexOf(document.activeElement)];
  document.title = fresh.title;
  for (const part of ["h1", "nav[aria-label=contents]"]) {
    const [old, other] = [document, fresh].map((page) => page.querySelector(part));
    if (old && other) old.replaceWith(other);
  }
  then.replaceWith(now);
  for (const name of ["every", "written"]) {
    if (name in fresh.body.dataset) age[name] = fresh.body.dataset[name];
    else delete age[name];
  }
  enliven();
  open(names);
  charts.forEach((chart) => chart.restore(remembered.get(chart.name)));
  if (focus >= 0) focusable()[focus]?.focus({ preventScroll: true });
};

// What is still going on comes anew while somebody looks, and as long as it is written: by a clock, or when whoever serves the page
// tells that it has changed.
const isWatched = document.documentElement.dataset.watched !== undefined;
if (age.every || isWatched) {
  open(history.state ?? []);
  let [isBusy, isWanted] = [false, false];
  const again = async () => {
    if (document.hidden) return document.addEventListener("visibilitychange", again, { once: true });
    if (!isWatched) {
      history.replaceState(opened(), "");
      return location.reload();
    }
    isWanted = true;
    if (isBusy) return;
    for (isBusy = true; isWanted; ) {
      // Not while something is being dragged.
      while (charts.some((chart) => chart.from)) await new Promise((done) => setTimeout(done, 300));
      isWanted = false;
      await renew().catch(() => {});
    }
    isBusy = false;
  };
  if (isWatched) addEventListener("changed", again);
  else if (!isOld()) setTimeout(again, age.every * 1000);
  tellAge();
  setInterval(tellAge, 5000);
}
