import { describe, expect, it } from "vitest";
import { consume } from "../../src/pipeline/consumer";
import { homeDatabase } from "../../src/storage/databases";
import { batchOf, databases, envelopeOf, eventOf, pipelineWith } from "./harness";
import { meter } from "./meter";

const named = (prefix: string, count: number) => Array.from({ length: count }, (_, index) => `${prefix}-${index}`);

describe("the bill of a batch", () => {
  it("is at most three rows written per fresh event and one per slot that it opens; none for a redelivered batch", async () => {
    const events = named("bill", 20).flatMap((session) =>
      named("e", 10).map((id, index): [string, unknown] => [
        `${session}-${id}`,
        eventOf(session, { timestamp: `2021-01-01 09:0${index}:00` }),
      ]),
    );
    const body = envelopeOf(events);
    const real = pipelineWith();
    // The series are there, as they are in a database in use; the counts of these minutes are not.
    await consume(batchOf([envelopeOf(named("warm", 9).map((session) => [session, eventOf(session)]))]).batch, real);
    const first = meter(databases);
    await consume(batchOf([body]).batch, { ...real, databases: first.databases });
    const counts = await Promise.all(
      databases.map(({ binding }) =>
        binding
          .prepare("SELECT (SELECT count(*) FROM counts) + (SELECT count(*) FROM series_minutes) AS n")
          .first<number>("n"),
      ),
    );
    const cells = counts.reduce((sum, n) => (sum ?? 0) + (n ?? 0), 0) ?? 0;
    const opens = 20;
    expect(first.rowsWritten()).toBeGreaterThanOrEqual(3 * 200 + opens);
    expect(first.rowsWritten()).toBeLessThanOrEqual(3 * 200 + opens + cells);
    const again = meter(databases);
    await consume(batchOf([body]).batch, { ...real, databases: again.databases });
    expect(again.rowsWritten()).toBe(0);
  });

  it("is a constant number of statements per database and batch, whatever the number of sessions", async () => {
    const statementsFor = async (prefix: string, count: number) => {
      const { databases: metered, statements } = meter(databases);
      const body = envelopeOf(named(prefix, count).map((session) => [session, eventOf(session)]));
      await consume(batchOf([body]).batch, pipelineWith({ databases: metered }));
      return statements();
    };
    const ten = await statementsFor("ten", 10);
    expect(ten).toEqual([6, 6, 6]);
    expect(await statementsFor("hundred", 100)).toEqual(ten);
  });

  it("does not ask a database about sessions that cannot lie there", async () => {
    const { databases: metered, statements } = meter(databases);
    // The first database is a candidate of every session, and the only one of those that live there.
    const sessions = named("elsewhere", 30).filter((session) => homeDatabase(session, 3) === 0);
    const body = envelopeOf(sessions.map((session) => [session, eventOf(session)]));
    await consume(batchOf([body]).batch, pipelineWith({ databases: metered }));
    expect(statements().slice(1)).toEqual([0, 0]);
  });
});
