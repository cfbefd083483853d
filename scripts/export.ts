/** `npm run export -- --out FILE`: exports events to a file, part by part. An interrupted export continues where it stopped. */
import { setTimeout as pause } from "node:timers/promises";
import { startExportProgress } from "./export/progress.ts";
import { runExport } from "./export/run.ts";

process.exitCode = await runExport(process.argv.slice(2), {
  io: { fetch, pause, now: Date.now },
  environment: process.env,
  print: (text) => console.log(text),
  printError: (text) => console.error(text),
  startProgress: startExportProgress,
});
