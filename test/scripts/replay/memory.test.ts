import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "../../..");

const STREAM_BYTES = 600_000_000;
const MAX_RSS_BYTES = 200_000_000;

/** A line of 4 KB, so that the time is spent on bytes rather than on lines. */
function line(n: number): string {
  const second = String(Math.floor(n / 1_000) % 60).padStart(2, "0");
  return (
    `203.0.${n % 250}.${(n * 7) % 250} - - [05/Mar/2026:14:20:${second} +0000] "GET /p/${n}?q=${"x".repeat(3_700)} HTTP/1.1" ` +
    `200 ${n} "https://www.example.net/${n}" "Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/${n % 131}.0"\n`
  );
}

test("a stream of 600 MB takes less than 200 MB of memory", { timeout: 300_000 }, async () => {
  const { scripts }: { scripts: Record<string, string> } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const flags = (scripts.replay ?? "").split(" ").slice(1, -1);
  const report = "process.on('exit',()=>console.error('rss',process.resourceUsage().maxRSS*1024))";
  const probe = ["--import", `data:text/javascript,${encodeURIComponent(report)}`];
  const child = spawn(process.execPath, [...flags, ...probe, "scripts/replay.ts", "--dry-run", "-"], { cwd: ROOT });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const ended = once(child, "close");
  let lines = 0;
  for (let bytes = 0; bytes < STREAM_BYTES; ) {
    const block = Array.from({ length: 100 }, (_, index) => line(lines + index)).join("");
    lines += 100;
    bytes += block.length;
    if (!child.stdin.write(block)) await Promise.race([once(child.stdin, "drain"), ended]);
    if (child.exitCode !== null) break;
  }
  child.stdin.end();
  const [code] = await ended;
  expect(code, output).toBe(0);
  expect(output).toMatch(new RegExp(`to be sent +${lines}`));
  expect(Number(/rss (\d+)/.exec(output)?.[1])).toBeLessThan(MAX_RSS_BYTES);
});
