/** `npm run replay -- FILE…`: sends a real site's access logs to The Eye, and accounts for every line. */
import { setTimeout as pause } from "node:timers/promises";
import { startBar } from "./replay/progress.ts";
import { runReplay } from "./replay/run.ts";

process.exitCode = await runReplay(process.argv.slice(2), {
  io: { fetch, pause, now: Date.now },
  standardInput: process.stdin,
  print: (text) => console.log(text),
  printError: (text) => console.error(text),
  startProgress: startBar,
});
