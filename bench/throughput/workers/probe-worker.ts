interface Bindings {
  DB: D1Database;
}

/** Returns the number of readable events, and empties the tables between rounds. Runs beside the Worker under test. */
export default {
  async fetch(request: Request, env: Bindings): Promise<Response> {
    // Partitions are created while events arrive. Their tables are kept between rounds, because a consumer has cached them.
    const { results } = await env.DB.prepare(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name GLOB '*_[0-9]*'",
    ).all<{ name: string }>();
    const own = results.map(({ name }) => name);
    if (request.method === "DELETE") {
      const tables = [...own, "counts", "receipt_counts", "series_hours", "errors", "error_parts", "failures"];
      await env.DB.batch(tables.map((table) => env.DB.prepare(`DELETE FROM ${table}`)));
      return new Response(null, { status: 204 });
    }
    const events = own.filter((name) => name.startsWith("events_")).map((name) => `(SELECT count(*) FROM ${name})`);
    const counts = `SELECT ${["0", ...events].join(" + ")} AS stored, (SELECT count(*) FROM errors) AS failed`;
    return Response.json(await env.DB.prepare(counts).first());
  },
};
