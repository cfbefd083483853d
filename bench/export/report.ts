import { describeMachine, type Machine } from "../shared/machine.ts";
import { markdownTable } from "../shared/markdown-table.ts";
import type { Measured } from "./measure.ts";

export interface ExportResult {
  machine: Machine;
  events: number;
  /** Load averages before and after. */
  load: [number, number];
  measured: Measured[];
}

export function exportReport({ machine, events, load, measured }: ExportResult): string {
  const rows = measured.map((one) => [
    one.what,
    thousands(one.events / one.seconds),
    one.seconds.toFixed(1),
    ((one.cpuMs * 1_000) / one.events).toFixed(1),
    (one.bytes / one.events).toFixed(0),
    String(one.answers),
    `${one.memoryBefore.toFixed(0)} → ${one.memoryPeak.toFixed(0)}`,
  ]);
  const head = ["export", "events/s", "s", "CPU µs an event", "bytes an event", "answers", "memory of workerd, MB"];
  return `# Export

${thousands(events)} events, \`GET /theeye/exports\` until the end. ${describeMachine(machine)}. Load average ${load[0].toFixed(1)} before and ${load[1].toFixed(1)} after.

${markdownTable(head, rows)}
`;
}

function thousands(value: number): string {
  return Math.round(value).toLocaleString("en-GB");
}
