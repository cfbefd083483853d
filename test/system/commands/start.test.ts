import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { eventually, freePort, ROOT, runToEnd, startService } from "../service.ts";
import { serviceForTests } from "../service-for-tests.ts";

const service = serviceForTests();

function printedCommands(): { send: string; read: string } {
  const [send = "", read = ""] = service.output().match(/^curl .*$/gm) ?? [];
  return { send, read };
}

async function pasted(command: string): Promise<unknown> {
  const { code, output } = await runToEnd("sh", ["-c", command]);
  expect(code, output).toBe(0);
  return JSON.parse(output);
}

const HAS_CURL = spawnSync("curl", ["--version"]).status === 0;

test.skipIf(!HAS_CURL)("the printed commands work: the event is stored and returned", async () => {
  const { send, read } = printedCommands();
  const accepted = (await pasted(send)) as { accepted: number; ids: string[] };
  expect(accepted).toMatchObject({ accepted: 1, ids: [expect.any(String)] });
  const found = await eventually(async () => {
    const { results } = (await pasted(read)) as { results: unknown[] };
    return results.length > 0 ? results : null;
  });
  expect(found).toMatchObject([
    { id: accepted.ids[0], application: "demo", category: "page interaction", name: "pageview" },
  ]);
});

test("the local keys have their scopes", async () => {
  const ask = async (key: string) =>
    (await fetch(`${service.url}/theeye/events`, { headers: { Authorization: `Bearer ${key}` } })).status;
  expect(await ask("eye_r_local")).toBe(200);
  expect(await ask("eye_a_local")).toBe(200);
  expect(await ask("eye_w_local")).toBe(403);
  expect(await ask("eye_r_other")).toBe(401);
});

test("a second start on the same state changes neither events nor keys", async () => {
  const state = async () => ({
    events: await (
      await fetch(`${service.url}/theeye/events`, { headers: { Authorization: "Bearer eye_r_local" } })
    ).json(),
    applications: await (
      await fetch(`${service.url}/theeye/applications`, { headers: { Authorization: "Bearer eye_a_local" } })
    ).json(),
  });
  const before = await state();
  expect(before.applications).toMatchObject({ results: [{ name: "demo" }] });
  const note = readFileSync(join(service.folder, "the-eye-setup.json"), "utf8");
  await service.stop("SIGINT");
  await service.start();
  expect(await state()).toEqual(before);
  expect(readFileSync(join(service.folder, "the-eye-setup.json"), "utf8")).toBe(note);
  expect(service.output()).not.toContain("Setting up");
});

test("a port in use is reported clearly", async () => {
  const taken = createServer().listen(0, "localhost");
  await new Promise((resolve) => taken.once("listening", resolve));
  const address = taken.address();
  const port = typeof address === "object" ? address?.port : 0;
  const { code, output } = await runToEnd("npm", [
    "start",
    "--",
    "--port",
    String(port),
    "--persist-to",
    join(service.folder, "other"),
  ]);
  taken.close();
  expect(code).toBe(1);
  expect(output).toContain(`Port ${port} is in use by another program.`);
});

test("a second service on the same state is refused with a message that names the first", async () => {
  const port = String(await freePort());
  const { code, output } = await runToEnd("npm", ["start", "--", "--port", port, "--persist-to", service.folder]);
  expect(code).toBe(1);
  expect(output).toMatch(/The state in .* is used by another service: process \d+, at port \d+\./);
  expect((await fetch(`${service.url}/health`)).status).toBe(200);
});

test.each(["SIGINT", "SIGTERM"] as const)(
  "%s stops the service only after accepted events are stored",
  async (signal) => {
    const headers = { Authorization: "Bearer eye_w_local" };
    const session = `drained-${signal}`;
    for (let n = 0; n < 40; n++) {
      const event = { session_id: session, category: "c", name: "n", data: { n }, timestamp: "2026-03-01 00:00:00" };
      const response = await fetch(`${service.url}/theeye/events`, {
        method: "POST",
        headers,
        body: JSON.stringify(event),
      });
      expect(response.status).toBe(202);
    }
    await service.stop(signal);
    expect(service.output()).toContain("storing what was accepted");
    await service.start();
    const read = await fetch(`${service.url}/theeye/sessions/${session}`, {
      headers: { Authorization: "Bearer eye_r_local" },
    });
    expect(((await read.json()) as { results: unknown[] }).results).toHaveLength(40);
  },
);

test.skipIf(process.platform === "win32")(
  "kill -9 of the first process leaves no process running, and the service starts again",
  async () => {
    const { pid } = JSON.parse(readFileSync(join(service.folder, "the-eye.lock"), "utf8")) as { pid: number };
    process.kill(pid, "SIGKILL");
    await service.stop();
    await service.start();
    expect((await fetch(`${service.url}/health`)).status).toBe(200);
  },
);

test.skipIf(process.platform === "win32")(
  "kill -9 of the serving processes ends the service with a message that says what to do",
  async () => {
    const { group } = JSON.parse(readFileSync(join(service.folder, "the-eye.lock"), "utf8")) as { group: number };
    process.kill(-group, "SIGKILL");
    await eventually(async () => service.output().includes("has ended unexpectedly. Start it again") || null);
    await service.stop();
    await service.start();
    expect((await fetch(`${service.url}/health`)).status).toBe(200);
  },
);

test.skipIf(process.platform === "win32")("a folder that cannot be used ends the start with one sentence", async () => {
  for (const unusable of ["/dev/null/x", "/proc/x"]) {
    const { code, output } = await runToEnd("npm", ["start", "--", "--persist-to", unusable]);
    expect(code).toBe(1);
    expect(output).toContain(`The folder ${unusable} cannot be used for the local state: `);
  }
});

test("an invalid setting stops the service with a message that says what to do", async () => {
  const own = mkdtempSync(join(tmpdir(), "the-eye-setting-"));
  const port = String(await freePort());
  const setting = ["--var", "KEY_CACHE_SECONDS:soon"];
  const { code, output } = await runToEnd("npm", ["start", "--", "--port", port, "--persist-to", own, ...setting]);
  rmSync(own, { recursive: true });
  expect(code).toBe(1);
  expect(output).toContain("KEY_CACHE_SECONDS is not valid. Set it under [vars] in wrangler.toml to a whole number");
  expect(output).not.toContain("The Eye is ready");
});

test.skipIf(!HAS_CURL)(
  "under https it says that it is ready, and stores what it has accepted before it stops",
  async () => {
    const own = mkdtempSync(join(tmpdir(), "the-eye-https-"));
    const flags = ["--local-protocol", "https"];
    const secure = await startService(own, flags);
    const [send = "", read = ""] = secure.output().match(/^curl .*$/gm) ?? [];
    expect(send).toContain("https://localhost:");
    expect(await pasted(send)).toMatchObject({ accepted: 1 });
    // At once: the event is still in the queue, which is in memory.
    await secure.stop();
    const again = await startService(own, flags);
    const port = new URL(again.url).port;
    expect(await pasted(read.replace(/localhost:\d+/, `localhost:${port}`))).toMatchObject({
      results: [{ name: "pageview" }],
    });
    await again.stop();
    rmSync(own, { recursive: true });
  },
);

test.skipIf(process.platform === "win32")("wrangler dev alone says what to run instead", async () => {
  const port = String(await freePort());
  const wrangler = join(ROOT, "node_modules/.bin/wrangler");
  const { output } = await runToEnd("sh", ["-c", `${wrangler} dev --port ${port} & pid=$!; sleep 10; kill $pid; wait`]);
  expect(output).toContain("Run `npm start` instead of `wrangler dev`");
});
