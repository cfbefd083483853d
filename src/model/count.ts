import * as v from "valibot";

/** How many there are: a whole number, not negative. */
export const CountSchema = v.pipe(v.number(), v.integer(), v.minValue(0));
