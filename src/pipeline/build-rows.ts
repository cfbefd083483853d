import { isJsonObject } from "../model/event";
import { jsonText } from "../model/json-text";
import type { BatchRows } from "../storage/rows";
import { errorRow } from "./open-message";
import type { Arrival, Outcome } from "./session-protocol";

/** An arrival with the event that its text says. */
export interface ReadArrival {
  arrival: Arrival;
  event: unknown;
}

/** The rows of one session's arrivals, as its group decided on them. `outcomes` are in the order of `arrivals`. */
export function buildRows(session: string, arrivals: ReadArrival[], outcomes: Outcome[]): BatchRows {
  const rows: BatchRows = { events: [], errors: [], parts: [] };
  arrivals.forEach(({ arrival, event }, index) => {
    const outcome = outcomes[index];
    if (outcome === undefined) throw new Error(`the group left arrival ${index} of ${arrivals.length} undecided`);
    if (outcome.kind === "failed") {
      // A duplicate carries the receipt of the first, which is part of its row's key.
      const { errorId, receivedAt, application, issues } = outcome;
      rows.errors.push(errorRow(errorId, { ...arrival, receivedAt, application }, issues, event));
      return;
    }
    const { sequence, occurredAt, receivedAt, application, opens, shadow, duplicate } = outcome;
    const members = isJsonObject(event) ? event : {};
    rows.events.push({
      session,
      sequence,
      id: arrival.id,
      application,
      category: String(members.category),
      name: String(members.name),
      occurredAt,
      receivedAt,
      opens,
      data: jsonText(members.data),
      ...(shadow === undefined ? {} : { shadow }),
      ...(duplicate ? { isRepeat: true } : {}),
    });
  });
  return rows;
}
