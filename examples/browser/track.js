// Sends a page view, clicks and forms to The Eye: a minimal script that loses nothing.

const settings = new URLSearchParams(location.search);
const COLLECTOR = settings.get("collector") ?? "http://localhost:8787";
// In the query, because a beacon cannot set headers.
const ADDRESS = `${COLLECTOR}/theeye/events?key=${settings.get("key") ?? "eye_w_local"}`;

/** One session for each tab, until it is closed. */
const session = sessionStorage.getItem("session") ?? crypto.randomUUID();
sessionStorage.setItem("session", session);

/** Events that have not been sent yet. */
let waiting = [];

function track(category, name, data) {
  waiting.push({
    session_id: session,
    category,
    name,
    data: { host: location.host, path: location.pathname, ...data },
    timestamp: new Date().toISOString(),
    // With an id it is harmless to send the event twice.
    id: crypto.randomUUID(),
  });
}

/** Sends the waiting events. Events that are not answered with 202 wait again, unless they would always be refused. */
async function send() {
  // A request may outlive its page if it has at most 64 KB; 50 events have less.
  const events = waiting.splice(0, 50);
  if (events.length === 0) return;
  try {
    // Without an explicit content type the request needs no preflight.
    const response = await fetch(ADDRESS, { method: "POST", body: JSON.stringify(events), keepalive: true });
    const mayWorkLater = response.status === 429 || response.status >= 500;
    if (mayWorkLater) waiting = [...events, ...waiting];
    else if (!response.ok) console.error("The Eye refused the events:", await response.json());
  } catch {
    waiting = [...events, ...waiting]; // There is no network.
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
// The page may not come back; a beacon outlives it.
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState !== "hidden" || waiting.length === 0) return;
  if (navigator.sendBeacon(ADDRESS, JSON.stringify(waiting))) waiting = [];
});
