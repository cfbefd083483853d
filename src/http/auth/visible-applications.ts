import type { Context } from "hono";
import type { AppEnv } from "../app-env";
import { Refusal } from "../problem";
import type { Identity } from "./keys";

/** The applications that a key sees. Null: all. A write key sees its own application. */
export function visibleTo(identity: Identity): readonly string[] | null {
  switch (identity.scope) {
    case "write":
      return [identity.application];
    case "read":
      return identity.applications;
    case "admin":
      return null;
  }
}

/**
 * The applications that a query covers: the one that it names, otherwise those that its key sees. Null: all. A bound
 * key that names another application is refused, whether or not that application exists.
 *
 * @throws Error on a route without `requireScope`
 */
export function askedApplications(c: Context<AppEnv>, asked?: string): readonly string[] | null | Refusal {
  const { identity } = c.var;
  if (identity === undefined) throw new Error("the request was not authenticated: the route lacks requireScope");
  const visible = visibleTo(identity);
  if (asked === undefined) return visible;
  if (visible === null || visible.includes(asked)) return [asked];
  return new Refusal("forbidden", `The key is bound to applications. It sees only ${visible.join(", ")}.`, {
    parameter: "application",
  });
}

/** Whether the key sees only some applications. No number in its answers may then include others. */
export function isBound(c: Context<AppEnv>): boolean {
  const { identity } = c.var;
  return identity === undefined || visibleTo(identity) !== null;
}
