import type { Context } from "hono";
import type { AppEnv } from "../app-env";
import { Refusal } from "../problem";
import type { Identity } from "./keys";

/** The applications that a key sees; null: all of them. A write key sees what it sends. */
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
 * The applications that a question is about: the one that it names, else those that its key sees; null: all of them. A bound
 * key that names another application is refused, whether there is such an application or not.
 *
 * @throws Error behind a route without `requireScope`
 */
export function askedApplications(c: Context<AppEnv>, asked?: string): readonly string[] | null | Refusal {
  const { identity } = c.var;
  if (identity === undefined) throw new Error("nobody knows who asks");
  const visible = visibleTo(identity);
  if (asked === undefined) return visible;
  if (visible === null || visible.includes(asked)) return [asked];
  return new Refusal("forbidden", `The key is bound to applications. It sees ${visible.join(", ")} alone.`, {
    parameter: "application",
  });
}

/** Whether the key sees some applications alone: then no number may be returned to which others contribute. */
export function isBound(c: Context<AppEnv>): boolean {
  const { identity } = c.var;
  return identity === undefined || visibleTo(identity) !== null;
}
