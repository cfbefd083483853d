import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { fetchTypes } from "./fetch-types.js";
import { renderTypes } from "./render-types.js";

const USAGE = `the-eye types --url URL --key KEY [--out FILE] [--check]

Writes TypeScript types for the event types that are registered at a service.

  --url    the address of the service; or THE_EYE_URL
  --key    a read key; or THE_EYE_KEY
  --out    the file to write, eye-events.ts by default
  --check  write nothing; exit with 1 if the file differs`;

/** Runs the command line. @returns the exit code */
export async function main(args: readonly string[]): Promise<number> {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(args);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
    return 2;
  }
  const { values, positionals } = parsed;
  const { url = process.env.THE_EYE_URL, key = process.env.THE_EYE_KEY, out = "eye-events.ts" } = values;
  if (values.help || positionals.join() !== "types" || !url || !key) {
    console.error(USAGE);
    return values.help ? 0 : 2;
  }
  try {
    const text = renderTypes(await fetchTypes(url, key));
    const isSame = existsSync(out) && readFileSync(out, "utf8").replaceAll("\r\n", "\n") === text;
    if (values.check && !isSame)
      console.error(`${out} differs from the registered event types. Run: npx the-eye types`);
    if (!values.check && !isSame) writeFileSync(out, text);
    return values.check && !isSame ? 1 : 0;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return 1;
  }
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      url: { type: "string" },
      key: { type: "string" },
      out: { type: "string" },
      check: { type: "boolean" },
      help: { type: "boolean" },
    },
  });
}
