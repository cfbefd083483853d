import { randomUUID } from "node:crypto";
import type { Format } from "./formats.ts";

/** The kind of requests in a round. */
export interface Shape {
  requests: number;
  eventsPerRequest: number;
  /** Different sessions in a request. Requests share no sessions, except with `sharedSessions`. */
  sessionsPerRequest: number;
  /** The number of sessions that send all requests of the round, in turn; 0: no session is shared. */
  sharedSessions: number;
}

const HOST = { host: "www.consumeraffairs.com", path: "/" };

/** The brief's three sample events. */
const SAMPLES = [
  { category: "page interaction", name: "pageview", data: HOST },
  { category: "page interaction", name: "cta click", data: { ...HOST, element: "chat bubble" } },
  { category: "form interaction", name: "submit", data: { ...HOST, form: { first_name: "John", last_name: "Doe" } } },
] as const;

/** The bodies of a round, generated before its clock starts. Sessions are new in every round. */
export function bodiesOf(
  { requests, eventsPerRequest, sessionsPerRequest, sharedSessions }: Shape,
  format: Format,
  key: string,
): string[] {
  const timestamp = new Date().toISOString();
  const shared = Array.from({ length: sharedSessions }, () => randomUUID());
  return Array.from({ length: requests }, (_, request) => {
    const own = Array.from({ length: sessionsPerRequest }, (_, place) =>
      sharedSessions === 0 ? randomUUID() : (shared[(request * sessionsPerRequest + place) % sharedSessions] ?? ""),
    );
    const events = Array.from({ length: eventsPerRequest }, (_, place) => ({
      session_id: own[Math.floor((place * sessionsPerRequest) / eventsPerRequest)] ?? "",
      ...(SAMPLES[(request + place) % SAMPLES.length] ?? SAMPLES[0]),
      timestamp,
    }));
    return JSON.stringify(format.write(events, key));
  });
}
