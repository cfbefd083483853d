/**
 * Lets `npm start` shut down without loss: the local queue is in memory, so accepted events must be stored before the
 * process ends. The local platform runs the whole service in one isolate, so a count in memory suffices. Not used in a
 * deployment.
 */

/** Messages that were delivered but not acknowledged: in progress, or waiting for a retry. */
const unfinished = new Set<string>();

let stopping = false;

/** Refuses requests with events from now on, so that the queue can drain. */
export function stopAccepting(): void {
  stopping = true;
}

export function isStopping(): boolean {
  return stopping;
}

export function unfinishedMessages(): number {
  return unfinished.size;
}

/** Wraps a batch to track which of its messages are acknowledged. */
export function observed(batch: MessageBatch<unknown>): MessageBatch<unknown> {
  const messages = batch.messages.map((message) => {
    const key = `${batch.queue} ${message.id}`;
    unfinished.add(key);
    return {
      ...{ id: message.id, timestamp: message.timestamp, body: message.body, attempts: message.attempts },
      ack: () => {
        unfinished.delete(key);
        message.ack();
      },
      retry: (options?: QueueRetryOptions) => message.retry(options),
    };
  });
  return { queue: batch.queue, metadata: batch.metadata, messages, ackAll: () => {}, retryAll: () => {} };
}
