// Predictions of the server.
async function predict(model, values, image, why) {
  const query = { model: model.name, why };
  if (image) query.seen = true;
  return (await post("/api/predict", query, values, image)).predictions[0];
}

// Asks for an image: its values, or a file.
function post(path, query, values, image) {
  return asked(path, image && isInverted ? { ...query, invert: true } : query, image
    ? { method: "POST", body: image }
    : { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ images: [values] }) });
}

const asked = (path, query, options) => ask(path + "?" + new URLSearchParams(query), options);

const addressOf = (query) => "/api/image?" + new URLSearchParams(query);

// Of a place that is kept until it has come.
const picture = ({ width, height }) => make("img", { width, height, alt: "" });

// The training images that are nearest to what each model sees, and what the pixel-similarity baseline says.
const isNearest = make("input", { type: "checkbox", id: "nearest" });
find("maps").after(make("label", {}, isNearest, " nearest"));

const neighbours = cards.map(({ whole }, i) => {
  const figures = [];
  const baseline = make("p", { class: "small" });
  const part = make("div", {});
  whole.append(part);

  function figure({ index, label, distance }, place) {
    const figure = figures[place] ??= make("figure", {}, picture(models[i]), make("figcaption", {}));
    const [shown, caption] = figure.children;
    const address = addressOf({ model: models[i].name, split: "train", index });
    if (shown.getAttribute("src") !== address) shown.src = address;
    caption.textContent = `${label}, ${distance.toFixed(3)}`;
    return figure;
  }

  return (answer) => {
    if (!answer) return part.replaceChildren();
    if (answer instanceof Error) return part.replaceChildren(make("p", { class: "error" }, answer.message));
    baseline.textContent = `the nearest training images, each with its distance; pixel similarity says ${answer.baseline.label}, whose mean image is nearest: ${answer.baseline.distance.toFixed(3)}`;
    part.replaceChildren(make("div", { class: "seen nearest" }, ...answer.nearest.map(figure)), baseline);
  };
});

const findNearest = oneAtATime(() => Promise.all(cards.map(async (one, i) => {
  const input = isNearest.checked && one.input();
  neighbours[i](input && await post("/api/nearest", { model: models[i].name }, input.values, input.image).catch((reason) => reason));
})));
isNearest.addEventListener("change", () => findNearest());
document.addEventListener("answered", () => findNearest());

// The validation images of the first model, which nobody computes before somebody wants to see them.
const listMore = oneAtATime(async () => {
  const thumbs = find("thumbs");
  const from = thumbs.children.length;
  if (from === 0) find("counted").textContent = "the model is asked for each of them ..";
  try {
    const { total, wrong, images } = await asked("/api/images", { model: models[0].name, from });
    thumbs.append(...images.map(thumb));
    const whose = models.length > 1 ? `As ${models[0].name} sees them: ` : "";
    find("counted").textContent = `${whose}${wrong.toLocaleString("en")} of ${total.toLocaleString("en")} are wrong: these first, then the least certain. Choose one to put it on the field.`;
    find("more").hidden = from + images.length >= total;
  } catch (reason) {
    find("counted").textContent = reason.message;
  }
});
find("more").addEventListener("click", () => listMore());
find("validation").addEventListener("toggle", (event) => { if (event.target.open && !find("thumbs").hasChildNodes()) listMore(); });

function thumb({ index, label, prediction, probability }) {
  const address = addressOf({ model: models[0].name, index });
  const says = prediction === label ? label : `${prediction}, is ${label}`;
  const shown = picture(models[0]);
  shown.src = address;
  const button = make("button", { type: "button" }, shown, make("span", {}, says), make("span", {}, percent(probability)));
  button.addEventListener("click", async () => {
    try {
      const file = await (await fetch(address)).blob();
      take(Object.assign(file, { label, index }));
      canvas.scrollIntoView({ block: "nearest" });
    } catch {
      find("counted").textContent = GONE;
    }
  });
  return make("li", {}, button);
}

// It is in the address that was printed, and no more where one has gone on to other pages.
const token = new URLSearchParams(location.search).get("token") ?? sessionStorage.getItem("token");
if (token) sessionStorage.setItem("token", token);
const known = token ? ` -H 'Authorization: Bearer ${token}'` : "";
const sent = ["--data-binary @digit.png", "-F file=@a.png -F file=@b.png"];
// A page that was opened for other runs than the server's own.
const ofRun = new URLSearchParams(location.search).has("run") ? `model=${encodeURIComponent(models[0].name)}&` : "";
find("curl").textContent = sent.map((files) => `curl${known} ${files} '${location.origin}/api/predict?${ofRun}top=3'`).join("\n");
