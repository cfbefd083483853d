import { describe, expect, it } from "vitest";
import { SCENARIOS, seriesOf, shortened } from "../../bench/cost/scenarios.ts";
import { requestsOf } from "../../bench/cost/traffic.ts";
import { checkEvent } from "../../src/rules/check-event";
import { NO_RULES, rulesOf } from "../../src/rules/rules";

const START_MS = Date.UTC(2030, 0, 1);

describe.each(SCENARIOS.map((scenario) => [scenario.title, shortened(scenario)] as const))("%s", (_, scenario) => {
  const requests = requestsOf(scenario, START_MS);
  const events = requests.flatMap((request) => request.events);

  it("sends the given number of events of each session, from one application", () => {
    const sessions = Map.groupBy(events, (event) => event.session_id);
    expect(sessions.size).toBe(scenario.sessions);
    for (const own of sessions.values()) expect(own.length).toBe(scenario.eventsPerSession);
    for (const { events: own } of requests) {
      expect(new Set(own.map((event) => event.session_id)).size).toBe(scenario.sessionsPerRequest);
    }
    const applications = new Map<unknown, Set<string>>();
    for (const { application, events: own } of requests) {
      for (const { session_id } of own) {
        applications.set(session_id, (applications.get(session_id) ?? new Set()).add(application));
      }
    }
    for (const own of applications.values()) expect(own.size).toBe(1);
  });

  it("has 100 events a second", () => {
    const last = requests.at(-1);
    expect(last?.atMs).toBe((events.length - scenario.eventsPerRequest) * 10);
  });

  it("is valid except for the given share", () => {
    const invalid = requests.flatMap(({ atMs, events: own }) =>
      own.filter((event) => {
        const terms = {
          receivedAt: (START_MS + atMs) * 1_000,
          futureToleranceMicros: 0,
          rules: rulesOf(NO_RULES),
        };
        return !checkEvent(event, terms).valid;
      }),
    );
    expect(invalid.length).toBe(scenario.invalidEvery === 0 ? 0 : Math.floor(events.length / scenario.invalidEvery));
  });

  it("has the given number of series", () => {
    const types = requests.flatMap(({ application, events: own }) =>
      own.map(({ category, name }) => JSON.stringify([application, category, name])),
    );
    expect(new Set(types).size).toBe(seriesOf(scenario));
  });

  it("is the same in every run", () => {
    expect(requestsOf(scenario, START_MS)).toEqual(requests);
  });
});
