import { Session } from "../../src/session/session-object";
import type { Tally } from "./tally.ts";

/** The tally of the objects in this isolate. */
let tally: Tally | null = null;

export function countObjectsIn(current: Tally): void {
  tally = current;
}

function countRows(rows: number): void {
  if (tally !== null) tally.objectRows += rows;
}

/** The real session object, with a counter in its storage: it must write nothing. */
export class MeteredSession extends Session {
  constructor(ctx: DurableObjectState, env: Env) {
    meterStorage(ctx.storage);
    super(ctx, env);
  }
}

let metered = false;

/** Counts what is billed as a row: `put`, `delete`, setting an alarm, and the rows that SQL reports as written. */
function meterStorage(storage: DurableObjectStorage): void {
  if (metered) return;
  metered = true;
  const kv: SyncKvStorage = Object.getPrototypeOf(storage.kv);
  const sql: SqlStorage = Object.getPrototypeOf(storage.sql);
  const own: DurableObjectStorage = Object.getPrototypeOf(storage);
  for (const target of [kv, own]) {
    after(target, "put", () => 1);
    after(target, "delete", () => 1);
  }
  after(own, "setAlarm", () => 1);
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
