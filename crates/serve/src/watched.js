// The page of a run comes anew when its files have changed.
{
  let events;
  const told = document.createElement("p");
  told.setAttribute("role", "status");
  told.id = "lost";
  const say = (text) => {
    told.textContent = text;
    if (text && !told.isConnected) document.body.prepend(told);
    if (!text) told.remove();
  };
  const watch = () => {
    events?.close();
    if (document.hidden) return;
    const { watched, stamp } = document.documentElement.dataset;
    events = new EventSource("/api/events?" + new URLSearchParams({ name: watched, stamp }));
    events.onmessage = () => dispatchEvent(new Event("changed"));
    // A stream that is closed for good: the run has gone, or the server refuses; one that is lost is asked for again.
    events.onerror = () => say(events.readyState === EventSource.CLOSED ? "This run is not there any more: it was moved or removed." : "The server does not answer; the page stays as it was.");
    events.onopen = () => say("");
  };
  document.addEventListener("visibilitychange", watch);
  addEventListener("pagehide", () => events?.close());
  addEventListener("pageshow", watch);
}
