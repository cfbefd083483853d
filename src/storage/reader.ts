import { type DrizzleD1Database, drizzle } from "drizzle-orm/d1";
import type { Database } from "./databases";

export type Reader = DrizzleD1Database;

/**
 * Reads a database through a session of D1's own: the nearest replica where there are any, and never further back in
 * time from one query to the next. One reader serves one request.
 */
export function readerOf({ binding }: Database): Reader {
  const session = binding.withSession("first-unconstrained");
  // Drizzle's type asks for a whole D1Database; what it calls is `prepare` and `batch`, and a session has both.
  return drizzle(session as unknown as D1Database);
}
