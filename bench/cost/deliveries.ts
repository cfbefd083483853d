/** A consumer's settings, from wrangler.toml. */
export interface ConsumerSettings {
  maxBatchSize: number;
  maxBatchTimeoutMs: number;
}

export interface Delivery<Message> {
  /** When the consumer gets the batch. */
  atMs: number;
  messages: Message[];
}

/**
 * The batches in which a queue delivers its messages: a batch closes when it is full, or when its first message has waited
 * for the timeout. The function is pure, so that counts do not depend on the machine.
 *
 * @param messages in order of time
 */
export function deliveriesOf<Message extends { atMs: number }>(
  messages: readonly Message[],
  { maxBatchSize, maxBatchTimeoutMs }: ConsumerSettings,
): Delivery<Message>[] {
  const deliveries: Delivery<Message>[] = [];
  let open: Delivery<Message> | null = null;
  for (const message of messages) {
    if (open !== null && message.atMs > open.atMs) open = null;
    if (open === null) {
      open = { atMs: message.atMs + maxBatchTimeoutMs, messages: [] };
      deliveries.push(open);
    }
    open.messages.push(message);
    if (open.messages.length === maxBatchSize) {
      open.atMs = message.atMs;
      open = null;
    }
  }
  return deliveries;
}
