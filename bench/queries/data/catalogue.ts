import { weighted } from "./random.ts";

/**
 * Shares of all traffic: from half of it to one event in a million. Shares of names are within their category, and each of
 * the largest categories has a rare name. "media" is just above the 1/24 from which a category is common, "navigation" just
 * below.
 */
export const CATEGORIES: readonly (readonly [
  category: string,
  share: number,
  names: readonly (readonly [string, number])[],
])[] = [
  [
    "page interaction",
    0.5,
    [
      ["pageview", 0.8],
      ["cta click", 0.15],
      ["scroll", 0.04989],
      ["print", 1e-4],
      ["easter egg", 1e-5],
    ],
  ],
  [
    "form interaction",
    0.2,
    [
      ["change", 0.7],
      ["submit", 0.2899],
      ["reset", 0.01],
      ["autofill undone", 1e-4],
    ],
  ],
  [
    "commerce",
    0.12,
    [
      ["view item", 0.7],
      ["add to cart", 0.2],
      ["purchase", 0.0999],
      ["refund", 1e-4],
    ],
  ],
  [
    "search",
    0.06,
    [
      ["query", 0.7],
      ["result click", 0.29],
      ["no result", 0.01],
    ],
  ],
  [
    "media",
    0.043,
    [
      ["play", 0.5],
      ["pause", 0.3],
      ["end", 0.2],
    ],
  ],
  [
    "navigation",
    0.04,
    [
      ["menu", 0.6],
      ["back", 0.4],
    ],
  ],
  [
    "account",
    0.007,
    [
      ["sign in", 0.7],
      ["sign up", 0.3],
    ],
  ],
  [
    "support",
    0.006,
    [
      ["chat", 0.9],
      ["call back", 0.1],
    ],
  ],
  ["survey", 0.003, [["answer", 1]]],
  ["diagnostics", 0.000889, [["slow page", 1]]],
  ["experiment", 1e-4, [["variant", 1]]],
  ["legal", 1e-5, [["terms read", 1]]],
  ["incident", 1e-6, [["page broken", 1]]],
];

export const APPLICATIONS: readonly (readonly [string, number])[] = [
  ["shop", 0.5],
  ["blog", 0.25],
  ["account-site", 0.15],
  ["forum", 0.08],
  ["intranet", 0.0199],
  ["kiosk", 1e-4],
];

export interface EventType {
  category: string;
  name: string;
  /** Payloads as JSON texts, similar to the brief's samples, ordered by page. */
  payloads: string[];
}

const HOST = "www.consumeraffairs.com";
const PATHS = [
  "/",
  "/reviews/",
  "/solar/",
  "/insurance/auto/",
  "/homeowners/home-warranty/",
  "/finance/debt-relief.html",
  ...Array.from({ length: 494 }, (_, page) => `/reviews/${1_000 + 7 * page}/`),
];
const ELEMENTS = ["chat bubble", "header", "compare"];
const PEOPLE = [
  ["John", "Doe"],
  ["Maria", "Lopez"],
  ["Aiko", "Tanaka"],
] as const;

function payloadsOf(category: string, name: string): string[] {
  return PATHS.flatMap((path) => {
    const page = { host: HOST, path };
    if (category === "form interaction") {
      return PEOPLE.map(([first_name, last_name]) => JSON.stringify({ ...page, form: { first_name, last_name } }));
    }
    if (name === "pageview") return [JSON.stringify(page)];
    return ELEMENTS.map((element) => JSON.stringify({ ...page, element }));
  });
}

/**
 * The payload of an event, by a number in [0, 1). Half of all events are on an eighth of the pages, and 13 % on the first.
 */
export function payloadAt({ payloads }: EventType, drawn: number): string {
  return payloads[Math.floor(payloads.length * drawn ** 3)] ?? "{}";
}

export const EVENT_TYPES: readonly { item: EventType; weight: number }[] = CATEGORIES.flatMap(
  ([category, share, names]) =>
    names.map(([name, part]) => ({
      item: { category, name, payloads: payloadsOf(category, name) },
      weight: share * part,
    })),
);

export const eventTypeAt = weighted(EVENT_TYPES);

export const applicationAt = weighted(APPLICATIONS.map(([item, weight]) => ({ item, weight })));
