import { formatTimestamp } from "../../src/model/time/time";
import { EVENTS_PER_SECOND, type Scenario } from "./scenarios.ts";

export const APPLICATIONS = ["shop", "blog"] as const;
export type Application = (typeof APPLICATIONS)[number];

/** A request with its time, in milliseconds from the start of the traffic. */
export interface SentRequest {
  atMs: number;
  application: Application;
  events: Record<string, unknown>[];
}

const HOST = { host: "www.consumeraffairs.com", path: "/" };

/** The three sample events of the brief: two event types of one category, one of another. */
const SAMPLES = [
  { category: "page interaction", name: "pageview", data: HOST },
  { category: "page interaction", name: "cta click", data: { ...HOST, element: "chat bubble" } },
  { category: "form interaction", name: "submit", data: { ...HOST, form: { first_name: "John", last_name: "Doe" } } },
] as const;

export const CATEGORIES = ["page interaction", "form interaction"] as const;

/**
 * The scenario's requests in order of time, at EVENTS_PER_SECOND. All sessions take turns, so that two requests of one
 * session are as far apart as possible and do not share a batch by chance. Deterministic.
 *
 * @param startMs the time of the first request, in milliseconds since 1970
 * @param firstSession the number of the first session; different numbers are different sessions
 */
export function requestsOf(scenario: Scenario, startMs: number, firstSession = 0): SentRequest[] {
  const { sessions, eventsPerSession, eventsPerRequest, sessionsPerRequest, typesPerSample, invalidEvery } = scenario;
  const burst = eventsPerRequest / sessionsPerRequest;
  const requestsPerTurn = sessions / sessionsPerRequest;
  const requests: SentRequest[] = [];
  let made = 0;
  for (let turn = 0; turn < eventsPerSession / burst; turn++) {
    for (let place = 0; place < requestsPerTurn; place++) {
      const atMs = (requests.length * eventsPerRequest * 1_000) / EVENTS_PER_SECOND;
      const events: Record<string, unknown>[] = [];
      for (let of = 0; of < eventsPerRequest; of++) {
        const session = firstSession + place * sessionsPerRequest + Math.floor(of / burst);
        const sample = SAMPLES[made % SAMPLES.length] ?? SAMPLES[0];
        const type = Math.floor(made / SAMPLES.length) % typesPerSample;
        made += 1;
        // Events occur shortly before they are sent, and those of one request in sequence.
        const occurredAt = (startMs + atMs - 20 + Math.floor((of * 10) / eventsPerRequest)) * 1_000 + (made % 1_000);
        events.push({
          session_id: uuid(session),
          ...sample,
          ...(type > 0 ? { name: `${sample.name} ${type}` } : {}),
          ...(invalidEvery > 0 && made % invalidEvery === 0 ? { data: "" } : {}),
          timestamp: formatTimestamp(occurredAt),
        });
      }
      requests.push({ atMs, application: place % 2 === 0 ? "shop" : "blog", events });
    }
  }
  return requests;
}

/** A UUID derived from a number: the same in every run, and distributed like a random one. */
function uuid(number: number): string {
  const word = (salt: number) => {
    let mixed = Math.imul(number + 1, 0x9e3779b1) ^ Math.imul(salt, 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0xc2b2ae35);
    return ((mixed ^ (mixed >>> 13)) >>> 0).toString(16).padStart(8, "0");
  };
  const hex = word(1) + word(2) + word(3) + word(4);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
