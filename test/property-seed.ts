import fc from "fast-check";

/** The variable `SEED`, or 1. The configurations of vitest set it. */
declare const PROPERTY_SEED: string;

/**
 * Properties are tried with the inputs of one seed, so that a failure comes from the change and not from chance. `SEED=2`
 * tries others, `SEED=random` others in each run. A failing property prints its seed.
 */
if (PROPERTY_SEED !== "random") fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(PROPERTY_SEED) });
