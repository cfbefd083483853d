import * as v from "valibot";
import type { ArchiveFile } from "./archive-file";

/**
 * The files from which a rewritten file descends, in the metadata of its object. A manifest that was restored to an
 * older state names an ancestor, whose object is gone. What descends from it takes its place.
 */

/** R2 limits the metadata of an object to 8 KB. A file with more ancestors no longer names the oldest. */
const MAX_ANCESTORS = 300;

const MetadataSchema = v.object({
  ancestors: v.pipe(
    v.string(),
    v.transform((text) => (text === "" ? [] : text.split(",").map(Number))),
  ),
  footer: v.pipe(v.string(), v.transform(Number), v.safeInteger()),
});

export interface Descent {
  /** Numbers of files, the oldest first. */
  ancestors: readonly number[];
  /** The length of the file's footer; null if it is not known. */
  footerBytes: number | null;
}

/** The metadata of an object: only a rewritten file has any. */
export function ancestorsText(
  { footerBytes }: Pick<ArchiveFile, "footerBytes">,
  ancestors: readonly number[],
): Record<string, string> {
  if (ancestors.length === 0) return {};
  return { ancestors: ancestors.slice(-MAX_ANCESTORS).join(","), footer: String(footerBytes) };
}

export function ancestorsOf({ customMetadata }: Pick<R2Object, "customMetadata">): Descent {
  const parsed = v.safeParse(MetadataSchema, customMetadata ?? {});
  if (!parsed.success) return { ancestors: [], footerBytes: null };
  return { ancestors: parsed.output.ancestors, footerBytes: parsed.output.footer };
}
