import { createApp } from "./api/app";
import { parseConfig } from "./model/config";
import { consume, type Pipeline } from "./pipeline/consumer";
import { consumeDeadLetters } from "./pipeline/dead-letters";
import { databasesOf } from "./storage/databases";
import { writeBatch } from "./storage/write-batch";

export { Session } from "./pipeline/session";

const app = createApp();

export default {
  fetch: app.fetch,

  async queue(batch, env) {
    const pipeline = pipelineOf(env);
    await (batch.queue.endsWith("dead-letters") ? consumeDeadLetters(batch, pipeline) : consume(batch, pipeline));
  },
} satisfies ExportedHandler<Env, unknown>;

function pipelineOf(env: Env): Pipeline {
  return {
    databases: databasesOf(env),
    callSession: (call) => env.SESSIONS.getByName(call.session).accept(call),
    write: writeBatch,
    sendDeadLetter: async (body) => {
      await env.DEAD_LETTERS.send(body);
    },
    config: parseConfig(env),
    log: (line) => console.log(JSON.stringify(line)),
  };
}
