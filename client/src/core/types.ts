/** Event types without declarations: any category, any name, any payload. */
export type AnyEvents = Record<string, Record<string, Record<string, unknown>>>;

export type Consent = "pending" | "granted" | "denied";

/** Events that will not be delivered. */
export interface Drop {
  count: number;
  /**
   * `full`: over 1,000 events or 1 MB waited. `refused`: the service answered 4xx. `too_large`: over 32,768 bytes.
   * `invalid`: not JSON. `consent`: consent is denied, or the browser sends Global Privacy Control.
   */
  reason: "full" | "refused" | "too_large" | "invalid" | "consent";
  /** The HTTP status, if the service refused. */
  status?: number;
}

/** The outcome of an event. For `failed`, `failures` has the reasons. */
export interface EventStatus {
  status: "pending" | "stored" | "duplicate" | "failed" | "unknown";
  failures: { issues: { code: string; path: string; message: string }[] }[];
}

export interface CaptureOptions {
  /** Page views, including single-page navigations. `"hash"`: a change of the hash counts too. */
  pages?: boolean | "hash";
  /** Clicks on elements with `data-eye`. */
  clicks?: boolean;
  /** Clicks on links to other hosts. */
  outbound?: boolean;
  /** Clicks on links to files. */
  downloads?: boolean;
  /** Submitted forms. `"names"`: with the names of their fields. Never values. */
  forms?: boolean | "names";
  /** When a page is left: the maximum scroll depth, in percent. */
  scroll?: boolean;
  /** When a page is left: the seconds during which it was visible. */
  engagement?: boolean;
}

export interface EyeOptions {
  /** The address of the service, with its path prefix if it has one: `https://eye.example`. */
  url: string;
  /** A write key. It is public: it can only send events. */
  key: string;
  /** What to capture without further code; loads `@the-eye/client/auto`. */
  capture?: CaptureOptions;
  /** With `"pending"`, events stay in memory and nothing is stored or sent until `consent("granted")`. Default `"granted"`. */
  consent?: Consent;
  /** false: send events even if the browser sends Global Privacy Control. Default true. */
  honourGpc?: boolean;
  /** true: a browser that sends Do Not Track counts as `consent("denied")`. */
  honourDnt?: boolean;
}

export interface TrackOptions {
  /** When it occurred, in the time of `performance.now()`. Default: now. */
  at?: number;
}

/** The untyped interface for code that captures events for any application. */
export interface Recorder {
  /** Like `track`, for any type. */
  record(category: string, name: string, data: unknown, options?: TrackOptions): string;
}

export interface Eye<E extends object = AnyEvents> extends Recorder {
  /**
   * Captures an event. It never throws and never waits.
   *
   * @returns the event's id
   * @example eye.track("page interaction", "cta click", { element: "chat bubble" });
   */
  track<C extends keyof E & string, N extends keyof E[C] & string>(
    category: C,
    name: N,
    data: E[C][N],
    options?: TrackOptions,
  ): string;
  /** Adds to the context of every event from now on. A member that is undefined is left out. */
  set(context: Record<string, unknown>): void;
  /** Sets the visitor of every event from now on, in all tabs, until the session ends; null removes it. */
  identify(visitor: string | null): void;
  consent(state: Consent): void;
  /** @returns a function that removes the listener */
  on(type: "drop", listener: (drop: Drop) => void): () => void;
  /** Resolves once every event so far is answered, or is in the browser's storage for the next attempt. */
  flush(): Promise<void>;
  /** The outcome of an event of this page. */
  status(id: string): Promise<EventStatus>;
  /** A link to another domain that continues this session there; valid for two minutes. */
  linkTo(url: string): string;
}
