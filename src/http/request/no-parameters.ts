import type { MiddlewareHandler } from "hono";
import * as v from "valibot";
import type { AppEnv } from "../app-env";
import { Refusal } from "../problem";
import { readParameters } from "./parameters";

/**
 * Refuses every parameter, for operations that take none. If parameters were ignored, a `DELETE` with `dry_run=1` would
 * delete.
 */
export const takesNoParameters: MiddlewareHandler<AppEnv> = async (c, next) => {
  const refused = readParameters(c.req.url, v.object({}));
  return refused instanceof Refusal ? refused.response() : next();
};
