import { type Config, ConfigError, parseConfig } from "../model/config";

/** Parsed once for each environment: the platform hands the same one to every request of an isolate. */
const parsed = new WeakMap<object, Config>();

/** What wrangler.toml must bind, beside further databases. `ARCHIVE` may be left out: nothing is archived then. */
const BINDINGS = ["KEYS", "EVENTS", "DEAD_LETTERS", "REPLAYS", "COMPACTION", "SESSIONS", "DB", "ASSETS"];

/** @throws ConfigError that names the setting or binding and its fix; see `parseConfig`. */
export function configOf(env: object): Config {
  const known = parsed.get(env);
  if (known !== undefined) return known;
  const missing = BINDINGS.find((name) => Reflect.get(env, name) === undefined);
  if (missing !== undefined) {
    throw new ConfigError(
      `The Eye is not configured: the binding ${missing} is missing. Restore it in wrangler.toml, as the repository has it.`,
    );
  }
  const config = parseConfig(env);
  parsed.set(env, config);
  return config;
}
