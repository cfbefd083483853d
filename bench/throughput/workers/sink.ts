/** Consumes messages and discards them, so that ingest can be measured alone. */
export default {
  queue: () => undefined,
};
