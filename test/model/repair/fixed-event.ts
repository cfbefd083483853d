import { type Repair, repairEvent } from "../../../src/model/repair/repair";
import { parseTimestamp } from "../../../src/model/time/time";

export const EVENT = {
  session_id: "s",
  data: { price: "12.50", items: [{ n: 1 }, { n: 2 }], "a/b": { "~": 1 } },
  timestamp: "t",
};

export const RECEIVED_AT = parseTimestamp("2021-01-01T10:00:00.5Z") ?? 0;

/** The event after a repair. */
export function fixed(repair: Repair, event: unknown = EVENT): unknown {
  const result = repairEvent(JSON.stringify(event), repair, RECEIVED_AT);
  if (!result.applies) throw new Error(result.reason);
  return result.event;
}

export const edit = (...edits: Extract<Repair, { edits: unknown }>["edits"]): Repair => ({ edits });
