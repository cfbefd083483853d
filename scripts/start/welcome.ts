import { formatTimestamp } from "../../src/model/time/time.ts";
import { LOCAL_APPLICATION, LOCAL_KEYS } from "./local-keys.ts";

/** Commands to paste: one sends an event with the current time, the other reads its session. */
export function exampleCommands(address: string, sessionId: string, now: Date): { send: string; read: string } {
  const event = {
    session_id: sessionId,
    category: "page interaction",
    name: "pageview",
    data: { host: "localhost", path: "/" },
    timestamp: formatTimestamp(now.getTime() * 1000),
  };
  // With https the certificate is self-signed.
  const curl = address.startsWith("https:") ? "curl -ksS" : "curl -sS";
  return {
    send: `${curl} ${address}/theeye/events -H "Authorization: Bearer ${LOCAL_KEYS.write}" -d '${JSON.stringify(event)}'`,
    read: `${curl} "${address}/theeye/events?session_id=${sessionId}" -H "Authorization: Bearer ${LOCAL_KEYS.read}"`,
  };
}

/** The text that is printed once the service answers. */
export function welcome(address: string, persistTo: string, sessionId: string, now: Date): string {
  const { send, read } = exampleCommands(address, sessionId, now);
  return `
The Eye is ready: ${address}
  API reference   ${address}/
  Application     ${LOCAL_APPLICATION}
  Write key       ${LOCAL_KEYS.write}
  Read key        ${LOCAL_KEYS.read}
  Admin key       ${LOCAL_KEYS.admin}
  State           ${persistTo}

Send an event:
${send}

Read it back (it is stored within a few seconds):
${read}

The local queue is in memory. When the service is stopped, it first stores what it has accepted.
Ctrl-C stops the service.
`;
}
