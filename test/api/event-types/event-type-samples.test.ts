import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { newestErrors, newestEvents } from "../../../src/api/event-types/event-type-samples";
import { MAX_FAILED_SAMPLES, MAX_STORED_SAMPLES } from "../../../src/api/event-types/trial-schemas";
import { databasesOf } from "../../../src/storage/core/databases";
import { errorRow, eventRow, MORNING, SECOND, store } from "../../storage/seed";

const STORED = MAX_STORED_SAMPLES + 50;
const FAILED = MAX_FAILED_SAMPLES + 20;
const type = { category: "page interaction", name: "pageview" };

/** More events and errors than are sampled, every tenth of another application, and some of another type. */
beforeAll(async () => {
  const own = (n: number) => ({ application: n % 10 === 0 ? "blog" : "shop", session: `s${n % 20}` });
  await store(databasesOf(env), {
    events: Array.from({ length: STORED }, (_, n) =>
      eventRow({
        ...own(n),
        id: `event ${n}`,
        occurredAt: MORNING + n * SECOND,
        name: n % 50 === 0 ? "click" : type.name,
      }),
    ),
    errors: Array.from({ length: FAILED }, (_, n) =>
      errorRow({
        ...own(n),
        id: `error ${n}`,
        receivedAt: MORNING + n * SECOND,
        name: n % 50 === 0 ? "click" : type.name,
      }),
    ),
  });
});

const expected = (count: number, kind: string, most: number, isOf: (n: number) => boolean) =>
  Array.from({ length: count }, (_, n) => count - 1 - n)
    .filter((n) => n % 50 !== 0 && isOf(n))
    .slice(0, most)
    .map((n) => `${kind} ${n}`);

describe("the samples of a type", () => {
  it("are its newest events, newest first", async () => {
    const ids = (await newestEvents(env, type, null)).map(({ id }) => id);
    expect(ids).toEqual(expected(STORED, "event", MAX_STORED_SAMPLES, () => true));
    expect(ids).toHaveLength(MAX_STORED_SAMPLES);
  });

  it("are its newest errors, newest first", async () => {
    const ids = (await newestErrors(env, type, null)).map(({ key }) => key.id);
    expect(ids).toEqual(expected(FAILED, "error", MAX_FAILED_SAMPLES, () => true));
    expect(ids).toHaveLength(MAX_FAILED_SAMPLES);
  });

  it("are of the visible applications alone", async () => {
    const isOfBlog = (n: number) => n % 10 === 0;
    const events = await newestEvents(env, type, ["blog"]);
    expect(events.map(({ id }) => id)).toEqual(expected(STORED, "event", MAX_STORED_SAMPLES, isOfBlog));
    const errors = await newestErrors(env, type, ["blog"]);
    expect(errors.map(({ key }) => key.id)).toEqual(expected(FAILED, "error", MAX_FAILED_SAMPLES, isOfBlog));
  });
});
