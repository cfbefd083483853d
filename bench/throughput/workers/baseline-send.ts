interface Bindings {
  EVENTS: { send(body: unknown): Promise<unknown> };
}

/** The baseline of ingest: it puts the body into the queue, whatever it contains and whoever sent it. */
export default {
  async fetch(request: Request, env: Bindings): Promise<Response> {
    await env.EVENTS.send(await request.json());
    return new Response(null, { status: 202 });
  },
};
