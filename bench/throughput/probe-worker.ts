interface Bindings {
  DB: D1Database;
}

/** Tells how many events can be read, and empties the tables between rounds. Stands beside the Worker under test. */
export default {
  async fetch(request: Request, env: Bindings): Promise<Response> {
    if (request.method === "DELETE") {
      const tables = ["events", "counts", "series_minutes", "errors", "error_parts"];
      await env.DB.batch(tables.map((table) => env.DB.prepare(`DELETE FROM ${table}`)));
      return new Response(null, { status: 204 });
    }
    const counts = "SELECT (SELECT count(*) FROM events) AS stored, (SELECT count(*) FROM errors) AS failed";
    return Response.json(await env.DB.prepare(counts).first());
  },
};
