/**
 * Bodies for the collector: events as an application sends them, broken in many ways, in every form that a body may have.
 * The same source of numbers gives the same bodies. This file imports nothing, so that tests in workerd can use it too.
 */

/** The interface of scripts/shared/random.ts. */
export interface Numbers {
  below: (limit: number) => number;
  chance: (probability: number) => boolean;
}

export interface FuzzBody {
  body: string | Uint8Array<ArrayBuffer>;
  contentType: string | null;
}

/** JSON texts, including some that JSON.stringify would not write. */
const VALUES = [
  ...["null", "true", "0", "-0", "1e400", "-1e-400", "9007199254740993", "1.5", '""', '" "', '"undefined"', '"null"'],
  ...['"\\ud800"', '"\\u0000"', '"\\udc00\\ud800"', '"__proto__"', '"a\\"b\\\\c"', '"é\\u2028"', "[]", "[[]]", "{}"],
  ...['{"__proto__":1}', '{"constructor":{"prototype":1}}', '{"a":1,"a":2}', '{"":{"":""}}', '[null,1,"x",{}]'],
  ...[
    '"2021-02-30 00:00:00"',
    '"9999-12-31 23:59:59"',
    '"0000-01-01 00:00:00"',
    '"2021-01-01"',
    "1e18",
    "-1",
    "1609492527",
  ],
  ...[
    '"2021-01-01T09:15:27.123456789Z"',
    '"20260401T100000Z"',
    '"Thu, 01 Jan 2026 00:00:00 GMT"',
    '"2016-12-31 23:59:60"',
  ],
];

const MEMBERS = [
  "session_id",
  "category",
  "name",
  "data",
  "timestamp",
  "id",
  "visitor_id",
  "context",
  "props",
  "__proto__",
];

const CONTENT_TYPES = [
  null,
  "application/json",
  "text/plain",
  "application/x-ndjson",
  "text/html; charset=x",
  "nonsense",
];

export function pick<Item>(numbers: Numbers, items: readonly Item[]): Item {
  const item = items[numbers.below(items.length)];
  if (item === undefined) throw new Error("nothing to pick from");
  return item;
}

function deep(levels: number): string {
  return "[".repeat(levels) + "]".repeat(levels);
}

/** The JSON text of a value that nobody expects. */
export function fuzzValue(numbers: Numbers): string {
  if (numbers.chance(0.03)) return JSON.stringify("x".repeat(numbers.below(40_000)));
  if (numbers.chance(0.03)) return deep(numbers.below(200));
  if (numbers.chance(0.03)) return `[${"{},".repeat(numbers.below(12_000))}{}]`;
  if (numbers.chance(0.05))
    return `"${String.fromCharCode(...Array.from({ length: 1 + numbers.below(40) }, () => 32 + numbers.below(94))).replace(/["\\]/g, "_")}"`;
  return pick(numbers, VALUES);
}

/** The JSON text of one event. */
function event(numbers: Numbers, tag: string): string {
  if (numbers.chance(0.04)) return fuzzValue(numbers);
  const members = new Map<string, string>([
    ["session_id", JSON.stringify(`${tag}-${numbers.below(5)}`)],
    ["category", JSON.stringify(pick(numbers, ["page interaction", "form interaction"]))],
    ["name", JSON.stringify(pick(numbers, ["pageview", "submit", "cta click"]))],
    ["data", `{"n":${numbers.below(1_000)}}`],
    ["timestamp", JSON.stringify(new Date(Date.UTC(2026, 0, 1) + numbers.below(86_400_000 * 60)).toISOString())],
  ]);
  if (numbers.chance(0.4)) members.set("id", JSON.stringify(`${tag}-id-${numbers.below(30)}`));
  for (let changes = numbers.chance(0.5) ? 0 : 1 + numbers.below(3); changes > 0; changes--) {
    const member = pick(numbers, MEMBERS);
    if (numbers.chance(0.2)) members.delete(member);
    else members.set(member, fuzzValue(numbers));
  }
  return `{${[...members].map(([name, text]) => `${JSON.stringify(name)}:${text}`).join(",")}}`;
}

/** Cuts, doubles or replaces a part of a text. */
export function broken(numbers: Numbers, text: string): string {
  const place = numbers.below(text.length + 1);
  const end = Math.min(text.length, place + 1 + numbers.below(8));
  switch (numbers.below(4)) {
    case 0:
      return text.slice(0, place);
    case 1:
      return text.slice(0, place) + text.slice(end);
    case 2:
      return text.slice(0, end) + text.slice(place);
    default:
      return text.slice(0, place) + String.fromCharCode(numbers.below(0x250)) + text.slice(place);
  }
}

/** Replaces a byte of a text's UTF-8. */
function brokenBytes(numbers: Numbers, text: string): Uint8Array<ArrayBuffer> {
  const bytes = Uint8Array.from(new TextEncoder().encode(text));
  bytes[numbers.below(bytes.length + 1)] = numbers.below(256);
  return bytes;
}

/** @param tag put into the sessions and ids of its events, so that the events of two runs do not mix */
export function fuzzBody(numbers: Numbers, tag: string): FuzzBody {
  const count = numbers.chance(0.5) ? 1 : numbers.chance(0.05) ? 300 + numbers.below(300) : numbers.below(8);
  const events = Array.from({ length: count }, () => event(numbers, tag));
  const forms = [
    events[0] ?? "",
    `[${events.join(",")}]`,
    events.join("\n"),
    `\ufeff${events.join("\r\n")}`,
    events.join("\n\n"),
  ];
  const whole = pick(numbers, forms);
  const body = numbers.chance(0.2) ? broken(numbers, whole) : whole;
  return {
    body: numbers.chance(0.1) ? brokenBytes(numbers, body) : body,
    contentType: pick(numbers, CONTENT_TYPES),
  };
}
