import { Session } from "../../src/pipeline/session";
import type { Tally } from "./tally.ts";
import { setClock } from "./virtual-clock.ts";

/** Where the objects of this isolate count at the moment. */
let tally: Tally | null = null;
/** True while alarms ring: what they write stands on a line of its own. */
let ringing = false;

export function countObjectsIn(current: Tally): void {
  tally = current;
}

function countRows(rows: number): void {
  if (tally === null) return;
  if (ringing) tally.alarmRows += rows;
  else tally.objectRows += rows;
}

/** The session object as it is, with a counter in its storage and a bell. */
export class MeteredSession extends Session {
  constructor(ctx: DurableObjectState, env: Env) {
    meterStorage(ctx.storage);
    super(ctx, env);
  }

  /** Lets the object's alarm ring at its time, if it has one. Returns false if it has none. */
  async ring(): Promise<boolean> {
    const at = await this.ctx.storage.getAlarm();
    if (at === null) return false;
    // The platform takes the alarm off before it calls.
    await this.ctx.storage.deleteAlarm();
    setClock(at);
    if (tally !== null) tally.alarms += 1;
    ringing = true;
    await this.alarm();
    ringing = false;
    return true;
  }
}

let metered = false;

/** Counts what is billed as a row: a `put`, a `delete`, the setting of an alarm, and what SQL says that it wrote. */
function meterStorage(storage: DurableObjectStorage): void {
  if (metered) return;
  metered = true;
  const kv: SyncKvStorage = Object.getPrototypeOf(storage.kv);
  const sql: SqlStorage = Object.getPrototypeOf(storage.sql);
  const own: DurableObjectStorage = Object.getPrototypeOf(storage);
  after(kv, "put", () => 1);
  after(kv, "delete", () => 1);
  after(own, "setAlarm", () => 1);
  // Not documented; the objects hold one row for each call, and dropping them is taken for one write.
  after(own, "deleteAll", () => 1);
  after(sql, "exec", (cursor) => (isCursor(cursor) ? cursor.rowsWritten : 0));
}

function isCursor(value: unknown): value is { rowsWritten: number } {
  return typeof value === "object" && value !== null && "rowsWritten" in value;
}

function after<Target extends object>(target: Target, name: keyof Target, rows: (result: unknown) => number): void {
  const original: unknown = Reflect.get(target, name);
  if (typeof original !== "function") throw new Error(`the platform's storage has no ${String(name)}`);
  Object.defineProperty(target, name, {
    value(this: unknown, ...values: unknown[]) {
      const result: unknown = Reflect.apply(original, this, values);
      countRows(rows(result));
      return result;
    },
  });
}
