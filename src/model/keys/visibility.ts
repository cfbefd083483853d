/** What a key sees: `visible` are the applications of the key, or null for a key that sees all of them. */

/** Returns whether a key sees something of one application. What names no application is seen by unbound keys only. */
export function isVisible(application: string | null, visible: readonly string[] | null): boolean {
  return visible === null || (application !== null && visible.includes(application));
}

/** Returns whether a key sees all applications that something covers; null covers every application. */
export function areAllVisible(covered: readonly string[] | null, visible: readonly string[] | null): boolean {
  return visible === null || covered?.every((application) => visible.includes(application)) === true;
}
