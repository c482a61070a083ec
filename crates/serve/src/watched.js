// The page of a run comes anew when its files have changed.
{
  let events;
  const watch = () => {
    events?.close();
    if (document.hidden) return;
    const { watched, stamp } = document.documentElement.dataset;
    events = new EventSource("/api/events?" + new URLSearchParams({ name: watched, stamp }));
    events.onmessage = () => dispatchEvent(new Event("changed"));
  };
  document.addEventListener("visibilitychange", watch);
  addEventListener("pagehide", () => events?.close());
  addEventListener("pageshow", watch);
}
