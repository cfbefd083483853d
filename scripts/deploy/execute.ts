import { randomBytes } from "node:crypto";
import * as v from "valibot";
import type { Finished } from "../shared/wrangler.ts";
import type { Step } from "./plan.ts";

const ListSchema = v.array(v.object({ name: v.string() }));

/** The I/O of a deployment. */
export interface DeployIo {
  wrangler: (args: readonly string[], input?: string) => Promise<Finished>;
  print: (text: string) => void;
}

export type Deployed = { ok: true; adminKey: string | null } | { ok: false; message: string };

/** 192 random bits; the Worker requires at least 128. */
export function newAdminKey(): string {
  return `eye_a_${randomBytes(24).toString("base64url")}`;
}

/**
 * Executes a plan, step by step.
 *
 * @returns the admin key if one was set, to be shown once; or, at the first step that fails, what failed and how to
 * continue.
 */
export async function execute(steps: readonly Step[], io: DeployIo): Promise<Deployed> {
  let adminKey: string | null = null;
  for (const [index, step] of steps.entries()) {
    const place = `[${index + 1}/${steps.length}]`;
    if (step.unless) {
      const names = await namesOf(step.unless.args, io);
      if (typeof names === "string") return { ok: false, message: failure(step, step.unless.args, names) };
      if (names.has(step.unless.lists)) {
        io.print(`${place} ${step.title}: exists`);
        continue;
      }
    }
    io.print(`${place} ${step.title}`);
    const input = step.input === "admin key" ? newAdminKey() : undefined;
    const finished = await io.wrangler(step.args, input);
    if (finished.code !== 0) return { ok: false, message: failure(step, step.args, finished.output) };
    if (input !== undefined) adminKey = input;
    else if (step.args[0] === "deploy") io.print(finished.stdout.trim());
  }
  return { ok: true, adminKey };
}

/** The names in the output of a listing command, or the output itself if it cannot be parsed. */
async function namesOf(args: readonly string[], io: DeployIo): Promise<Set<string> | string> {
  const finished = await io.wrangler(args);
  if (finished.code !== 0) return finished.output;
  try {
    return new Set(v.parse(ListSchema, JSON.parse(finished.stdout)).map(({ name }) => name));
  } catch {
    return `Its output is not the expected list:\n${finished.output}`;
  }
}

function failure(step: Step, args: readonly string[], output: string): string {
  return `"${step.title}" failed at \`wrangler ${args.join(" ")}\`:

${output.trim()}

${step.fix}
Then run \`npm run deploy\` again: it continues from here, and does not repeat what is done.`;
}
