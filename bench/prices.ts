/** When the prices below were read in Cloudflare's documentation, each on the page given with it. */
export const PRICES_READ = "November 2026";

/** The Workers Paid plan, which has the included allowances. */
export const PLAN_DOLLARS_PER_MONTH = 5;

export interface Price {
  /** The name of the billed unit, as on the invoice. */
  product: string;
  /** List price of a million units beyond the allowance. */
  dollarsPerMillion: number;
  /** Units that the plan includes each month, for the whole account. */
  includedPerMonth: number;
  source: string;
}

/** List prices of the products that the service uses, in US dollars, without contract discounts. */
export const PRICES = {
  /** HTTP requests and invocations of queue consumers. Subrequests are free. */
  requests: {
    product: "Workers: requests",
    dollarsPerMillion: 0.3,
    includedPerMonth: 10_000_000,
    source: "https://developers.cloudflare.com/workers/platform/pricing/",
  },
  kvReads: {
    product: "KV: keys read",
    dollarsPerMillion: 0.5,
    includedPerMonth: 10_000_000,
    source: "https://developers.cloudflare.com/kv/platform/pricing/",
  },
  kvWrites: {
    product: "KV: keys written",
    dollarsPerMillion: 5,
    includedPerMonth: 1_000_000,
    source: "https://developers.cloudflare.com/kv/platform/pricing/",
  },
  /** Each write, read and delete of a message, for each started 64 KB. */
  queueOperations: {
    product: "Queues: operations",
    dollarsPerMillion: 0.4,
    includedPerMonth: 1_000_000,
    source: "https://developers.cloudflare.com/queues/platform/pricing/",
  },
  /** RPC calls. */
  objectRequests: {
    product: "Durable Objects: requests",
    dollarsPerMillion: 0.15,
    includedPerMonth: 1_000_000,
    source: "https://developers.cloudflare.com/durable-objects/platform/pricing/",
  },
  objectRowsWritten: {
    product: "Durable Objects: rows written",
    dollarsPerMillion: 1,
    includedPerMonth: 50_000_000,
    source: "https://developers.cloudflare.com/durable-objects/platform/pricing/",
  },
  databaseRowsWritten: {
    product: "D1: rows written",
    dollarsPerMillion: 1,
    includedPerMonth: 50_000_000,
    source: "https://developers.cloudflare.com/d1/platform/pricing/",
  },
  databaseRowsRead: {
    product: "D1: rows read",
    dollarsPerMillion: 0.001,
    includedPerMonth: 25_000_000_000,
    source: "https://developers.cloudflare.com/d1/platform/pricing/",
  },
  /** Puts and lists. */
  bucketWrites: {
    product: "R2: class A operations",
    dollarsPerMillion: 4.5,
    includedPerMonth: 1_000_000,
    source: "https://developers.cloudflare.com/r2/pricing/",
  },
  /** Gets and heads. Deletes are free. */
  bucketReads: {
    product: "R2: class B operations",
    dollarsPerMillion: 0.36,
    includedPerMonth: 10_000_000,
    source: "https://developers.cloudflare.com/r2/pricing/",
  },
  /** Log lines and the record of each invocation, after sampling. */
  logEvents: {
    product: "Workers Logs: events",
    dollarsPerMillion: 0.6,
    includedPerMonth: 20_000_000,
    source: "https://developers.cloudflare.com/workers/observability/logs/workers-logs/",
  },
} as const satisfies Record<string, Price>;

export type PriceName = keyof typeof PRICES;

/** A GB (10^9 bytes) stored for a month, in US dollars, beyond what the plan includes. */
export const STORAGE_PRICES = {
  database: {
    product: "D1: storage",
    dollarsPerGb: 0.75,
    source: "https://developers.cloudflare.com/d1/platform/pricing/",
  },
  bucket: { product: "R2: storage", dollarsPerGb: 0.015, source: "https://developers.cloudflare.com/r2/pricing/" },
} as const;

/** The bytes of one unit of a queue operation. */
export const QUEUE_UNIT_BYTES = 64_000;
