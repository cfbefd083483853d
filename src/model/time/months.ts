const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** 3 for `Mar`, as in dates of HTTP and of logs; 0, which is no month, for another text. */
export function monthNumber(name: string): number {
  return MONTHS.indexOf(name) + 1;
}

/** `03` for `Mar`, as in ISO 8601; `00` for another text. */
export function monthDigits(name: string): string {
  return String(monthNumber(name)).padStart(2, "0");
}
