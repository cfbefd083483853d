// Sends a page view, clicks and forms to The Eye: the smallest thing that loses nothing.

const settings = new URLSearchParams(location.search);
const COLLECTOR = settings.get("collector") ?? "http://localhost:8787";
// In the query, because a beacon can set no header.
const ADDRESS = `${COLLECTOR}/theeye/events?key=${settings.get("key") ?? "eye_w_local"}`;

/** One session for each tab, until it is closed. */
const session = sessionStorage.getItem("session") ?? crypto.randomUUID();
sessionStorage.setItem("session", session);

/** Events that no request has carried yet. */
let waiting = [];

function track(category, name, data) {
  waiting.push({
    session_id: session,
    category,
    name,
    data: { host: location.host, path: location.pathname, ...data },
    timestamp: new Date().toISOString(),
    // Makes it harmless to send the event twice.
    id: crypto.randomUUID(),
  });
}

/** Sends what waits. What is not answered with 202 waits again, but for requests that would be refused for ever. */
async function send() {
  // The platform lets a request outlive its page up to 64 KB: 50 events at once are less.
  const events = waiting.splice(0, 50);
  if (events.length === 0) return;
  try {
    // Without a content type of its own the request needs no preflight.
    const response = await fetch(ADDRESS, { method: "POST", body: JSON.stringify(events), keepalive: true });
    const mayWorkLater = response.status === 429 || response.status >= 500;
    if (mayWorkLater) waiting = [...events, ...waiting];
    else if (!response.ok) console.error("The Eye refused the events:", await response.json());
  } catch {
    waiting = [...events, ...waiting]; // No network.
  }
}

track("page interaction", "pageview", {});
document.querySelector("#chat").addEventListener("click", () => {
  track("page interaction", "cta click", { element: "chat bubble" });
});
document.querySelector("#contact").addEventListener("submit", (event) => {
  event.preventDefault();
  track("form interaction", "submit", { form: Object.fromEntries(new FormData(event.target)) });
});

setInterval(send, 2_000);
// The page may never come back: a beacon outlives it.
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState !== "hidden" || waiting.length === 0) return;
  if (navigator.sendBeacon(ADDRESS, JSON.stringify(waiting))) waiting = [];
});
