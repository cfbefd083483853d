import { gunzipSync } from "node:zlib";
import type { Io } from "../../../scripts/replay/delivery/request.ts";
import type { PageView } from "../../../scripts/replay/events/page-view.ts";

/** Page views with ids from `id-0` on, a second apart. */
export function pageViews(count: number, from = 0): PageView[] {
  return Array.from({ length: count }, (_, n) => ({
    id: `id-${from + n}`,
    session_id: "s",
    category: "page interaction",
    name: "pageview",
    timestamp: new Date(Date.UTC(2020, 0, 1) + (from + n) * 1000).toISOString().replace("Z", "000Z"),
    data: { method: "GET", path: "/", status: 200, bytes: 1, referrer: null, user_agent: null },
    context: { source: "web-1" },
  }));
}

/** The part of The Eye that a replay uses, in memory, with its own clock. */
export class FakeService {
  readonly events = new Map<string, PageView>();
  readonly errors = new Map<string, { id: string; receivedAt: number }>();
  /** Requests in order: `POST /theeye/events`. */
  readonly requests: string[] = [];
  /** How long an event takes until it is stored. */
  delayMs = 0;
  /** Events that become errors. */
  fails: (event: PageView) => boolean = () => false;
  /** Events that are accepted and lost. */
  loses: (event: PageView) => boolean = () => false;
  /** Its answer, if any, replaces that of the service. */
  intercept: (request: string) => Response | null = () => null;
  maxWaiting = 0;
  #clock = Date.UTC(2026, 5, 1);
  #queue: { event: PageView; at: number }[] = [];

  readonly io: Io = {
    now: () => this.#clock,
    pause: async (ms) => {
      this.#clock += ms;
    },
    fetch: async (address, init) => {
      const url = new URL(address);
      const request = `${init.method ?? "GET"} ${url.pathname}`;
      this.requests.push(request);
      this.#store();
      const answer = this.intercept(request);
      if (answer !== null) return answer;
      if (request === "POST /theeye/events") return this.#take(init.body);
      if (request === "GET /theeye/events") return this.#listEvents(url);
      if (request === "GET /theeye/errors") return this.#listErrors(url);
      return this.#receipt(url);
    },
  };

  #take(body: unknown): Response {
    const events: PageView[] = JSON.parse(gunzipSync(body as Uint8Array).toString());
    for (const event of events) this.#queue.push({ event, at: this.#clock + this.delayMs });
    this.maxWaiting = Math.max(this.maxWaiting, this.#queue.length);
    return Response.json({ accepted: events.length, ids: events.map(({ id }) => id) }, { status: 202 });
  }

  #store(): void {
    const due = this.#queue.filter(({ at }) => at <= this.#clock);
    this.#queue = this.#queue.filter(({ at }) => at > this.#clock);
    for (const { event } of due) {
      if (this.loses(event)) continue;
      if (!this.fails(event)) this.events.set(event.id, event);
      // A known error keeps its first time of receipt.
      else if (!this.errors.has(event.id)) this.errors.set(event.id, { id: event.id, receivedAt: this.#clock });
    }
  }

  #listEvents(url: URL): Response {
    const from = url.searchParams.get("start_date") ?? "";
    const to = url.searchParams.get("end_date") ?? "9";
    const found = [...this.events.values()].filter(({ timestamp }) => from <= timestamp && timestamp <= to);
    return this.#page(
      url,
      found.map(({ id }) => ({ id })),
    );
  }

  #listErrors(url: URL): Response {
    const from = Date.parse(url.searchParams.get("start_date") ?? "1970-01-01");
    const found = [...this.errors.values()].filter(({ receivedAt }) => receivedAt >= from);
    return this.#page(
      url,
      found.map(({ id }) => ({ id: `error of ${id}`, event_id: id })),
    );
  }

  #page(url: URL, all: unknown[]): Response {
    const from = Number(url.searchParams.get("cursor") ?? 0);
    const to = from + Number(url.searchParams.get("limit"));
    const next = new URL(url);
    next.searchParams.set("cursor", String(to));
    // Behind a proxy the service may know itself by another name.
    next.host = "behind-a-proxy";
    return Response.json({ results: all.slice(from, to), next: to < all.length ? next.href : null });
  }

  #receipt(url: URL): Response {
    const id = url.searchParams.get("id") ?? "";
    const status = this.events.has(id) ? "stored" : this.errors.has(id) ? "failed" : "unknown";
    return Response.json({ id, status });
  }
}
