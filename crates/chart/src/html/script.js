// Adds to a page that is whole without it: values under the pointer, series on and off, the other scale, what stands for the
// same in all charts and tables, tables that sort.
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

class Chart {
  constructor(figure) {
    const { xName, yName, x, y, of } = figure.dataset;
    Object.assign(this, { figure, xName, yName, of, at: -1, plot: figure.querySelector(".plot") });
    this.spans = { x: x.split(";"), y: y.split(";") };
    this.x = axis(this.spans.x[0]);
    this.y = axis(this.spans.y[0]);
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
      this.near((event.clientX - box.left) / box.width, 1 - (event.clientY - box.top) / box.height, box);
    };
    this.plot.onpointerleave = this.plot.onblur = () => this.hide();
    this.plot.onkeydown = (event) => this.key(event);
    this.legend();
    this.scales();
  }

  place({ x, y }) {
    return { x: this.x(x), y: this.y(y) };
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
    if (event.key === "Escape") return this.hide();
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
    const head = this.of && point.item ? `${this.of} ${point.item}` : `${this.xName} ${point.x}`;
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

  // Entries become buttons; two clicks leave one series alone, or bring all back.
  legend() {
    const entries = all(".legend li", this.figure);
    const set = ({ group, button }, on) => {
      group.classList.toggle("off", !on);
      button.setAttribute("aria-pressed", on);
    };
    const toggles = entries.map((entry) => {
      const button = document.createElement("button");
      button.append(...entry.childNodes);
      entry.append(button);
      const toggle = { group: this.groups[entry.dataset.series], button };
      set(toggle, true);
      button.onclick = () => set(toggle, toggle.group.classList.contains("off"));
      button.ondblclick = () => {
        const alone = toggles.every((other) => other === toggle || other.group.classList.contains("off"));
        toggles.forEach((other) => set(other, alone || other === toggle));
      };
      return toggle;
    });
  }

  // A button for each axis that has two scales. What is drawn knows itself on both scales of y; along x it is moved.
  scales() {
    const axes = ["x", "y"].filter((name) => this.spans[name].length > 1);
    const buttons = axes.length ? make("div", this.figure, { className: "scales" }) : undefined;
    for (const name of axes) {
      const spans = this.spans[name];
      const button = make("button", buttons, { textContent: `log ${name}` });
      const tell = () => button.setAttribute("aria-pressed", spans[0].endsWith("log"));
      tell();
      button.onclick = () => {
        spans.reverse();
        if (name === "x") this.move(spans);
        else for (const path of all("path[data-d]", this.plot)) {
          const shown = path.getAttribute("d");
          path.setAttribute("d", path.dataset.d);
          path.dataset.d = shown;
        }
        this[name] = axis(spans[0]);
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
      const { width } = path.ownerSVGElement.viewBox.baseVal;
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

charts.push(...all("figure.lines").map((figure) => new Chart(figure)));
for (const event of ["pointerover", "focusin"]) {
  document.addEventListener(event, ({ target }) => {
    if (!target.closest(".plot")) light(target.closest("[data-item]")?.dataset.item);
  });
}

// A slider chooses one of its positions.
for (const [number, slider] of all(".slider").entries()) {
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
}

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
for (const table of all("table.data")) {
  const [body] = table.tBodies;
  if (body.rows.length < 2) continue;
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
}

// What is still going on comes anew while somebody looks, and as long as it is written: by a clock, or when whoever serves the page
// tells that it has changed.
const { every, written } = document.body.dataset;
const isWatched = document.documentElement.dataset.watched !== undefined;
if (every || isWatched) {
  // What a reader has opened is open after it too.
  const folds = all("details > summary");
  const opened = history.state ?? [];
  folds.filter((fold) => opened.includes(fold.textContent)).forEach((fold) => (fold.parentElement.open = true));
  const again = () => {
    if (document.hidden) return document.addEventListener("visibilitychange", again, { once: true });
    const open = folds.filter((fold) => fold.parentElement.open).map((fold) => fold.textContent);
    history.replaceState(open, "");
    location.reload();
  };
  const isFresh = every && Date.now() / 1000 - written < 60 + 20 * every;
  if (isWatched) addEventListener("changed", again);
  else if (isFresh) setTimeout(again, every * 1000);
  if (every && !isFresh) {
    const told = document.createElement("p");
    told.textContent = `Nothing has been written since ${new Date(written * 1000).toLocaleString("en")}: it was stopped or killed.`;
    document.querySelector("main").prepend(told);
  }
}
