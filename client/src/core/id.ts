/**
 * A UUID of version 7 (RFC 9562) for a time in milliseconds since 1970. The twelve bits after the version are the fraction
 * of the millisecond, so ids of one page sort in the order of capture. 60 bits are random.
 */
export function uuidv7(ms: number): string {
  const time = hex(Math.floor(ms * 4096), 15);
  const random = hex(crypto.getRandomValues(new BigUint64Array(1))[0] ?? 0, 16);
  return `${time.slice(0, 8)}-${time.slice(8, 12)}-7${time.slice(12)}-8${random.slice(1, 4)}-${random.slice(4)}`;
}

/** The time of a UUID of version 7, in milliseconds since 1970. */
export function timeOf(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}

function hex(number: number | bigint, digits: number): string {
  return number.toString(16).padStart(digits, "0");
}
