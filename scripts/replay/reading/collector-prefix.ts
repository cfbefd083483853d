/** What collectors put before the line that a server wrote. A JSON object, or the time of a common log line, must follow. */
const PREFIXES = [
  // syslog and journald: `Mar  5 10:00:01 web-1 nginx[12]: `, also with a priority and with an ISO 8601 time.
  /^(?:<\d{1,3}>)?(?:[A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2}|\d{4}-\d{2}-\d{2}T[\d:.,]+(?:Z|[+-]\d{2}:?\d{2})) \S{1,255} [^\s:[\]]{1,128}(?:\[\d+\])?: /,
  // syslog by RFC 5424: `<190>1 2026-03-05T10:00:01Z web-1 nginx 12 - - `.
  /^<\d{1,3}>1 \S{1,64} \S{1,255} \S{1,48} \S{1,128} \S{1,32} (?:-|\[[^\]]{0,1000}\]) (?:\uFEFF)?/,
  // Kubernetes: `2026-03-05T10:00:01.123456789Z stdout F `.
  /^\d{4}-\d{2}-\d{2}T\S{8,30} std(?:out|err) F /,
  // `docker logs --timestamps`: `2026-03-05T10:00:01.123456789Z `.
  /^\d{4}-\d{2}-\d{2}T[\d:.]{8,18}Z /,
  // `kubectl logs --prefix`: `[pod/web-1/nginx] `.
  /^\[pod\/[^\]\s]{1,300}\] /,
  // `docker compose logs`: `web-1  | `.
  /^[\w.-]{1,128} +\| /,
];

/** The beginning of a JSON object, or of a common log line: address, identity and user before the time. */
const LINE_BEGIN = /^(?:\{|[^[]{1,1000}\[\d{1,2}\/[A-Z][a-z]{2}\/\d{4}:)/;

/** A quote that does not end before the time. */
const WRAPPED = /^"[^"[]{1,1000}\[\d{1,2}\//;

/**
 * A line without what a log collector put before it. Otherwise the name of a month or of a container would be read as the
 * visitor's host name, and strangers would share a session. Spaces before a JSON object, a comma after it, and quotes
 * around a whole line, as OpenLiteSpeed writes them, are removed as well.
 */
export function withoutCollectorPrefix(line: string): string {
  const bare = withoutPrefix(line);
  if (/^\s*\{/.test(bare)) return bare.trim().replace(/,$/, "");
  return WRAPPED.test(bare) && bare.endsWith('"') ? bare.slice(1, -1) : bare;
}

function withoutPrefix(line: string): string {
  // Most lines begin with the visitor's address.
  if (/^(?:\d{1,3}\.|\{)/.test(line)) return line;
  for (const prefix of PREFIXES) {
    const found = prefix.exec(line)?.[0];
    if (found === undefined) continue;
    const rest = line.slice(found.length);
    if (LINE_BEGIN.test(rest)) return rest;
  }
  return line;
}
