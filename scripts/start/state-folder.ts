import { accessSync, constants, existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

const REASONS: Record<string, string> = {
  EACCES: "this user may not write all of it",
  EPERM: "this user may not write all of it",
  EROFS: "the file system is read-only",
  ENOSPC: "the disk is full",
  EDQUOT: "the disk is full",
  ENAMETOOLONG: "its path is too long",
  ELOOP: "its symbolic links lead in a circle",
  ENOTDIR: "a part of it is a file, not a folder",
  EEXIST: "a part of it is a file, or a symbolic link that leads nowhere",
  ENOENT: "no folder can be made there",
};

/**
 * Makes the folder of the local state if it is missing, and tests whether it can be written. Otherwise wrangler would wait
 * for a database that cannot be opened.
 *
 * @returns a sentence that says why it cannot be used, or null
 */
export function stateFolderProblem(folder: string): string | null {
  const whole = resolve(folder);
  try {
    makeFolder(whole);
    testWriting(whole);
    for (const part of partsOf(join(whole, "v3"))) accessSync(part, constants.W_OK);
    return null;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    return sentence(folder, REASONS[code] ?? (error instanceof Error ? error.message : String(error)));
  }
}

function sentence(folder: string, reason: string): string {
  const shown = folder.length > 100 ? `${folder.slice(0, 100)}…` : folder;
  return `The folder ${shown} cannot be used for the local state: ${reason}. Choose another: npm start -- --persist-to DIR`;
}

/** Not `recursive`: Node never returns from that where no folder can be made, as in /proc. */
function makeFolder(folder: string): void {
  if (statSync(folder, { throwIfNoEntry: false }) !== undefined) return;
  makeFolder(dirname(folder));
  try {
    mkdirSync(folder);
  } catch (error) {
    // Another start may have made it meanwhile.
    if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) throw error;
  }
}

/** The folders and databases of a state that exists, which another user may have made. */
function partsOf(platform: string): string[] {
  if (!existsSync(platform)) return [];
  const below = (folder: string) => readdirSync(folder).map((name) => join(folder, name));
  const kinds = below(platform);
  const stores = kinds.flatMap(below);
  const databases = stores
    .filter((store) => statSync(store).isDirectory() && !store.endsWith("-Session"))
    .flatMap(below);
  return [platform, ...kinds, ...stores, ...databases];
}

function testWriting(folder: string): void {
  const file = join(folder, `the-eye-test-${process.pid}`);
  writeFileSync(file, "test");
  rmSync(file);
}
