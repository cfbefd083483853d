import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { stateFolderProblem } from "../../../scripts/start/state-folder.ts";

const POSIX = process.platform !== "win32";

let root = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "the-eye-folder-"));
});
afterEach(() => rmSync(root, { recursive: true }));

test("a missing folder is made, with those above it, and nothing is left in it", () => {
  const folder = join(root, "a b", "#ü%3F");
  expect(stateFolderProblem(folder)).toBeNull();
  expect(existsSync(folder)).toBe(true);
  mkdirSync(join(folder, "v3", "d1", "databases"), { recursive: true });
  writeFileSync(join(folder, "v3", "d1", "databases", "x.sqlite"), "");
  expect(stateFolderProblem(folder)).toBeNull();
});

test("a file in the way is named as the reason", () => {
  const file = join(root, "file");
  writeFileSync(file, "");
  expect(stateFolderProblem(file)).toContain("cannot be used for the local state: a part of it is a file");
  expect(stateFolderProblem(join(file, "state"))).toContain("a part of it is a file");
  writeFileSync(join(root, "v3"), "");
  expect(stateFolderProblem(root)).toContain("a part of it is a file");
});

test("a path that is too long is shown short", () => {
  const problem = stateFolderProblem(join(root, "x".repeat(5_000)));
  expect(problem).toContain("its path is too long. Choose another: npm start -- --persist-to DIR");
  expect(problem?.length).toBeLessThan(300);
});

test.runIf(POSIX)("a symbolic link that leads nowhere, or in a circle, is refused", () => {
  symlinkSync(join(root, "nowhere"), join(root, "link"));
  expect(stateFolderProblem(join(root, "link"))).toContain("a symbolic link that leads nowhere");
  symlinkSync(join(root, "circle"), join(root, "circle"));
  expect(stateFolderProblem(join(root, "circle"))).toContain("lead in a circle");
});

test.runIf(existsSync("/proc/self"))("a folder that the system does not let anybody make is refused at once", () => {
  expect(stateFolderProblem("/proc/x/y")).toContain("no folder can be made there");
});

test.runIf(POSIX && process.getuid?.() !== 0)(
  "a folder, or a part of the state, that this user may not write is refused",
  () => {
    mkdirSync(join(root, "v3", "d1"), { recursive: true });
    for (const part of [join(root, "v3", "d1"), root]) {
      chmodSync(part, 0o555);
      expect(stateFolderProblem(root)).toContain("this user may not write all of it");
      chmodSync(part, 0o755);
    }
  },
);
