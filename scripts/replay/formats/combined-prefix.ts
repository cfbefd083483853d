import { hostOf } from "./entry.ts";
import { hostName, ipAddress } from "./fields/address.ts";

const TOKENS = /"[^"]*"|\S+/g;

/** The identity and the user name. */
const FIELDS_AFTER_ADDRESS = 2;

export interface CombinedPrefix {
  /** In the order in which the request passed them. */
  addresses: string[];
  /** The visitor's host name, if the server logs names. */
  name: string | null;
  /** The virtual host, without its port. */
  host: string | null;
}

/**
 * Parses the fields before the time: `address identity user`, with a virtual host or a list of proxies before it in any
 * combination: `shop.example:443 203.0.113.7 - -`, `203.0.113.7, 10.0.0.2 - jane doe`, `- 10.0.0.2 - -`. If other fields
 * come first, the visitor is found from the end: `shop.example 443 203.0.113.7 - -`.
 */
export function readCombinedPrefix(text: string): CombinedPrefix {
  const tokens = text.match(TOKENS) ?? [];
  const host = virtualHost(tokens);
  const rest = host === null ? tokens : tokens.slice(1);
  const addresses: string[] = [];
  let index = 0;
  for (let inList = true; index < rest.length; index++) {
    const token = rest[index] ?? "";
    const parts = splitList(token);
    const found = parts.map(ipAddress).filter((address) => address !== null);
    // `unknown, 203.0.113.7`: an entry may not be an address. `- 203.0.113.7`: the list is empty, and the proxy follows.
    const goesOn = token.endsWith(",") || (index === 0 && token === "-" && ipAddress(rest[1] ?? "") !== null);
    if (found.length === 0 && !goesOn && !(inList && parts.length > 1)) break;
    addresses.push(...found);
    inList = goesOn;
  }
  const atEnd = listAtEnd(rest, index);
  if (atEnd.length > 0) return { addresses: atEnd, name: null, host: hostOf(host ?? hostBeforePort(rest)) };
  const name = addresses.length === 0 && index === 0 ? hostName(rest[0]) : null;
  return { addresses, name, host: hostOf(host) };
}

/** The addresses before `identity user` at the end of the tokens, if there are unread fields before them. */
function listAtEnd(tokens: readonly string[], read: number): string[] {
  const last = tokens.length - FIELDS_AFTER_ADDRESS - 1;
  const addresses: string[] = [];
  for (let index = last; index > read; index--) {
    const token = tokens[index] ?? "";
    const found = splitList(token)
      .map(ipAddress)
      .filter((address) => address !== null);
    if (found.length === 0 || (index < last && !token.endsWith(","))) break;
    addresses.unshift(...found);
  }
  return addresses;
}

/** `shop.example 443`: Apache's `%v %p`. */
function hostBeforePort([first = "", second = ""]: readonly string[]): string | null {
  return first.includes(".") && ipAddress(first) === null && /^\d{2,5}$/.test(second) ? first : null;
}

/** The first token if it is a virtual host: an address follows it, or a host name that is not a user. */
function virtualHost(tokens: readonly string[]): string | null {
  const [first = "", second = "", third] = tokens;
  if (first === "-" || first.endsWith(",") || first.startsWith('"')) return null;
  const isAddress = ipAddress(first) !== null;
  // A site may be requested by its address. Then only the port distinguishes it from a visitor.
  if (isAddress && !(/:\d+$/.test(first) && first.includes(".") && ipAddress(second.replace(/,$/, "")) !== null)) {
    return null;
  }
  const isFollowed = splitList(second).some((part) => ipAddress(part) !== null) || /^(?:unknown|-),/.test(second);
  const isName = second.includes(".") && third === "-" && tokens.length > 3;
  const hasPort = /^[^:]+:\d+$/.test(first) && tokens.length > 3;
  return isFollowed || isName || hasPort ? first : null;
}

function splitList(token: string): string[] {
  return token
    .replace(/^"(.*)"$/, "$1")
    .split(/, ?/)
    .filter((part) => part !== "");
}
