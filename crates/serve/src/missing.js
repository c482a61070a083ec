// Has the page written, or shows it once somebody has.
document.getElementById("write").onclick = async () => {
  const said = document.getElementById("said");
  said.textContent = "It is being written …";
  const body = JSON.stringify({ do: "report", runs: [document.documentElement.dataset.watched] });
  const response = await fetch("/api/runs", { method: "POST", headers: { "content-type": "application/json" }, body });
  if (response.ok) location.reload();
  else said.textContent = (await response.json()).error;
};
addEventListener("changed", () => location.reload());
