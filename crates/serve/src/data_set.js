// Drawings become a data set of one's own, and a run is begun on it.
{
  let set = null;

  function show({ folder, labels, last, needs }) {
    for (const [label] of labels) suggest(label);
    const counts = labels.map(([label, images]) => `${images} of ${label}`).join(", ");
    find("drawn").textContent = counts ? `In ${folder}: ${counts}.` : `What you add stays in ${folder}, in a folder for each label. Key: A.`;
    find("back").hidden = !last;
    find("back").textContent = `Take back ${last}`;
    find("training").hidden = labels.length === 0;
    find("train").disabled = needs.length > 0;
    find("needs").textContent = labels.length && needs.length ? `To train it needs ${needs.join(", ")}.` : "";
    if (labels.length && find("config").length === 0) configs();
  }

  // Does something with the data set, which is shown as it is then; whether that was done.
  async function change(query, options) {
    try {
      set = await ask("/api/drawings" + query, options);
      find("refused").textContent = "";
      show(set);
      return true;
    } catch (error) {
      find("refused").textContent = error.message;
      return false;
    }
  }

  async function add() {
    if (find("add").disabled) return;
    find("add").disabled = true;
    const drawn = strokes.length;
    const png = await asPng();
    const label = new URLSearchParams({ label: find("label").value });
    if (!png) find("refused").textContent = "nothing is drawn yet";
    else if (!find("label").value) {
      find("refused").textContent = "a label says what is drawn: there is none yet";
      find("label").focus();
    }
    else if (await change("?" + label, { method: "POST", headers: { "content-type": "image/png" }, body: png })) {
      // What was drawn meanwhile is the next one.
      if (strokes.length === drawn) clear();
    }
    find("add").disabled = false;
  }

  // The served model's config, where it is one that can be named.
  async function configs() {
    const select = find("config");
    try {
      const names = (await ask("/api/configs")).configs.map((entry) => entry.name);
      const own = models[0].name.split("/")[0];
      select.replaceChildren(...names.map((name) => make("option", {}, name)));
      select.value = names.includes(own) ? own : "two-layer";
    } catch (error) {
      find("refused").textContent = error.message;
    }
  }

  async function train(event) {
    event.preventDefault();
    find("train").disabled = true;
    const body = JSON.stringify({ do: "train", config: find("config").value, settings: set.settings });
    try {
      const { run } = await ask("/api/runs", { method: "POST", headers: { "content-type": "application/json" }, body });
      location.href = pageOf(run);
    } catch (error) {
      find("refused").textContent = error.message;
    }
    find("train").disabled = false;
  }

  find("add").addEventListener("click", add);
  canvas.addEventListener("keydown", (event) => {
    if (!event.ctrlKey && !event.metaKey && !event.altKey && event.key.toLowerCase() === "a") {
      event.preventDefault();
      add();
    }
  });
  find("back").addEventListener("click", () => change("?" + new URLSearchParams({ image: set.last }), { method: "DELETE" }));
  find("training").addEventListener("submit", train);
  // Anew too when one comes back to the page.
  addEventListener("pageshow", () => change(""));
}
