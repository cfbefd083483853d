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
  /** The HTTP status, where the service refused. */
  status?: number;
}

/** What became of an event. `failed` says why in `failures`. */
export interface EventStatus {
  status: "pending" | "stored" | "duplicate" | "failed" | "unknown";
  failures: { issues: { code: string; path: string; message: string }[] }[];
}

export interface CaptureOptions {
  /** Page views, single-page navigations included. `"hash"`: a change of the hash is one too. */
  pages?: boolean | "hash";
  /** Clicks on elements with `data-eye`. */
  clicks?: boolean;
  /** Clicks on links to other hosts. */
  outbound?: boolean;
  /** Clicks on links to files. */
  downloads?: boolean;
  /** Submitted forms. `"names"`: with the names of their fields. Values never. */
  forms?: boolean | "names";
  /** When a page is left: the deepest point that was seen, in percent. */
  scroll?: boolean;
  /** When a page is left: the seconds during which it was in sight. */
  engagement?: boolean;
}

export interface EyeOptions {
  /** Where the service is, with its path prefix if it has one: `https://eye.example`. */
  url: string;
  /** A write key. It is public: it can only send. */
  key: string;
  /** What to capture without further code; loads `@the-eye/client/auto`. */
  capture?: CaptureOptions;
  /** Until `consent("granted")`, `"pending"` keeps events in memory and stores and sends nothing. Default `"granted"`. */
  consent?: Consent;
  /** false: send though the browser says Global Privacy Control. Default true. */
  honourGpc?: boolean;
  /** true: a browser that says Do Not Track counts as `consent("denied")`. */
  honourDnt?: boolean;
}

export interface TrackOptions {
  /** When it occurred, as `performance.now()` said then. Default: now. */
  at?: number;
}

/** What captures events for others: without types, since it cannot know the application's. */
export interface Recorder {
  /** As `track`, for any type. */
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
  /** The visitor of every event from now on, in all tabs, until the session ends; null forgets it. */
  identify(visitor: string | null): void;
  consent(state: Consent): void;
  /** @returns a function that removes the listener */
  on(type: "drop", listener: (drop: Drop) => void): () => void;
  /** Resolves once every event so far is answered, or lies in the browser's storage for the next attempt. */
  flush(): Promise<void>;
  /** What became of an event of this page. */
  status(id: string): Promise<EventStatus>;
  /** A link to another domain that continues this session there for two minutes. */
  linkTo(url: string): string;
}
