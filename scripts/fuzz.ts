/**
 * `npm run fuzz -- --minutes 30`: sends broken events to the local service for 30 minutes, and accounts for all of them: no
 * request may be answered with 5xx, and every accepted event must be stored or be among the errors. `--seed` repeats a run.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runFuzz } from "./fuzz/run-fuzz.ts";
import { readFlags } from "./shared/flags.ts";
import { startLocalService } from "./shared/local-service.ts";

const values = readFlags(
  {
    minutes: { type: "string", default: "1" },
    requests: { type: "string" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
  },
  "npm run fuzz -- [--minutes 1] [--requests NUMBER] [--seed NUMBER]",
);
const minutes = Number(values.minutes);
const requests = values.requests === undefined ? Number.POSITIVE_INFINITY : Number(values.requests);
const seed = Number(values.seed);
if (!(minutes > 0) || !(requests > 0) || !Number.isInteger(seed)) {
  console.error("--minutes and --requests take a number above 0, --seed a whole number.");
  process.exit(2);
}

const folder = mkdtempSync(join(tmpdir(), "the-eye-fuzz-"));
try {
  console.log(`Seed ${seed}. To repeat: npm run fuzz -- --seed ${seed}`);
  const problems = await runFuzz({ minutes, requests, seed }, () => startLocalService(folder), console.log);
  for (const problem of problems.slice(0, 20)) console.error(problem);
  console.log(problems.length === 0 ? "Everything is accounted for." : `${problems.length} problems, seed ${seed}.`);
  process.exitCode = problems.length === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
