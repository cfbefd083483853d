import { expect, test } from "vitest";
import { exampleCommands, welcome } from "../../../scripts/start/welcome.ts";

const NOW = new Date("2026-01-01T00:00:00.250Z");

test("the commands send an event with the current time and the write key, and read its session with the read key", () => {
  const { send, read } = exampleCommands("http://localhost:8899", "s-1", NOW);
  expect(send).toContain('http://localhost:8899/theeye/events -H "Authorization: Bearer eye_w_local"');
  const body: unknown = JSON.parse(/-d '(.*)'$/.exec(send)?.[1] ?? "");
  expect(body).toMatchObject({ session_id: "s-1", timestamp: "2026-01-01T00:00:00.250000Z" });
  expect(read).toContain("session_id=s-1");
  expect(read).toContain("eye_r_local");
});

test("the welcome text has the address, the keys and the state folder", () => {
  const text = welcome("http://localhost:8899", "/tmp/state", "s-1", NOW);
  for (const word of ["http://localhost:8899/", "eye_w_local", "eye_r_local", "eye_a_local", "/tmp/state"]) {
    expect(text).toContain(word);
  }
});
