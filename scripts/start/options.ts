import { parseArgs } from "node:util";

/** The flags that `npm start` itself must know, of those that it passes on to `wrangler dev`. */
export interface StartOptions {
  port: number;
  /** The address to listen on, as given, or null for wrangler's default. */
  ip: string | null;
  protocol: "http" | "https";
  /** Folder of the local state. */
  persistTo: string;
  /** All flags for `wrangler dev`, always with a port, a folder and a rule lead. */
  devArguments: string[];
}

export const DEFAULT_PORT = 8787;

/** wrangler's default, given explicitly so that migrations, keys and service use the same folder. */
export const DEFAULT_PERSIST_TO = ".wrangler/state";

export const START_USAGE = `npm start -- [flags]

  --port NUMBER           the port, ${DEFAULT_PORT} by default
  --ip ADDRESS            the address to listen on
  --local-protocol https  serve over https
  --persist-to FOLDER     where the data is kept, ${DEFAULT_PERSIST_TO} by default
  --var NAME:VALUE        changes a setting, such as HOT_SECONDS:5; may be repeated

Other flags are passed to wrangler dev.`;

/** A developer should not have to wait a minute until a change of event types is in force. */
export const DEFAULT_RULE_LEAD_SECONDS = 2;

const INSPECTOR_PORT = /^--inspector-port(?:=|$)/;
const RULE_LEAD = /^(--var=)?RULE_LEAD_SECONDS:/;

/** What is wrong with the names of settings in flags, or null. The service itself checks the values. */
function wrongSetting(args: readonly string[], settings: readonly string[]): string | null {
  for (const [place, arg] of args.entries()) {
    const given = arg.startsWith("--var=")
      ? [arg.slice("--var=".length)]
      : arg === "--var"
        ? following(args, place)
        : [];
    if (arg === "--var" && given.length === 0) return "--var takes NAME:VALUE.";
    for (const setting of given) {
      const [name = ""] = setting.split(":");
      if (!setting.includes(":")) return `--var takes NAME:VALUE, not "${setting}".`;
      if (!settings.includes(name))
        return `--var ${name} is not a setting of The Eye. Settings are ${settings.join(", ")}.`;
    }
  }
  return null;
}

/** wrangler accepts several values after one flag. */
function following(args: readonly string[], place: number): string[] {
  const rest = args.slice(place + 1);
  const end = rest.findIndex((arg) => arg.startsWith("-"));
  return end === -1 ? rest : rest.slice(0, end);
}

/**
 * @param settings the names that a flag may set
 * @returns the options, or a sentence that names the wrong flag
 */
export function parseStartOptions(args: readonly string[], settings: readonly string[]): StartOptions | string {
  const { values } = parseArgs({
    args: [...args],
    strict: false,
    options: {
      port: { type: "string" },
      ip: { type: "string" },
      "local-protocol": { type: "string" },
      "persist-to": { type: "string" },
    },
  });
  const port = values.port === undefined ? DEFAULT_PORT : Number(values.port);
  if (typeof values.port === "boolean" || !Number.isInteger(port) || port < 1 || port > 65_535) {
    return "--port takes a number from 1 to 65535.";
  }
  for (const flag of ["persist-to", "ip", "local-protocol"] as const) {
    if (typeof values[flag] === "boolean" || values[flag] === "") return `--${flag} takes a value.`;
  }
  const wrong = wrongSetting(args, settings);
  if (wrong !== null) return wrong;
  const persistTo = typeof values["persist-to"] === "string" ? values["persist-to"] : DEFAULT_PERSIST_TO;
  return {
    port,
    ip: typeof values.ip === "string" ? values.ip : null,
    protocol: values["local-protocol"] === "https" ? "https" : "http",
    persistTo,
    devArguments: [
      ...args,
      ...(values.port === undefined ? ["--port", String(port)] : []),
      ...(values["persist-to"] === undefined ? ["--persist-to", persistTo] : []),
      // Without it wrangler searches for a free port, and two services that start at the same time find the same one.
      ...(args.some((arg) => INSPECTOR_PORT.test(arg)) ? [] : ["--inspector-port", "0"]),
      ...(args.some((arg) => RULE_LEAD.test(arg)) ? [] : ["--var", `RULE_LEAD_SECONDS:${DEFAULT_RULE_LEAD_SECONDS}`]),
      ...["--var", "LOCAL_MODE:true"],
    ],
  };
}
