import { expect, test } from "vitest";
import { type DeployIo, execute, newAdminKey } from "../../../scripts/deploy/execute.ts";
import type { Step } from "../../../scripts/deploy/plan.ts";

/** A fake wrangler that answers from a table of commands, and records its calls. */
function fakeIo(answers: Record<string, { code?: number; stdout?: string }> = {}) {
  const asked: string[] = [];
  const inputs: (string | undefined)[] = [];
  const printed: string[] = [];
  const io: DeployIo = {
    wrangler: async (args, input) => {
      const command = args.join(" ");
      asked.push(command);
      inputs.push(input);
      const { code = 0, stdout = "" } = answers[command] ?? {};
      return { code, stdout, output: stdout };
    },
    print: (text) => void printed.push(text),
  };
  return { io, asked, inputs, printed };
}

const step = (title: string, changes: Partial<Step> = {}): Step => ({
  ...{ title, args: ["make", title], fix: "Fix it." },
  ...changes,
});

test("existing resources are not created again", async () => {
  const { io, asked } = fakeIo({ "list queues": { stdout: '[{"name":"a"}]' } });
  const unless = (lists: string) => ({ unless: { args: ["list", "queues"], lists } });
  expect(await execute([step("a", unless("a")), step("b", unless("b"))], io)).toEqual({ ok: true, adminKey: null });
  expect(asked).toEqual(["list queues", "list queues", "make b"]);
});

test("the first failing step stops the deployment and says what to do", async () => {
  const { io, asked } = fakeIo({ "make a": { code: 1, stdout: "no permission" } });
  const deployed = await execute([step("a"), step("b")], io);
  expect(deployed).toMatchObject({ ok: false, message: expect.stringContaining("no permission") });
  expect(deployed).toMatchObject({ message: expect.stringContaining("Fix it.") });
  expect(asked).toEqual(["make a"]);
});

test("a list that cannot be parsed is a failure, so nothing is created twice", async () => {
  const { io, asked } = fakeIo({ "list queues": { stdout: "You are not logged in" } });
  const deployed = await execute([step("a", { unless: { args: ["list", "queues"], lists: "a" } })], io);
  expect(deployed.ok).toBe(false);
  expect(asked).toEqual(["list queues"]);
});

test("an admin key is generated, passed to wrangler as input and returned once", async () => {
  const { io, inputs, printed } = fakeIo();
  const deployed = await execute([step("key", { input: "admin key" })], io);
  expect(deployed).toEqual({ ok: true, adminKey: inputs[0] });
  expect(inputs[0]).toMatch(/^eye_a_[\w-]{32}$/);
  expect(printed.join()).not.toContain(inputs[0]);
  expect(newAdminKey()).not.toBe(newAdminKey());
});
