// The page of a run comes anew when its files have changed.
{
  let events;
  let isFirst = true;
  const watch = () => {
    events?.close();
    if (document.hidden) return;
    events = new EventSource("/api/events?name=" + encodeURIComponent(document.documentElement.dataset.watched));
    events.onmessage = ({ data }) => {
      if (data === "changed" || !isFirst) dispatchEvent(new Event("changed"));
      isFirst = false;
    };
  };
  document.addEventListener("visibilitychange", watch);
  addEventListener("pagehide", () => events?.close());
  addEventListener("pageshow", watch);
}
