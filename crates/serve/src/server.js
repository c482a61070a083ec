// Predictions of the server.
async function predict(model, values, image, why) {
  const query = new URLSearchParams({ model: model.name, why });
  if (image) query.set("seen", true);
  const answer = await ask("/api/predict?" + query, image
    ? { method: "POST", body: image }
    : { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ images: [values] }) });
  return answer.predictions[0];
}

const token = new URLSearchParams(location.search).get("token");
const known = token ? ` -H 'Authorization: Bearer ${token}'` : "";
find("curl").textContent = `curl${known} --data-binary @digit.png '${location.origin}/api/predict?top=3'`;
