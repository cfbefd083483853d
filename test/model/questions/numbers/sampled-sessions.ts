import { type NumbersItem, NumbersTally } from "../../../../src/model/questions/numbers/numbers-tally";
import type { NumbersQuestion } from "../../../../src/model/questions/question";

export const KINDS = ["events", "sessions", "sum", "avg", "p50", "p90"] as const;

export function metricOf(kind: (typeof KINDS)[number]): NumbersQuestion["metric"] {
  return kind === "events" || kind === "sessions"
    ? { kind, property: null }
    : { kind, property: { name: "price", path: ["price"] } };
}

export function tallyOf(kind: string): NumbersTally {
  return new NumbersTally({
    ...{ isDistinct: kind === "sessions", hasValues: kind === "p50" || kind === "p90" },
    ...{ isGrouped: true, hasBuckets: true, parts: 1, found: null },
  });
}

/** Sessions of a few events each, some of many, whose numbers differ from session to session. */
export function sessionsOf(count: number, random: () => number): NumbersItem[][] {
  return Array.from({ length: count }, () => {
    const events = Math.min(60, 1 + Math.floor(-Math.log(1 - random()) * 5));
    const level = Math.round(-Math.log(1 - random()) * 400);
    const path = random() < 0.3 ? "/" : "/a";
    return Array.from({ length: events }, () => ({
      ...{ key: JSON.stringify([path]), place: 0 },
      number: level + Math.floor(random() * 50),
    }));
  });
}

export function stateOf(kind: string, sessions: readonly NumbersItem[][]) {
  const tally = tallyOf(kind);
  for (const items of sessions) tally.add(kind === "events" || kind === "sessions" ? items.map(asOne) : items);
  return tally.state;
}

const asOne = (item: NumbersItem) => ({ ...item, number: 1 });

/** The number of events by path. One group is shown. */
export const question: NumbersQuestion = {
  kind: "stats",
  ...{ from: 0, to: 1, per: "session", applications: null, category: null, name: null, properties: [] },
  ...{
    metric: { kind: "events", property: null },
    groupBy: [{ kind: "property", property: { name: "path", path: ["path"] } }],
  },
  ...{ bounds: [0, 2], comparedBounds: null, interval: "none", timezone: "UTC", top: 1, templates: [] },
};
