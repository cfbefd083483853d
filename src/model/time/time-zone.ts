import type { Micros } from "./time";

/** A date and time on the clocks of a zone, as milliseconds since 1970-01-01T00:00 on the same clocks. */
export type LocalMillis = number;

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** Offsets change a few times a year and at whole quarters of an hour, so one is kept for each. */
const CACHE_STEP_MS = 15 * MINUTE_MS;
const MAX_CACHED_OFFSETS = 20_000;

const OFFSET = /^GMT(?:([+-])(\d{2}):(\d{2})(?::(\d{2}))?)?$/;

/**
 * A time zone by its IANA name, or an offset such as `+05:30`: from moments to the zone's clocks and back. The rules of zones
 * are those of the platform (`Intl`).
 */
export class TimeZone {
  private readonly offsets = new Map<number, number>();

  private constructor(
    readonly name: string,
    private readonly format: Intl.DateTimeFormat,
  ) {}

  /** Null if the platform knows no such zone. */
  static find(name: string): TimeZone | null {
    try {
      return new TimeZone(name, new Intl.DateTimeFormat("en-US", { timeZone: name, timeZoneName: "longOffset" }));
    } catch {
      return null;
    }
  }

  static readonly UTC: TimeZone = new TimeZone(
    "UTC",
    new Intl.DateTimeFormat("en-US", { timeZone: "UTC", timeZoneName: "longOffset" }),
  );

  /** The zone's distance from UTC at a moment, in milliseconds. */
  offsetAt(moment: Micros): number {
    const millis = Math.floor(moment / 1_000);
    if (this.name === "UTC") return 0;
    const key = Math.floor(millis / CACHE_STEP_MS);
    const known = this.offsets.get(key);
    if (known !== undefined) return known;
    const parts = this.format.formatToParts(millis);
    const text = parts.find(({ type }) => type === "timeZoneName")?.value ?? "";
    const [, sign, hours = "0", minutes = "0", seconds = "0"] = OFFSET.exec(text) ?? [];
    const size = (Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds)) * 1_000;
    const offset = sign === "-" ? -size : size;
    if (this.offsets.size >= MAX_CACHED_OFFSETS) this.offsets.clear();
    this.offsets.set(key, offset);
    return offset;
  }

  /** What the zone's clocks show at a moment, to the millisecond. */
  localOf(moment: Micros): LocalMillis {
    return Math.floor(moment / 1_000) + this.offsetAt(moment);
  }

  /**
   * The moment at which the zone's clocks show a date and time: the first of two where clocks are put back over it. Where they
   * are put forward over it, the moment at which that happens.
   */
  momentOf(local: LocalMillis): Micros {
    const around = [local - DAY_MS, local + DAY_MS].map((millis) => this.offsetAt(millis * 1_000));
    const candidates = around
      .map((offset) => (local - offset) * 1_000)
      .filter((moment) => this.localOf(moment) === local)
      .sort((a, b) => a - b);
    return candidates[0] ?? this.jumpOver(local);
  }

  /** The moment between two, of different offsets, from which on the offset of the later one holds. */
  lastChange(from: Micros, to: Micros): Micros {
    const offset = this.offsetAt(to);
    let before = Math.floor(from / 1_000);
    let after = Math.floor(to / 1_000);
    while (after - before > 1) {
      const middle = Math.floor((before + after) / 2);
      if (this.offsetAt(middle * 1_000) === offset) after = middle;
      else before = middle;
    }
    return after * 1_000;
  }

  /** The first moment at which the zone's clocks show more than a time that they leave out. */
  private jumpOver(local: LocalMillis): Micros {
    let before = local - DAY_MS - this.offsetAt((local - DAY_MS) * 1_000);
    let after = local + DAY_MS - this.offsetAt((local + DAY_MS) * 1_000);
    while (after - before > 1) {
      const middle = Math.floor((before + after) / 2);
      if (this.localOf(middle * 1_000) < local) before = middle;
      else after = middle;
    }
    return after * 1_000;
  }

  /** ISO 8601 with the zone's offset: `2015-05-18T00:00:00+02:00`. Decimals only where they are not zero. */
  formatMoment(moment: Micros): string {
    const local = this.localOf(moment);
    const offset = this.offsetAt(moment);
    const micros = moment - Math.floor(moment / 1_000_000) * 1_000_000;
    const decimals = micros === 0 ? "" : `.${String(micros).padStart(6, "0")}`;
    const minutes = Math.abs(Math.trunc(offset / MINUTE_MS));
    const two = (value: number) => String(value).padStart(2, "0");
    const sign = offset < 0 ? "-" : "+";
    return `${new Date(local).toISOString().slice(0, 19)}${decimals}${sign}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
  }
}
