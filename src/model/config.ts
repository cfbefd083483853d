import * as v from "valibot";
import { DEFAULT_FUTURE_TOLERANCE_SECONDS, DEFAULT_GRACE_SECONDS } from "./limits";

function seconds(max: number) {
  return v.pipe(
    v.union([v.number(), v.pipe(v.string(), v.trim(), v.nonEmpty(), v.toNumber())]),
    v.integer(),
    v.minValue(0),
    v.maxValue(max),
  );
}

function wholeSeconds(max: number, otherwise: number) {
  return v.optional(seconds(max), otherwise);
}

const ConfigSchema = v.object({
  FUTURE_TOLERANCE_SECONDS: wholeSeconds(86_400, DEFAULT_FUTURE_TOLERANCE_SECONDS),
  KEY_CACHE_SECONDS: wholeSeconds(3_600, 30),
  /** The width of regular partitions, a multiple of 15 minutes, for trials and tests. 0: planned from the traffic. */
  PARTITION_SECONDS: v.pipe(
    wholeSeconds(86_400 * 366, 0),
    v.check((seconds) => seconds % 900 === 0, "expected a multiple of 900"),
  ),
  RULE_LEAD_SECONDS: wholeSeconds(3_600, 60),
  /** Replaces the hot window of the settings, for trials and tests. Absent: the window of the settings, in days. */
  HOT_SECONDS: v.optional(seconds(86_400 * 3_650)),
  GRACE_SECONDS: wholeSeconds(86_400, DEFAULT_GRACE_SECONDS),
  /** Every path is also served below this prefix, so a site can serve the client from its own domain. */
  PATH_PREFIX: v.optional(v.pipe(v.string(), v.regex(/^(?:\/[A-Za-z0-9_-]+)*$/)), ""),
  /** For a developer's machine and tests: webhooks may use http and any host. */
  ALERTS_ALLOW_INSECURE_HOSTS: v.optional(v.picklist(["true", "false"]), "false"),
  /**
   * "true" only under `npm start`. The local service can then be asked to stop accepting, and reports what is not stored
   * yet.
   */
  LOCAL_MODE: v.optional(v.picklist(["true", "false"]), "false"),
  /** The first admin key of a deployment, a secret. Absent on a developer's machine, where the key is `eye_a_local`. */
  ADMIN_KEY: v.optional(v.pipe(v.string(), v.regex(/^eye_a_[A-Za-z0-9_-]{22,}$/))),
});

/** The deployment's settings, complete and validated. */
export interface Config {
  futureToleranceMicros: number;
  keyCacheMs: number;
  /** The width of regular partitions. Null: planned from the traffic. */
  partitionMicros: number | null;
  /** How long events stay in the databases after their partition ends. Null: the window of the settings. */
  hotMicros: number | null;
  /** From sealing a partition until it may be copied. */
  graceMicros: number;
  /** From a change of the rules until it takes effect. */
  ruleLeadMicros: number;
  /** Empty, or `/path`. */
  pathPrefix: string;
  alertsAllowInsecureHosts: boolean;
  localMode: boolean;
  adminKey: string | null;
}

const FIXES: Record<string, string> = {
  FUTURE_TOLERANCE_SECONDS: "Set it under [vars] in wrangler.toml to a whole number of seconds from 0 to 86400.",
  KEY_CACHE_SECONDS: "Set it under [vars] in wrangler.toml to a whole number of seconds from 0 to 3600.",
  PARTITION_SECONDS:
    "Set it under [vars] in wrangler.toml to 0 (planned from the traffic), or to a multiple of 900 seconds up to 366 days.",
  HOT_SECONDS: "For trials: set it to a whole number of seconds up to 3650 days, or leave it out.",
  GRACE_SECONDS: "Set it under [vars] in wrangler.toml to a whole number of seconds from 0 to 86400.",
  RULE_LEAD_SECONDS: "Set it under [vars] in wrangler.toml to a whole number of seconds from 0 to 3600.",
  PATH_PREFIX:
    'Set it under [vars] in wrangler.toml to "", or to a path such as "/x7k" of A-Z a-z 0-9 _ - and slashes.',
  ALERTS_ALLOW_INSECURE_HOSTS:
    'Set it under [vars] in wrangler.toml to "false", or on a developer\'s machine to "true".',
  LOCAL_MODE: 'Set it under [vars] in wrangler.toml to "false". `npm start` sets it by itself.',
  ADMIN_KEY:
    "Run `npm run deploy`, or `npx wrangler secret put ADMIN_KEY` with eye_a_ and at least 22 of A-Z a-z 0-9 _ -.",
};

/** Names the setting that cannot be used, and how to fix it. The message never contains the value. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/**
 * Reads the Worker's variables and secrets once.
 *
 * @throws ConfigError that names the variable and how to fix it, without its value, which may be a secret
 */
export function parseConfig(env: unknown): Config {
  const result = v.safeParse(ConfigSchema, env);
  if (!result.success) {
    const name = String(result.issues[0].path?.[0]?.key);
    throw new ConfigError(`The Eye is not configured: ${name} is not valid. ${FIXES[name] ?? ""}`);
  }
  return {
    futureToleranceMicros: result.output.FUTURE_TOLERANCE_SECONDS * 1_000_000,
    keyCacheMs: result.output.KEY_CACHE_SECONDS * 1000,
    partitionMicros: result.output.PARTITION_SECONDS === 0 ? null : result.output.PARTITION_SECONDS * 1_000_000,
    hotMicros: result.output.HOT_SECONDS === undefined ? null : result.output.HOT_SECONDS * 1_000_000,
    graceMicros: result.output.GRACE_SECONDS * 1_000_000,
    ruleLeadMicros: result.output.RULE_LEAD_SECONDS * 1_000_000,
    pathPrefix: result.output.PATH_PREFIX,
    alertsAllowInsecureHosts: result.output.ALERTS_ALLOW_INSECURE_HOSTS === "true",
    localMode: result.output.LOCAL_MODE === "true",
    adminKey: result.output.ADMIN_KEY ?? null,
  };
}
