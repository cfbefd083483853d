import type { WorkMeter } from "../work-meter";
import { TooMuchWork } from "../work-meter";

/**
 * Equality of JSON values as JSON Schema defines it: members in any order, `1` equal to `1.0`, `0` to `-0`. Both
 * functions charge the meter for what they read, so large values and deliberate collisions are bounded.
 */

/** Levels that recursion can handle on any caller's stack. Events have at most 64. */
export const MAX_COMPARED_LEVELS = 512;

const SEED = 0x2545f491;
const NULL = 0x9e3779b1;
const TRUE = 0x85ebca77;
const FALSE = 0xc2b2ae3d;
const ARRAY = 0x27d4eb2f;
const OBJECT = 0x165667b1;

/**
 * A 32-bit hash, the same for equal values. It has no random seed, which would make the work differ from run to run.
 */
export function hashOf(value: unknown, meter: WorkMeter, level = 0): number {
  if (typeof value === "string") return hashText(value, meter);
  if (typeof value !== "object" || value === null) {
    meter.charge(1);
    if (typeof value === "number") return hashNumber(value);
    return value === null ? NULL : value === true ? TRUE : FALSE;
  }
  // Comparison distinguishes deeper values.
  if (level === MAX_COMPARED_LEVELS) return ARRAY;
  if (Array.isArray(value)) {
    meter.charge(1);
    let hash = ARRAY;
    for (const item of value) hash = mix(hash, hashOf(item, meter, level + 1));
    return hash;
  }
  const names = Object.keys(value);
  meter.charge(1 + 4 * names.length);
  let sum = OBJECT;
  // A sum does not depend on the order of members.
  for (const name of names) sum += mix(hashText(name, meter), hashOf(Reflect.get(value, name), meter, level + 1));
  return sum >>> 0;
}

export function isEqual(a: unknown, b: unknown, meter: WorkMeter, level = 0): boolean {
  meter.charge(1);
  if (typeof a === "string" && typeof b === "string") {
    if (a.length !== b.length) return false;
    meter.charge(a.length >> 6);
    return a === b;
  }
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return a === b;
  if (level === MAX_COMPARED_LEVELS) throw new TooMuchWork();
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    return a.every((item, index) => isEqual(item, b[index], meter, level + 1));
  }
  const names = Object.keys(a);
  const others = Object.keys(b);
  meter.charge(2 * (names.length + others.length));
  if (names.length !== others.length) return false;
  return names.every(
    (name) => Object.hasOwn(b, name) && isEqual(Reflect.get(a, name), Reflect.get(b, name), meter, level + 1),
  );
}

function hashText(text: string, meter: WorkMeter): number {
  meter.charge(1 + (text.length >> 3));
  let hash = SEED ^ text.length;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return mix(hash, text.length);
}

const float = new Float64Array(1);
const bits = new Uint32Array(float.buffer);

function hashNumber(value: number): number {
  // Adding 0 turns -0 into 0.
  float[0] = value + 0;
  return mix(bits[0] ?? 0, bits[1] ?? 0);
}

/** The mixing step of MurmurHash3. */
function mix(hash: number, next: number): number {
  let mixed = Math.imul(hash ^ Math.imul(next, 0xcc9e2d51), 0x1b873593);
  mixed ^= mixed >>> 15;
  mixed = Math.imul(mixed, 0x85ebca6b);
  return (mixed ^ (mixed >>> 13)) >>> 0;
}
