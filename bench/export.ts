import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import { readFlags } from "../scripts/shared/flags.ts";
import { startExportPlatform } from "./export/export-platform.ts";
import { type Measured, measureExport } from "./export/measure.ts";
import { type ExportResult, exportReport } from "./export/report.ts";
import { datasetOf } from "./queries/data/dataset.ts";
import { planHistory } from "./queries/data/history.ts";
import { barChart } from "./shared/bar-chart.ts";
import { buildWorker } from "./shared/build-worker.ts";
import { storageFolder } from "./shared/local-platform.ts";
import { thisMachine } from "./shared/machine.ts";
import { writeResults } from "./shared/results.ts";

const EVENTS = 300_000;

const KINDS = {
  ndjson: "format=ndjson",
  csv: "format=csv",
  "ndjson gzip": "format=ndjson&gzip=1",
  parquet: "format=parquet",
};

/** Part of a first export, so that the measured ones find compiled code and V8's heap at its usual size. */
const WARM_EVENTS = 50_000;

/**
 * The most memory in MB that workerd may need more during an export than before it. 300,000 events are 100 MB as text and
 * several times that as objects, so an export that keeps what it has read passes this.
 */
const MAX_GROWTH_MB = 128;

/**
 * `npm run bench:export [-- --events 1000000 --only ndjson --check]`: the speed of exports from the databases and from the
 * archive, and the memory of workerd meanwhile. `--check` only checks the memory, and writes nothing.
 */
async function main(): Promise<void> {
  const flags = readFlags(
    {
      events: { type: "string", default: String(EVENTS) },
      only: { type: "string" },
      check: { type: "boolean", default: false },
    },
    "npm run bench:export -- [--events 1000000] [--only ndjson] [--check]",
  );
  const { only, check } = flags;
  const events = Number(flags.events);
  const kinds = Object.entries(KINDS).filter(([kind]) => only === undefined || only === kind);
  const before = loadavg()[0] ?? 0;
  const filling = await buildWorker("bench/queries/worker.ts");
  const asked = await buildWorker("bench/export/worker.ts");
  const storage = mkdtempSync(join(storageFolder(), "the-eye-export-"));
  const measured: Measured[] = [];
  try {
    const { storage: filled } = await datasetOf(planHistory(events, "large"), filling.script, () => undefined);
    cpSync(filled, storage, { recursive: true });
    for (const place of ["databases", "archive"] as const) {
      if (place === "archive") {
        const platform = await startExportPlatform(storage, asked.script);
        await platform.compact().finally(platform.stop);
      }
      const platform = await startExportPlatform(storage, asked.script);
      try {
        for (const [kind, parameters] of kinds) {
          await measureExport(platform, "", `${parameters}&limit=${WARM_EVENTS}`, 1);
          measured.push(await measureExport(platform, `${kind}, ${place}`, parameters));
        }
      } finally {
        await platform.stop();
      }
    }
  } finally {
    filling.remove();
    asked.remove();
    rmSync(storage, { recursive: true, force: true });
  }
  const result: ExportResult = { machine: thisMachine(), events, load: [before, loadavg()[0] ?? 0], measured };
  const markdown = exportReport(result);
  console.log(markdown);
  if (check) return checkMemory(measured);
  if (only !== undefined) return;
  const bars = measured.map(({ what, events: exported, seconds }) => ({
    name: what,
    parts: [{ name: "events/s", value: exported / seconds }],
  }));
  writeResults("export", { json: result, markdown, svg: barChart({ title: "Export", unit: "events a second", bars }) });
}

function checkMemory(measured: readonly Measured[]): void {
  for (const { what, memoryBefore, memoryPeak } of measured) {
    const growth = memoryPeak - memoryBefore;
    if (growth <= MAX_GROWTH_MB) continue;
    console.error(`${what}: workerd needed ${growth.toFixed(0)} MB more, and may need ${MAX_GROWTH_MB} MB.`);
    process.exitCode = 1;
  }
}

await main();
