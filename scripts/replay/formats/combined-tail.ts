import { textOrNull } from "./entry.ts";
import { quotesIn, unescapeQuoted } from "./fields/quoted.ts";

/** Numbers that some sites log between bytes and referrer. */
const NUMBERS = /^(?: [\d.]+)*(?= (?:"|-(?: |$)))/;

/** Fields after the user agent, each quoted or without quotes. */
const EXTRAS = /^(?: +(?:"(?:[^"\\]|\\.)*"|[^\s"]+))*\s*$/;
const EXTRA = /"(?:[^"\\]|\\.)*"|[^\s"]+/g;

/** Quotes that are tried as the end of a user agent. Agents do not contain more, and each try scans the rest of the line. */
const MAX_TRIES = 64;

export interface CombinedTail {
  referrer: string | null;
  userAgent: string | null;
  /** As logged, with their quotes. */
  extras: string[];
  fields: number;
  /** Whether the line ends within the referrer or the user agent. */
  isCut: boolean;
}

/** Parses the fields after the number of bytes: referrer, user agent, and further fields. */
export function readCombinedTail(text: string): CombinedTail {
  const rest = text.trimEnd().slice(NUMBERS.exec(text)?.[0].length ?? 0);
  const referrer = readField(rest, endOfReferrer);
  if (referrer === null) return { referrer: null, userAgent: null, extras: [], fields: 0, isCut: false };
  const agent = readField(referrer.rest, endOfUserAgent);
  if (agent === null) {
    return { referrer: referrer.text, userAgent: null, extras: [], fields: 1, isCut: !referrer.isWhole };
  }
  const extras = agent.rest.match(EXTRA) ?? [];
  return {
    referrer: referrer.text,
    userAgent: agent.text,
    extras,
    fields: 2 + extras.length,
    isCut: !agent.isWhole,
  };
}

interface Field {
  text: string | null;
  rest: string;
  isWhole: boolean;
}

/** Reads ` "quoted"` or ` -`. */
function readField(text: string, endOf: (text: string) => number): Field | null {
  if (/^ -(?= |$)/.test(text)) return { text: null, rest: text.slice(2), isWhole: true };
  if (!text.startsWith(' "')) return null;
  const quoted = text.slice(2);
  const end = endOf(quoted);
  // Loggers cut long lines. The part of the field that is there is kept.
  if (end === -1) return { text: textOrNull(unescapeQuoted(quoted)), rest: "", isWhole: false };
  return { text: textOrNull(unescapeQuoted(quoted.slice(0, end))), rest: quoted.slice(end + 1), isWhole: true };
}

/** A referrer ends where the user agent begins. */
function endOfReferrer(text: string): number {
  for (const end of quotesIn(text)) {
    if (/^" (?:"|-(?: |$))/.test(text.slice(end, end + 4))) return end;
  }
  return text.endsWith('"') ? text.length - 1 : -1;
}

/** A user agent ends at the first quote after which the rest of the line is well-formed. */
function endOfUserAgent(text: string): number {
  let tries = 0;
  for (const end of quotesIn(text)) {
    const next = text.charAt(end + 1);
    if (next !== "" && next !== " ") continue;
    if (++tries > MAX_TRIES) break;
    if (EXTRAS.test(text.slice(end + 1))) return end;
  }
  return text.endsWith('"') ? text.length - 1 : -1;
}
