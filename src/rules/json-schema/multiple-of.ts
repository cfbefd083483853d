import type { WorkMeter } from "../../model/work-meter";

/** Whether a number is a multiple of another, in decimal arithmetic: 0.0075 is a multiple of 0.0001. */
export function isMultipleOf(value: number, divisor: number, meter: WorkMeter): boolean {
  if (Number.isSafeInteger(value) && Number.isSafeInteger(divisor)) return value % divisor === 0;
  // JSON.parse reads a number beyond the range of a double as Infinity, which has no digits.
  if (!Number.isFinite(value) || !Number.isFinite(divisor)) return false;
  const [digits, exponent] = decimalOf(value);
  const [divisorDigits, divisorExponent] = decimalOf(divisor);
  const shift = exponent - divisorExponent;
  // Doubles range from 1e-324 to 1e308, so a shift is at most about 650 places.
  meter.charge(32 + (Math.abs(shift) >> 3));
  const power = 10n ** BigInt(Math.abs(shift));
  return (shift >= 0 ? (digits * power) % divisorDigits : digits % (divisorDigits * power)) === 0n;
}

/** A number as digits and a power of ten; the sign does not matter here. */
function decimalOf(value: number): [bigint, number] {
  const [coefficient = "", exponent = "0"] = Math.abs(value).toString().split("e");
  const point = coefficient.indexOf(".");
  const decimals = point === -1 ? 0 : coefficient.length - point - 1;
  return [BigInt(coefficient.replace(".", "")), Number(exponent) - decimals];
}
