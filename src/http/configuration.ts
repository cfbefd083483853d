import { type Config, parseConfig } from "../model/config";

/** Parsed once for each environment: the platform hands the same one to every request of an isolate. */
const parsed = new WeakMap<object, Config>();

/** @throws Error that names the setting and its mend; see `parseConfig`. */
export function configOf(env: object): Config {
  const known = parsed.get(env);
  if (known !== undefined) return known;
  const config = parseConfig(env);
  parsed.set(env, config);
  return config;
}
