import { env } from "cloudflare:workers";

/**
 * The seeds to run, from 1 on. `SEED=123 npx vitest run test/simulation` runs that seed alone; SEEDS=1000 runs more seeds.
 * Objects remember in odd seeds, and forget in even ones.
 */
export function seedsOf(count: number): number[] {
  if (env.SEED !== undefined && env.SEED !== "random") return [Number(env.SEED)];
  return Array.from({ length: Number(env.SEEDS ?? count) }, (_, index) => index + 1);
}

export function chunk(items: number[], size: number): number[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}
