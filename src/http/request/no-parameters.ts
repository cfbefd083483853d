import type { MiddlewareHandler } from "hono";
import * as v from "valibot";
import type { AppEnv } from "../app-env";
import { Refusal } from "../problem";
import { readParameters } from "./parameters";

/**
 * For operations that take no parameters. One that is passed over would have been meant: `dry_run=1` of an operation that has no dry
 * run would delete.
 */
export const takesNoParameters: MiddlewareHandler<AppEnv> = async (c, next) => {
  const refused = readParameters(c.req.url, v.object({}));
  return refused instanceof Refusal ? refused.response() : next();
};
