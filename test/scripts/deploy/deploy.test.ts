import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { run } from "../../../scripts/shared/wrangler.ts";

const DEPLOY = join(import.meta.dirname, "../../../scripts/deploy.ts");
const FAKE = join(import.meta.dirname, "fake-wrangler.mjs");

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "the-eye-deploy-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

type Answers = Record<string, { code: number; stdout: string }>;

const FRESH: Answers = {
  "d1 list --json": { code: 0, stdout: "[]" },
  "secret list --format json": { code: 0, stdout: "[]" },
};

const DEPLOYED_BEFORE: Answers = {
  "d1 list --json": { code: 0, stdout: JSON.stringify([{ uuid: "1", name: "the-eye" }]) },
  "secret list --format json": { code: 0, stdout: JSON.stringify([{ name: "ADMIN_KEY", type: "secret_text" }]) },
};

async function deploy(answers: Answers) {
  const log = join(folder, "calls");
  const env = { ...process.env, FAKE_WRANGLER_LOG: log, FAKE_WRANGLER_ANSWERS: JSON.stringify(answers) };
  const finished = await run([process.execPath, DEPLOY, "--wrangler", FAKE], env);
  const calls: { args: string; input: string }[] = readFileSync(log, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  return { finished, calls, commands: calls.map((call) => call.args) };
}

test("a first deployment creates, migrates, deploys, and shows the admin key that it set", async () => {
  const { finished, calls, commands } = await deploy(FRESH);
  expect(finished.code, finished.output).toBe(0);
  expect(commands).toEqual([
    "whoami --json",
    "d1 list --json",
    "d1 create the-eye --update-config=false",
    "d1 migrations apply DB --remote",
    "deploy",
    "secret list --format json",
    "secret put ADMIN_KEY",
    ...["events", "dead-letters", "replays", "jobs", "compaction", "erasures"].map(
      (queue) => `queues update the-eye-${queue} --message-retention-period-secs 1209600`,
    ),
  ]);
  const key = calls.find(({ args }) => args === "secret put ADMIN_KEY")?.input ?? "";
  expect(key).toMatch(/^eye_a_[A-Za-z0-9_-]{32}$/);
  expect(finished.stdout.split(key)).toHaveLength(2);
});

test("a later deployment creates nothing, keeps the admin key and shows none", async () => {
  const { finished, commands } = await deploy(DEPLOYED_BEFORE);
  expect(finished.code, finished.output).toBe(0);
  expect(commands).toEqual([
    "whoami --json",
    "d1 list --json",
    "d1 migrations apply DB --remote",
    "deploy",
    "secret list --format json",
    ...["events", "dead-letters", "replays", "jobs", "compaction", "erasures"].map(
      (queue) => `queues update the-eye-${queue} --message-retention-period-secs 1209600`,
    ),
  ]);
  expect(finished.output).not.toContain("eye_a_");
});

test("a migration that fails stops the deployment before the code, and says how to continue", async () => {
  const { finished, commands } = await deploy({
    ...FRESH,
    "d1 migrations apply DB --remote": { code: 1, stdout: "no such column: x" },
  });
  expect(finished.code).toBe(1);
  expect(commands).not.toContain("deploy");
  expect(finished.output).toContain("no such column: x");
  expect(finished.output).toContain("The failed migration is rolled back");
  expect(finished.output).toContain("run `npm run deploy` again");
});

test("without a login no request is made to the account", async () => {
  const { finished, commands } = await deploy({ "whoami --json": { code: 1, stdout: '{"loggedIn":false}' } });
  expect(finished.code).toBe(1);
  expect(commands).toEqual(["whoami --json"]);
  expect(finished.output).toContain("npx wrangler login");
});

test("a listing that cannot be parsed stops the deployment instead of overwriting a secret", async () => {
  const { finished, commands } = await deploy({
    ...FRESH,
    "secret list --format json": { code: 0, stdout: "something else" },
  });
  expect(finished.code).toBe(1);
  expect(commands).not.toContain("secret put ADMIN_KEY");
});
