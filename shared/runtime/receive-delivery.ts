import { errorText } from "../model/error-text.ts";
import { receiveNotifications, type Received } from "../reconcile/events/receive.ts";
import { receivePorts } from "./compose.ts";
import { logTo, type LogTarget } from "./log.ts";

/** An HTTP request as far as a delivery needs it. */
export type Delivery = {
  /** Graph's question whether this endpoint is ours, already URL-decoded; null in an ordinary delivery. */
  readonly validationToken: string | null;
  /** Bytes, as the sender declares them; null when it does not. */
  readonly contentLength: number | null;
  readonly text: () => Promise<string>;
};

export type Answer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

/** Graph batches notifications, but a delivery is a few kilobytes; a megabyte is somebody else. */
const sizeLimit = 1_000_000;

/**
 * Answers a delivery of change notifications: 202 only when Service Bus has the keys, 503 when it has not (then Graph
 * delivers again), 4xx for what no repetition would repair.
 */
export async function receiveDelivery(delivery: Delivery, log: LogTarget): Promise<Answer> {
  const { validationToken } = delivery;
  if (validationToken !== null) return handshake(validationToken);
  if ((delivery.contentLength ?? 0) > sizeLimit) return tooLarge();
  const text = await delivery.text();
  if (text.length > sizeLimit) return tooLarge();
  const received = await receive(text);
  const write = logTo(log);
  switch (received.kind) {
    case "accepted":
      write("info", "Notifications were accepted.", { keys: received.keys, dropped: received.dropped });
      return json(202, { keys: received.keys, dropped: received.dropped });
    case "invalid":
      write("warn", "A delivery could not be read.", { problem: received.problem });
      return json(400, { error: `This is no delivery of change notifications: ${received.problem}.` });
    case "unavailable":
      write("error", "Notifications could not be kept; Graph will deliver them again.", {
        problem: received.problem,
      });
      return json(503, { error: "The notifications could not be put on the queue. Deliver them again." });
    default:
      return received satisfies never;
  }
}

async function receive(text: string): Promise<Received> {
  try {
    return await receiveNotifications(text, await receivePorts());
  } catch (error) {
    return { kind: "unavailable", problem: errorText(error) };
  }
}

/** https://learn.microsoft.com/graph/change-notifications-delivery-webhooks: the decoded token, as plain text. */
function handshake(token: string): Answer {
  const headers = { "content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff" };
  if (token.length > 4_096) return { status: 400, headers, body: "The validation token is too long." };
  return { status: 200, headers, body: token };
}

const tooLarge = () =>
  json(413, {
    error: `A delivery may hold ${sizeLimit} bytes. Graph sends less; nothing of this one was read.`,
  });

const json = (status: number, body: unknown): Answer => ({
  status,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
});
