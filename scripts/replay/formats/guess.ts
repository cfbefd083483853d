import { readJsonObject } from "./fields/json-line.ts";

const GUESSES: readonly [pattern: RegExp, guess: string][] = [
  [/\r./, "Its lines end with carriage returns alone. Run: tr '\\r' '\\n' < FILE | npm run replay -- -"],
  [/^\s*(?:<!doctype|<html|<\?xml)/i, "It looks like a web page, not a log."],
  [
    /^\d{4}\/\d{2}\/\d{2} \d{2}:\d{2}:\d{2} \[(?:debug|info|notice|warn|error|crit|alert|emerg)\]/,
    "It looks like the error log of nginx. Replay its access log.",
  ],
  [
    /^\[[A-Z][a-z]{2} [A-Z][a-z]{2} \d{2} [\d:.]+ \d{4}\] \[/,
    "It looks like the error log of Apache. Replay its access log.",
  ],
  [
    /^(?:<\d+>1? ?)?(?:[A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2}|\d{4}-\d{2}-\d{2}T\S+) \S+ [\w./-]+(?:\[\d+\])?: /,
    "It looks like syslog. If access log lines follow its prefix, remove the prefix: sed 's/^.*\\]: //' FILE | npm run replay -- -",
  ],
  [
    /^\d{4}-\d{2}-\d{2}T\S+ std(?:out|err) [FP] /,
    "It looks like a container's log. Remove the prefix: sed 's/^[^ ]* [^ ]* [^ ]* //' FILE | npm run replay -- -",
  ],
  [
    /^\s*[[{]\s*$/,
    "It looks like JSON over several lines. Each request must be one line: jq -c '.[]' FILE | npm run replay -- -",
  ],
  [/^\[\s*\{/, "It looks like one JSON array. Each request must be one line: jq -c '.[]' FILE | npm run replay -- -"],
  [
    /^\d{10}\.\d+ +\d+ \S+ [A-Z_]+\/\d{3} /,
    "It looks like the native log of Squid. Let Squid write `logformat combined`.",
  ],
  [
    /^\S+ \S+ \[\d{2}\/[A-Z][a-z]{2}\/\d{4}:/,
    "It looks like an access log with fields that are not the combined format's.",
  ],
  [/^[^,\s"]*(?:"[^"]*"|[^,]*)(?:,(?:"[^"]*"|[^,"]*)){3,}$/, "It looks like CSV."],
  [/(?!\s)\p{Cc}|\uFFFD/u, "It looks like binary data, not a log."],
];

/** Characters of a line that a guess reads. */
const MAX_LOOK = 2_000;

/** Guesses what a file is that no format understands, in a sentence that also says what to do if that is known. */
export function guessOf(sample: readonly string[]): string {
  const lines = sample.filter((line) => line.trim() !== "").map((line) => line.slice(0, MAX_LOOK));
  const object = readJsonObject(sample.find((line) => line.trim() !== "") ?? "");
  if (object !== null) return guessOfJson(object);
  const votes = GUESSES.map(([pattern, guess]) => ({
    guess,
    votes: lines.filter((line) => pattern.test(line)).length,
  }));
  const best = votes.reduce((a, b) => (b.votes > a.votes ? b : a), { guess: "", votes: 0 });
  return best.votes * 2 > lines.length ? best.guess : "It does not look like a known access log.";
}

function guessOfJson(object: Record<string, unknown>): string {
  if (typeof object.log === "string" && "stream" in object) {
    return "It looks like Docker's own log file. Take the lines out of it: jq -r .log FILE | npm run replay -- -";
  }
  const names = Object.keys(object).slice(0, 12).join(", ");
  return (
    `It is JSON with the members ${names}. A line needs a time (time, timestamp, time_iso8601, …) and a request ` +
    "(request, or request_uri, uri, path): docs/replay-logs.md lists the names."
  );
}
