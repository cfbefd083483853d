import type { Micros } from "./time";

/** A zone's local date and time, as milliseconds since 1970-01-01T00:00 local time. */
export type LocalMillis = number;

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** Offsets change a few times a year, at whole quarters of an hour, so one is cached for each quarter. */
const CACHE_STEP_MS = 15 * MINUTE_MS;
const MAX_CACHED_OFFSETS = 20_000;

/** Zones that an isolate keeps, with their offsets: about a megabyte each at most. Making one takes a millisecond. */
const MAX_CACHED_ZONES = 8;

const OFFSET = /^GMT(?:([+-])(\d{2}):(\d{2})(?::(\d{2}))?)?$/;

/**
 * A time zone by its IANA name, or an offset such as `+05:30`. It converts times to local time and back, with the
 * platform's time zone rules (`Intl`).
 */
export class TimeZone {
  private readonly offsets = new Map<number, number>();

  private constructor(
    readonly name: string,
    private readonly format: Intl.DateTimeFormat,
  ) {}

  static readonly UTC: TimeZone = TimeZone.create("UTC");

  /** The zones that were made last. */
  private static readonly found = new Map<string, TimeZone>([["UTC", TimeZone.UTC]]);

  /** Null if the platform knows no such zone. */
  static find(name: string): TimeZone | null {
    const known = TimeZone.found.get(name);
    if (known !== undefined) return known;
    try {
      const zone = TimeZone.create(name);
      const [oldest] = TimeZone.found.keys();
      if (TimeZone.found.size >= MAX_CACHED_ZONES && oldest !== undefined) TimeZone.found.delete(oldest);
      TimeZone.found.set(name, zone);
      return zone;
    } catch {
      return null;
    }
  }

  /** @throws RangeError if the platform knows no such zone */
  private static create(name: string): TimeZone {
    return new TimeZone(name, new Intl.DateTimeFormat("en-US", { timeZone: name, timeZoneName: "longOffset" }));
  }

  /** The zone's offset from UTC at a time, in milliseconds. */
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

  /** The local time at a time, to the millisecond. */
  localOf(moment: Micros): LocalMillis {
    return Math.floor(moment / 1_000) + this.offsetAt(moment);
  }

  /**
   * The time at which the zone has a local date and time. If the clocks show it twice, the first of the two; if they
   * skip it, the time of the change.
   */
  momentOf(local: LocalMillis): Micros {
    const around = [local - DAY_MS, local + DAY_MS].map((millis) => this.offsetAt(millis * 1_000));
    const candidates = around
      .map((offset) => (local - offset) * 1_000)
      .filter((moment) => this.localOf(moment) === local)
      .sort((a, b) => a - b);
    return candidates[0] ?? this.jumpOver(local);
  }

  /** The time between two times with different offsets at which the later offset begins. */
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

  /** The time of the clock change that skips a local time. */
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

  /** ISO 8601 with the zone's offset: `2015-05-18T00:00:00+02:00`. Decimals are left out if they are zero. */
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
