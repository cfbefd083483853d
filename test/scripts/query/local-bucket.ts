import { join } from "node:path";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";

/** Stores objects in a bucket of a local state, as the local platform keeps it. */
export async function fillLocalBucket(
  state: string,
  bucket: string,
  objects: Readonly<Record<string, string | Uint8Array>>,
): Promise<void> {
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      ...{ modules: true, script: "export default {}", r2Buckets: { ARCHIVE: bucket } },
      resourcePersistencePath: join(state, "v3"),
    }),
  );
  const archive = await miniflare.getR2Bucket("ARCHIVE");
  for (const [key, value] of Object.entries(objects)) await archive.put(key, value);
  await miniflare.dispose();
}
