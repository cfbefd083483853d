/** The last line of an export's answer. */
export interface Trailer {
  events: number;
  next: string | null;
}

const NEWLINE = 0x0a;

/**
 * Splits the text of one part: passes on all lines except the trailer, and leaves out the repeated first line of a CSV file.
 * It works on bytes, because a chunk may end within a character.
 */
export class PartLines {
  private held: Uint8Array = new Uint8Array();
  private isInHeader: boolean;
  headerBytes = 0;

  private skip: number;

  /** @param skip the bytes at the start that are left out; @param hasHeader true for the first part of a CSV file */
  constructor(skip: number, hasHeader: boolean) {
    this.skip = skip;
    this.isInHeader = hasHeader;
  }

  /** @returns the bytes to write: whole lines. The last one is held back. */
  push(chunk: Uint8Array): Uint8Array {
    const skipped = Math.min(this.skip, chunk.length);
    this.skip -= skipped;
    const all = Buffer.concat([this.held, chunk.subarray(skipped)]);
    if (this.isInHeader && all.includes(NEWLINE)) {
      this.headerBytes = all.indexOf(NEWLINE) + 1;
      this.isInHeader = false;
    }
    // The trailer ends with a newline too, so the bytes held back begin after the last newline but one.
    const end = all.lastIndexOf(NEWLINE);
    const start = end <= 0 ? 0 : all.lastIndexOf(NEWLINE, end - 1) + 1;
    this.held = all.subarray(start);
    return all.subarray(0, start);
  }

  /** @returns null if the answer is incomplete */
  trailer(): Trailer | null {
    const text = Buffer.from(this.held).toString("utf8");
    if (!text.endsWith("\n")) return null;
    try {
      const { export: said } = JSON.parse(text.replace(/^# /, ""));
      const { events, next } = said;
      return Number.isSafeInteger(events) && (next === null || typeof next === "string") ? { events, next } : null;
    } catch {
      return null;
    }
  }
}
