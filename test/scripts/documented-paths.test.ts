import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "../..");

/** Every file of the repository, new ones included. */
const FILES = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
  cwd: ROOT,
  encoding: "utf8",
})
  .trim()
  .split("\n")
  .filter((file) => existsSync(join(ROOT, file)));

const read = (file: string) => readFileSync(join(ROOT, file), "utf8");

/** Whether a path, or the end of one such as `core/reader.ts`, belongs to a file. */
const isKnown = (path: string) => FILES.some((file) => file === path || file.endsWith(`/${path}`));

describe.each(FILES.filter((file) => file.endsWith(".md")))("%s", (file) => {
  const text = read(file);

  test("names files and folders that exist", () => {
    const named = Array.from(
      text.matchAll(/`((?:src|test|scripts|bench|docs|examples)\/[\w./{},-]*)`/g),
      ([, path]) => path,
    );
    const whole = named.flatMap((path) => alternatives(path ?? ""));
    expect(whole.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
    const bare = Array.from(text.matchAll(/`([\w/-]+\.ts)`/g), ([, name]) => name ?? "");
    expect(bare.filter((name) => !isKnown(name))).toEqual([]);
  });

  test("links to files that exist", () => {
    const links = Array.from(
      text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)[^)]*\)/g),
      ([, target]) => target ?? "",
    );
    expect(links.filter((target) => !existsSync(join(ROOT, dirname(file), target)))).toEqual([]);
  });
});

test("comments of the source name files that exist", () => {
  const sources = FILES.filter((file) => /^(src|scripts|migrations)\/.*\.(ts|sql)$/.test(file));
  const missing = sources.flatMap((file) =>
    read(file)
      .split("\n")
      .filter((line) => /^\s*(\/\/|\/\*\*|\*|--)|\/\/ /.test(line))
      .flatMap((line) => Array.from(line.matchAll(/(?<![\w./-])[\w-]+(?:\/[\w-]+)*\.ts\b/g), ([path]) => path))
      .filter((path) => !isKnown(path))
      .map((path) => `${relative(ROOT, join(ROOT, file))}: ${path}`),
  );
  expect(missing).toEqual([]);
});

/** `src/{a,b}` is src/a and src/b. */
function alternatives(path: string): string[] {
  const braces = /^(.*)\{(.*)\}(.*)$/.exec(path);
  if (braces === null) return [path];
  const [, before = "", inside = "", after = ""] = braces;
  return inside.split(",").flatMap((part) => alternatives(`${before}${part}${after}`));
}
