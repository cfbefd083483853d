import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { buildWorker } from "./shared/build-worker.ts";
import { markdownTable } from "./shared/markdown-table.ts";
import { ROOT } from "./shared/wrangler-settings.ts";
import { selfTimes } from "./throughput/cpu-profile.ts";
import { inspect } from "./throughput/inspector.ts";
import { startLoadProcess } from "./throughput/load-process.ts";
import { MEASUREMENTS } from "./throughput/measurements.ts";
import { runRound } from "./throughput/run-round.ts";
import { type Target, theEye } from "./throughput/target.ts";

const INSPECTOR_PORT = 9_321;

/**
 * `npm run bench:profile [-- MEASUREMENT]`: profiles the Worker's CPU during one of the throughput measurements. It writes
 * NAME.cpuprofile into the project's folder, for the Performance tab of Chromium's developer tools, and prints the functions
 * with the most self time. Line numbers are those of the bundle.
 */
async function main(): Promise<void> {
  const [name = "pipeline-100"] = parseArgs({ allowPositionals: true }).positionals;
  const measurement = MEASUREMENTS.find((one) => one.name === name);
  if (measurement === undefined) {
    throw new Error(`There is no ${name}. There are ${MEASUREMENTS.map((one) => one.name).join(", ")}.`);
  }
  const built = await buildWorker();
  const load = startLoadProcess();
  const eye = await theEye(built, measurement.kind !== "pipeline", INSPECTOR_PORT);
  const target: Target = measurement.kind === "formats" ? { ...eye, format: "segment" } : eye;
  try {
    await runRound(target, measurement, load);
    const inspector = await inspect(target.inspector ?? new URL(`ws://127.0.0.1:${INSPECTOR_PORT}`), "target");
    await inspector.start();
    await runRound(target, measurement, load);
    const profile = await inspector.stop();
    inspector.close();
    const file = join(ROOT, `${name}.cpuprofile`);
    writeFileSync(file, JSON.stringify(profile));
    const rows = selfTimes(profile, 30).map((one) => [
      `${one.name} (${one.place})`,
      one.ms.toFixed(0),
      `${(one.share * 100).toFixed(1)} %`,
    ]);
    console.log(`${markdownTable(["", "ms", "share"], rows)}\n\n${file}`);
  } finally {
    await target.stop();
    load.stop();
    built.remove();
  }
}

await main();
