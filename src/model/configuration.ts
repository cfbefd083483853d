import { type Config, ConfigError, parseConfig } from "./config";

/** Parsed once per environment: the platform passes the same object to every request of an isolate. */
const parsed = new WeakMap<object, Config>();

/** The bindings that wrangler.toml must have. `ARCHIVE` is optional: without it, nothing is archived. */
const BINDINGS = [
  "KEYS",
  "EVENTS",
  "DEAD_LETTERS",
  "REPLAYS",
  "COMPACTION",
  "ERASURES",
  "JOBS",
  "SESSIONS",
  "DB",
  "ASSETS",
];

/** @throws ConfigError that names the setting or binding and how to fix it; see `parseConfig` */
export function configOf(env: object): Config {
  const known = parsed.get(env);
  if (known !== undefined) return known;
  const missing = BINDINGS.find((name) => Reflect.get(env, name) === undefined);
  if (missing !== undefined) {
    throw new ConfigError(
      `The Eye is not configured: the binding ${missing} is missing. Restore it in wrangler.toml from the repository.`,
    );
  }
  const config = parseConfig(env);
  parsed.set(env, config);
  return config;
}
