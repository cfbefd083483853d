/** The baseline of every request: it answers and does nothing. */
export default {
  fetch: () => new Response(null, { status: 202 }),
};
