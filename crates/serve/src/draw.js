"use strict";
// Strokes become an image of a model's shape, the image an answer, the answer numbers and bars.

const find = (id) => document.getElementById(id);
const models = JSON.parse(find("facts").textContent);
const canvas = find("canvas");
const pen = canvas.getContext("2d", { willReadFrequently: true });
const SIDE = canvas.width;
// A stroke of MNIST is some 2.5 of 28 pixels wide.
const THICKNESS = SIDE * 2.4 / 28;

let strokes = [];
let image = null; // a file in the place of strokes; one of the data knows its label and its index
let bitmap = null; // that file, where the browser shows such
let ground = "#000"; // what is seen where it is transparent
let isDark = false; // it looks like dark strokes on light
let isInverted = false; // it is turned from light to dark
let isLabelled = false; // the label is the user's, no more a guess
let spot = [SIDE / 2, SIDE / 2]; // where the keyboard's pen is

// The score of a class: its logit; of two classes the one logit, which speaks for the first.
const scoreOf = (logits, label) => (logits.length > 1 ? logits[label] : (label === 0 ? 1 : -1) * logits[0]);

// Of more classes how many there are is said, and no more which.
const FEW = 12;
const listed = (names, type) => new Intl.ListFormat("en", { type }).format(names);

// What there is to be done, by the classes of all models that know drawings.
const drawable = [...new Set(models.filter((model) => model.knowsStrokes).flatMap((model) => model.classes))];
const prompt = drawable.length === 0 ? "This model knows pictures: drop one here, paste it or choose a file."
  : drawable.length > FEW ? `Draw one of ${drawable.length} classes here.`
  : drawable.length === 10 && drawable.every((name) => /^\d$/.test(name)) ? "Draw a digit here."
  : `Draw ${listed(drawable, "disjunction")} here.`;

let isMarked = false; // where the keyboard's pen is stands on the canvas, and is no drawing

function redraw() {
  isMarked = false;
  const asked = strokes.length || image ? "" : prompt;
  find("target").textContent = image?.label === undefined ? asked : `validation image ${image.index}, its label: ${image.label}`;
  pen.fillStyle = "#000";
  pen.fillRect(0, 0, SIDE, SIDE);
  pen.strokeStyle = "#fff";
  pen.lineWidth = THICKNESS;
  pen.lineCap = pen.lineJoin = "round";
  if (image && bitmap) drawImage();
  tellDark();
  for (const stroke of strokes) {
    pen.beginPath();
    pen.moveTo(...stroke[0]);
    // A click is a dot: of a line without any length a canvas draws nothing.
    pen.lineTo(stroke[0][0] + 0.01, stroke[0][1]);
    for (const point of stroke.slice(1)) pen.lineTo(...point);
    pen.stroke();
  }
}

// The file, as large as there is room.
function drawImage() {
  const [left, top, width, height] = rectangle();
  pen.imageSmoothingEnabled = bitmap.width > width;
  pen.imageSmoothingQuality = "high";
  pen.fillStyle = ground;
  pen.fillRect(left, top, width, height);
  pen.drawImage(bitmap, left, top, width, height);
  if (!isInverted) return;
  pen.globalCompositeOperation = "difference";
  pen.fillStyle = "#fff";
  pen.fillRect(left, top, width, height);
  pen.globalCompositeOperation = "source-over";
}

// White where what is opaque is dark in the mean, else black, as `train predict` has it.
function groundOf(bitmap) {
  const [, , width, height] = rectangle();
  const small = sized(make("canvas", {}), height, width);
  small.drawImage(bitmap, 0, 0, width, height);
  const data = small.getImageData(0, 0, width, height).data;
  let [ink, opaque] = [0, 0];
  for (let i = 0; i < data.length; i += 4) {
    ink += (0.299 * data[i] + 0.587 * data[i + 1] + 0.114 * data[i + 2]) * data[i + 3];
    opaque += data[i + 3];
  }
  return ink < 128 * opaque ? "#fff" : "#000";
}

function rectangle() {
  const scale = SIDE / Math.max(bitmap.width, bitmap.height);
  const [width, height] = [bitmap.width, bitmap.height].map((side) => Math.max(1, Math.round(side * scale)));
  return [(SIDE - width) >> 1, (SIDE - height) >> 1, width, height];
}

// Whether the border of the file is mostly light, by which `train predict` knows dark strokes on light, too.
function hasLightBorder() {
  const [left, top, width, height] = rectangle();
  const values = light();
  let [sum, count] = [0, 0];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (x > 0 && y > 0 && x < width - 1 && y < height - 1) continue;
      sum += values[(top + y) * SIDE + left + x];
      count++;
    }
  }
  return sum > count / 2;
}

function tellDark() {
  find("dark").hidden = !image || !(isDark || isInverted);
  find("isdark").textContent = isInverted ? "The image is inverted." : "The image looks like dark strokes on light, the model knows light on black.";
  find("invert").textContent = isInverted ? "As it was" : "Invert";
}

// Light of each pixel of the canvas, 0 to 1, row by row.
function light() {
  const data = pen.getImageData(0, 0, SIDE, SIDE).data;
  const values = new Float32Array(SIDE * SIDE);
  for (let i = 0; i < values.length; i++) values[i] = (0.299 * data[4 * i] + 0.587 * data[4 * i + 1] + 0.114 * data[4 * i + 2]) / 255;
  return values;
}

// Whether a model of strokes is shown the file as a drawing is: one of the data, or of a kind that the browser does not know, it takes
// as it is.
const isDrawn = (model) => !image || (!find("raw").checked && bitmap && image.label === undefined && model.knowsStrokes && model.channels === 1);

// The mean of `values` over a rectangle of the canvas, with parts of pixels at its border; black outside.
function mean(values, left, top, width, height) {
  let sum = 0;
  for (let y = Math.max(0, Math.floor(top)); y < Math.min(SIDE, top + height); y++) {
    const rows = Math.min(y + 1, top + height) - Math.max(y, top);
    for (let x = Math.max(0, Math.floor(left)); x < Math.min(SIDE, left + width); x++) {
      sum += values[y * SIDE + x] * rows * (Math.min(x + 1, left + width) - Math.max(x, left));
    }
  }
  return sum / (width * height);
}

// The drawing as a model of this shape takes it: as MNIST was made, its longer side 20 of 28 pixels and its mass in the middle
// (<http://yann.lecun.com/exdb/mnist/>), or the whole canvas. None of an empty one.
function prepared({ channels, height, width }, raw) {
  if (isMarked) redraw();
  const values = light();
  // The ground of a photograph is not quite black.
  const ground = image ? values.reduce((most, value) => Math.max(most, value), 0) / 4 : 0;
  values.forEach((value, i) => { if (value <= ground) values[i] = 0; });
  let [left, right, top, bottom, mass, x, y] = [SIDE, -1, SIDE, -1, 0, 0, 0];
  for (let i = 0; i < values.length; i++) {
    if (values[i] === 0) continue;
    const [row, column] = [Math.floor(i / SIDE), i % SIDE];
    [left, right] = [Math.min(left, column), Math.max(right, column)];
    [top, bottom] = [Math.min(top, row), Math.max(bottom, row)];
    mass += values[i];
    x += values[i] * (column + 0.5);
    y += values[i] * (row + 0.5);
  }
  if (mass === 0) return null;
  const longer = Math.max(right - left, bottom - top) + 1;
  const step = raw ? [SIDE / width, SIDE / height] : Array(2).fill(longer / (Math.min(height, width) * 20 / 28));
  const corner = raw ? [0, 0] : [x / mass - step[0] * width / 2, y / mass - step[1] * height / 2];
  const plane = [];
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      plane.push(mean(values, corner[0] + column * step[0], corner[1] + row * step[1], ...step));
    }
  }
  const bounded = plane.map((value) => Math.min(1, Math.max(0, Math.round(value * 255) / 255)));
  return Array.from({ length: channels }, () => bounded).flat();
}

// Draws planes of values from 0 to 1.
function show(target, { channels, height, width }, values) {
  const context = sized(target, height, width);
  const pixels = context.createImageData(width, height);
  for (let i = 0; i < height * width; i++) {
    for (let colour = 0; colour < 3; colour++) {
      pixels.data[4 * i + colour] = 255 * values[channels === 3 ? colour * height * width + i : i];
    }
    pixels.data[4 * i + 3] = 255;
  }
  context.putImageData(pixels, 0, 0);
}

// Draws what speaks for a class (orange) and against it (blue) on white.
function showSigned(target, { height, width }, values) {
  const context = sized(target, height, width);
  const pixels = context.createImageData(width, height);
  const most = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
  values.forEach((value, i) => {
    const colour = value > 0 ? [0xd5, 0x5e, 0x00] : [0x00, 0x72, 0xb2];
    const share = Math.abs(value) / most;
    colour.forEach((part, k) => { pixels.data[4 * i + k] = 255 + share * (part - 255); });
    pixels.data[4 * i + 3] = 255;
  });
  context.putImageData(pixels, 0, 0);
}

function sized(target, height, width) {
  if (target.width !== width) target.width = width;
  if (target.height !== height) target.height = height;
  return target.getContext("2d");
}

function make(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

const percent = (probability) => {
  if (probability > 0.9999) return "> 99.99 %";
  if (probability < 0.0001) return "< 0.01 %";
  return (100 * probability).toFixed(probability > 0.999 || probability < 0.01 ? 2 : 1) + " %";
};
const signed = (value) => (value < 0 ? "−" : "+") + Math.abs(value).toFixed(2);

// How good a model is; a server has the page of its run, too.
function reached({ quality, run }) {
  const said = run ? make("a", { href: pageOf(run) }, quality ?? "its run") : quality ?? "";
  return said && make("p", { class: "small" }, said);
}

// A model's part of the page.
function card(model) {
  const canvases = [make("canvas", { role: "img" }), make("canvas", { role: "img" }), make("canvas", { role: "img" })];
  const [seen, added, covered] = canvases;
  const caption = [make("figcaption", {}, "what the model sees"), make("figcaption", {}), make("figcaption", {}, "where a covered square costs the class")];
  const figures = canvases.map((one, i) => make("figure", {}, one, caption[i]));
  seen.setAttribute("aria-label", "the image as the model sees it");
  covered.setAttribute("aria-label", "what covering each square costs the class");
  const key = make("p", { class: "small key" });
  const name = make("span", { class: "class" });
  const probability = make("span", { class: "probability" });
  // Whatever is drawn, it is one of these to it.
  const only = make("p", { class: "small" }, model.classes.length < 10 ? `It knows only ${listed(model.classes, "conjunction")}.` : "");
  const bars = make("tbody", {});
  const time = make("p", { class: "small time" });
  const error = make("p", { class: "error", role: "alert" });
  const warned = make("p", { class: "small" });
  const whole = make("article", { class: "model" },
    make("h2", {}, model.name), make("p", { class: "small" }, model.about), reached(model),
    make("p", { class: "guess" }, name, probability), only,
    make("table", { class: "bars" }, bars), error, warned,
    make("div", { class: "seen" }, ...figures), key, time);
  find("models").append(whole);
  // Where the models stand below the drawing, and it takes the screen, all answers stand beside each other.
  const answer = make("b", {});
  find("answers").append(make("div", {}, make("p", {}, answer), make("p", { class: "small" }, model.name)));
  let number = 0;
  let input = null; // what it is asked for

  function empty() {
    input = null;
    answer.textContent = "–";
    name.textContent = probability.textContent = time.textContent = error.textContent = warned.textContent = "";
    bars.replaceChildren();
    for (const part of [...figures, key, only]) part.hidden = true;
  }

  function showSeen(values) {
    show(seen, model, values);
    figures[0].hidden = false;
  }

  function bar(guess) {
    const width = make("i", { style: "width:" + (100 * guess.probability).toFixed(1) + "%" });
    return make("tr", {}, make("th", { scope: "row" }, guess.label), make("td", {}, width), make("td", {}, percent(guess.probability)));
  }

  // Asks for the drawing or the file; of answers that come late only the newest counts.
  async function ask(began) {
    const mine = ++number;
    const raw = find("raw").checked;
    const why = find("why").checked;
    const values = isDrawn(model) ? prepared(model, raw) : null;
    if (!image && values === null) return empty();
    const file = values ? null : image;
    input = { values, image: file };
    if (values) showSeen(values);
    try {
      const prediction = await predict(model, values, file, why);
      if (mine === number) tell(prediction, began);
    } catch (reason) {
      if (mine !== number) return;
      empty();
      error.textContent = reason.message;
    }
  }

  function tell(prediction, began) {
    error.textContent = "";
    // What the browser cannot see of a file, the server tells.
    warned.textContent = input.image && !isDark ? (prediction.warnings ?? []).join("; ") : "";
    name.textContent = prediction.label;
    only.hidden = !only.textContent;
    probability.textContent = percent(prediction.probability);
    answer.textContent = `${prediction.label} ${probability.textContent}`;
    // Up to ten classes keep their places, so that a bar moves and does not jump.
    const shown = model.classes.length > 10 ? prediction.top.slice(0, 10)
      : model.classes.map((label) => prediction.top.find((guess) => guess.label === label));
    bars.replaceChildren(...shown.map((guess) => bar(guess)));
    if (prediction.seen) showSeen(prediction.seen);
    const { gradient, added: adds, covered: costs } = prediction.why ?? {};
    const isGradient = find("map").value === "gradient";
    figures[1].hidden = !adds;
    figures[2].hidden = key.hidden = !costs;
    key.replaceChildren(make("i", { class: "for" }), `orange: for ${prediction.label}, `, make("i", { class: "against" }), "blue: against");
    if (costs) showSigned(covered, model, costs);
    if (adds) {
      showSigned(added, model, isGradient ? gradient : adds);
      added.setAttribute("aria-label", isGradient ? "the gradient of the class by the pixels" : "what each pixel adds to the class");
      const label = model.classes.indexOf(prediction.label);
      const score = scoreOf(prediction.logits, label);
      const sum = adds.reduce((a, b) => a + b, 0);
      caption[1].textContent = isGradient
        ? "the gradient of the class by the pixels" + (model.isLinear ? ": the weights of the model" : "")
        : model.isLinear ? `what each pixel adds: ${signed(sum)}, with the bias ${signed(score - sum)} the score ${signed(score)}`
        : "what each pixel adds: gradient × value";
    }
    if (began !== undefined) {
      requestAnimationFrame(() => { time.textContent = `${Math.max(1, Math.round(performance.now() - began))} ms from the stroke to the number`; });
    }
    said();
  }

  empty();
  return { ask, empty, whole, seen, input: () => input, label: () => name.textContent, said: () => name.textContent && `${model.name}: ${name.textContent}, ${probability.textContent}` };
}

const cards = models.map(card);
find("answers").hidden = models.length === 1;

// For a screen reader, when nothing moves any more.
let saying;
function said() {
  clearTimeout(saying);
  saying = setTimeout(() => { find("said").textContent = cards.map((one) => one.said()).filter(Boolean).join("; "); }, 400);
}

// Work that is done one at a time; of what is wanted meanwhile the newest is the next.
function oneAtATime(work) {
  let isAtWork = false;
  let next = null;
  return async function begin(wanted) {
    if (isAtWork) {
      next = { wanted };
      return;
    }
    isAtWork = true;
    await work(wanted);
    isAtWork = false;
    if (next) {
      const { wanted } = next;
      next = null;
      begin(wanted);
    }
  };
}

// Models may know different classes: what all of them say is a guess at the label, and where they differ there is none.
function guessLabel() {
  if (isLabelled) return;
  const labels = new Set(cards.map((one) => one.label()).filter(Boolean));
  const [guess] = labels.size === 1 ? labels : [""];
  find("label").value = image?.label ?? guess;
  find("guessed").textContent = image?.label !== undefined || labels.size === 0 ? "" : guess ? "a guess" : "the models differ";
}

const changed = oneAtATime(async (began) => {
  await Promise.all(cards.map((one) => one.ask(began)));
  guessLabel();
  document.dispatchEvent(new Event("answered"));
});

function clear() {
  strokes = [];
  image = null;
  redraw();
  changed();
}

function undo() {
  strokes.pop();
  image = null;
  redraw();
  changed();
}

const place = (event) => {
  const { left, top, width, height } = canvas.getBoundingClientRect();
  return [(event.clientX - left) * SIDE / width, (event.clientY - top) * SIDE / height];
};

function begin(point) {
  if (image) strokes = [];
  image = null;
  strokes.push([point]);
  redraw();
}

canvas.addEventListener("pointerdown", (event) => {
  if (event.button !== 0) return;
  event.preventDefault();
  canvas.focus({ preventScroll: true });
  canvas.setPointerCapture(event.pointerId);
  begin(place(event));
  changed(event.timeStamp);
});
canvas.addEventListener("pointermove", (event) => {
  if (!canvas.hasPointerCapture(event.pointerId)) return;
  const parts = event.getCoalescedEvents?.() ?? [];
  for (const one of parts.length > 0 ? parts : [event]) strokes.at(-1).push(place(one));
  redraw();
  changed(event.timeStamp);
});
canvas.addEventListener("pointerup", (event) => changed(event.timeStamp));

canvas.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
  if (step) {
    event.preventDefault();
    const from = spot;
    spot = spot.map((at, i) => Math.min(SIDE, Math.max(0, at + step[i] * SIDE / 28)));
    if (event.shiftKey) {
      if (strokes.at(-1)?.at(-1) !== from) begin(from);
      strokes.at(-1).push(spot);
      redraw();
      changed(event.timeStamp);
    } else if (!image) {
      redraw();
      isMarked = true;
      pen.fillStyle = "#888";
      pen.fillRect(spot[0] - 3, spot[1] - 3, 6, 6);
    }
  } else if (event.key === "c" || event.key === "C") {
    clear();
  } else if (event.key === "z" || event.key === "Z") {
    undo();
  }
});

find("clear").addEventListener("click", clear);
find("undo").addEventListener("click", undo);
find("raw").addEventListener("change", () => changed());
find("map").addEventListener("change", () => changed());
find("why").addEventListener("change", (event) => {
  find("maps").hidden = !event.target.checked;
  changed();
});
find("invert").addEventListener("click", () => {
  isInverted = !isInverted;
  redraw();
  changed(performance.now());
});

// An image in the place of the drawing; of several that are taken at once the last.
let taken = null;
async function take(file) {
  if (!file) return;
  taken = file;
  // The browser does not show every format that the server reads.
  const shown = await createImageBitmap(file).catch(() => null);
  if (taken !== file) return;
  [image, bitmap, isDark, isInverted, strokes] = [file, shown, false, false, []];
  ground = bitmap && groundOf(bitmap);
  redraw();
  isDark = bitmap !== null && file.label === undefined && models.some((model) => model.knowsStrokes && model.channels === 1) && hasLightBorder();
  tellDark();
  changed(performance.now());
}
find("file").addEventListener("change", (event) => { take(event.target.files[0]); event.target.value = ""; });
document.addEventListener("paste", (event) => take(event.clipboardData.files[0]));
document.addEventListener("dragover", (event) => { event.preventDefault(); canvas.classList.add("above"); });
document.addEventListener("dragleave", () => canvas.classList.remove("above"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  canvas.classList.remove("above");
  take(event.dataTransfer.files[0]);
});

// What the first model sees, as a PNG; none of an empty drawing, or of an image before it is answered.
async function asPng() {
  let small = cards[0].seen;
  if (image) {
    if (!cards[0].said()) return null;
  } else {
    const values = prepared(models[0], find("raw").checked);
    if (!values) return null;
    small = make("canvas", {});
    show(small, models[0], values);
  }
  return new Promise((done) => small.toBlob(done));
}

// Under a name that says its class.
find("save").addEventListener("click", async () => {
  const png = await asPng();
  if (!png) return;
  const link = make("a", { download: `${find("label").value || "drawing"}-${Date.now()}.png`, href: URL.createObjectURL(png) });
  link.click();
  URL.revokeObjectURL(link.href);
});

// A label among those that are offered.
function suggest(label) {
  const isThere = [...find("labels").children].some((option) => option.value === label);
  if (!isThere) find("labels").append(make("option", { value: label }));
}

// A label that somebody typed stays for the next drawings; an empty one is the model's again.
find("label").addEventListener("input", (event) => {
  isLabelled = event.target.value !== "";
  find("guessed").textContent = "";
});
find("label").addEventListener("focus", (event) => event.target.select());
models[0].classes.forEach(suggest);
document.title = models.length > 1 ? `Draw: ${models.length} models` : `Draw: ${models[0].name}`;
redraw();
