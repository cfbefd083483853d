import { checkAlerts } from "./alerting/check-alerts";
import { createApp } from "./api/app";
import { compactionIoOf } from "./compaction/compaction-io";
import { claimRun } from "./compaction/compactor-lease";
import { consumeErasures, resumeErasures } from "./compaction/erasure/consume-erasures";
import { erasureIoOf } from "./compaction/erasure/erasure-io";
import { findRestored } from "./compaction/erasure/restore/find-restored";
import { consumeCompaction } from "./compaction/run-compaction";
import { observed } from "./http/local-mode";
import { ruleSourceOf } from "./http/rule-source";
import { configOf } from "./model/configuration";
import { MAX_ERRORS_PER_STEP } from "./model/replay";
import { consume } from "./pipeline/consumer";
import { consumeDeadLetters } from "./pipeline/dead-letters";
import { consumeJobs, type JobPipeline, wakeJobs } from "./pipeline/jobs/run-jobs";
import type { Pipeline } from "./pipeline/process-batch";
import { consumeReplays, type ReplayPipeline } from "./pipeline/replay/replay";
import { archiveOf } from "./storage/archive/archive-bucket";
import { databasesOf, firstDatabase } from "./storage/core/databases";
import { deleteReceiptMinutes } from "./storage/counts/receipt-counts";
import { isolateErasures } from "./storage/erasures/erasure-source";
import { maintainKeys } from "./storage/keys/published-keys";
import { maintainPartitions } from "./storage/partitions/partition-maintenance";
import { isolatePartitions } from "./storage/partitions/partition-store";
import { maintainProperties } from "./storage/properties/maintain-properties";
import { maintainSessionCounts } from "./storage/session-counts/maintain-session-counts";
import { writeBatch } from "./storage/write/write-batch";

export { Session } from "./session/session-object";

const app = createApp();

export default {
  fetch: app.fetch,

  async queue(delivered, env) {
    if (delivered.queue.endsWith("compaction")) {
      // What a restored database lacks must not move to the archive. The cron starts a new run.
      if (await findRestored(erasureIoOf(env, log))) {
        delivered.ackAll();
        return;
      }
      const sendNext = async () => void (await env.COMPACTION.send({ v: 1 }));
      await consumeCompaction(delivered, await compactionIoOf(env, configOf(env), log), { clock: now, sendNext });
      return;
    }
    const batch = configOf(env).localMode ? observed(delivered) : delivered;
    if (batch.queue.endsWith("erasures")) {
      await consumeErasures(batch, erasureIoOf(env, log));
      return;
    }
    const pipeline = pipelineOf(env);
    if (batch.queue.endsWith("dead-letters")) await consumeDeadLetters(batch, pipeline);
    else if (batch.queue.endsWith("replays")) await consumeReplays(batch, pipeline);
    else if (batch.queue.endsWith("jobs")) await consumeJobs(batch, jobPipelineOf(env));
    else await consume(batch, pipeline);
  },

  async scheduled({ scheduledTime }, env) {
    const { alertsAllowInsecureHosts, futureToleranceMicros, hotMicros } = configOf(env);
    const databases = databasesOf(env);
    const partitions = isolatePartitions(env);
    await maintainPartitions({ databases, partitions, futureToleranceMicros, log }, scheduledTime * 1000);
    await maintainKeys({ keys: env.KEYS, database: firstDatabase(databases), log });
    const isBehind = await findRestored(erasureIoOf(env, log));
    if (!isBehind && (await claimRun(firstDatabase(databases), scheduledTime * 1000))) {
      await env.COMPACTION.send({ v: 1 });
    }
    await resumeErasures(erasureIoOf(env, log));
    const watching = {
      databases,
      backlog: async () =>
        typeof env.EVENTS.metrics === "function" ? (await env.EVENTS.metrics()).backlogCount : null,
      hasArchive: archiveOf(env) !== null,
      hotMicros,
      fetch: (url: string, init: RequestInit) => fetch(url, init),
      allowInsecureHosts: alertsAllowInsecureHosts,
      clock: now,
      log,
    };
    await checkAlerts(watching, scheduledTime * 1000);
    await deleteReceiptMinutes({ databases, log }, scheduledTime * 1000);
    await maintainProperties({ databases, log }, scheduledTime * 1000);
    await maintainSessionCounts({ databases, log }, scheduledTime * 1000);
    await wakeJobs(jobPipelineOf(env));
  },
} satisfies ExportedHandler<Env, unknown>;

function jobPipelineOf(env: Env): JobPipeline {
  return {
    databases: databasesOf(env),
    sendJob: async (message) => {
      await env.JOBS.send(message);
    },
    now: () => Date.now() * 1000,
    log,
  };
}

function pipelineOf(env: Env): Pipeline & ReplayPipeline {
  const config = configOf(env);
  const rules = ruleSourceOf(env);
  const databases = databasesOf(env);
  return {
    databases,
    partitions: isolatePartitions(env),
    erasures: isolateErasures(firstDatabase(databases)),
    callSession: (session, call) => env.SESSIONS.getByName(session).accept(call),
    write: writeBatch,
    sendDeadLetter: async (body) => {
      await env.DEAD_LETTERS.send(body, { contentType: typeof body === "string" ? "text" : "json" });
    },
    sendAgain: async (body) => {
      await env.EVENTS.send(body, { contentType: typeof body === "string" ? "text" : "json" });
    },
    sendReplay: async (message, delaySeconds) => {
      await env.REPLAYS.send(message, { delaySeconds });
    },
    rules: (receipts) => rules.read(receipts),
    replayRules: (createdAt) => rules.readLatest(createdAt + config.ruleLeadMicros),
    errorsPerStep: MAX_ERRORS_PER_STEP,
    now,
    config,
    log,
  };
}

function now(): number {
  return Date.now() * 1000;
}

function log(line: Record<string, unknown>): void {
  console.log(JSON.stringify(line));
}
