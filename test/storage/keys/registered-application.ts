import type { FreshKey } from "../../../src/storage/keys/applications";

/** A new key with random hash. */
export function freshKey(scope: FreshKey["scope"] = "write"): FreshKey {
  const id = crypto.randomUUID();
  return { id, scope, hash: id.replaceAll("-", "").padEnd(64, "0"), hint: id.slice(-4) };
}

/** Deletes all applications and keys. */
export async function emptyRegistry({ binding }: { binding: D1Database }): Promise<void> {
  await binding.batch([binding.prepare("DELETE FROM application_keys"), binding.prepare("DELETE FROM applications")]);
}
