import * as v from "valibot";

/** A count: a whole number, not negative. */
export const CountSchema = v.pipe(v.number(), v.integer(), v.minValue(0));
