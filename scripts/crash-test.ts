/**
 * `npm run crash-test`: kills the local service repeatedly under load, and then reconciles what it stored with what was
 * sent. `-- --rounds 10 --events 2000 --seed 1`.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SingleBar } from "cli-progress";
import { crashTest } from "./crash-test/crash-test.ts";
import { readFlags } from "./shared/flags.ts";
import { startLocalService } from "./shared/local-service.ts";

const values = readFlags(
  {
    rounds: { type: "string", default: "10" },
    events: { type: "string", default: "2000" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
  },
  "npm run crash-test -- [--rounds 10] [--events 2000] [--seed NUMBER]",
);
const [rounds, events, seed] = [Number(values.rounds), Number(values.events), Number(values.seed)];
if (![rounds, events, seed].every(Number.isInteger) || rounds < 1 || events < 1) {
  console.error("--rounds, --events and --seed take whole numbers.");
  process.exit(2);
}

const folder = mkdtempSync(join(tmpdir(), "the-eye-crash-"));
const bar = new SingleBar({ format: "{bar} {percentage}%  {step}  {duration_formatted}", noTTYOutput: true });
console.log(`${rounds} rounds of ${events} events, seed ${seed}`);
bar.start(rounds + 1, 0, { step: "starting" });
try {
  const result = await crashTest(
    { rounds, events, seed },
    () => startLocalService(folder),
    (done, step) => bar.update(done, { step }),
  );
  bar.stop();
  for (const line of result.lines) console.log(line);
  process.exitCode = result.ok ? 0 : 1;
} finally {
  bar.stop();
  rmSync(folder, { recursive: true, force: true });
}
