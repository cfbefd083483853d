import { spawn } from "node:child_process";
import { join } from "node:path";

/** The project's own wrangler, run by the Node that runs the script: no shell, no PATH, the same on every platform. */
export const WRANGLER: readonly string[] = [
  process.execPath,
  "--no-warnings",
  join(import.meta.dirname, "..", "..", "node_modules", "wrangler", "bin", "wrangler.js"),
];

/** Settings with which wrangler asks no questions and sends no telemetry. */
export const QUIET = {
  WRANGLER_SEND_METRICS: "false",
  WRANGLER_SEND_ERROR_REPORTS: "false",
  // The banner would look for a newer version.
  WRANGLER_HIDE_BANNER: "true",
  WRANGLER_NO_SKILLS_UPDATE_PROMPTS: "true",
  // Without this setting the local platform fetches a sample of `request.cf` from the network.
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
} as const;

export interface Finished {
  code: number;
  stdout: string;
  /** Both streams, in the order received. */
  output: string;
}

/** Runs a command to its end with `input` on its standard input. */
export function run(command: readonly string[], env: NodeJS.ProcessEnv, input = ""): Promise<Finished> {
  const [program = "", ...args] = command;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, stdio: ["pipe", "pipe", "pipe"] });
    const finished: Finished = { code: 1, stdout: "", output: "" };
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      finished.stdout += text;
      finished.output += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      finished.output += text;
    });
    child.once("error", reject);
    child.once("close", (code) => resolve({ ...finished, code: code ?? 1 }));
    // A command that does not read its input may exit first.
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
  });
}
