import type { Socket } from "node:net";
import type { Connection, Container, EventContext, Receiver, Sender } from "rhea";
import type { Queue } from "../engine/queue.ts";
import { serveCbs } from "./cbs.ts";
import { deliverTo, echoReceiver } from "./client-receiver.ts";
import { serveSender } from "./client-sender.ts";
import { entityNotFound, notAllowed } from "./conditions.ts";
import type { EntityFinder } from "./entity.ts";
import { IdleLinks } from "./idle-links.ts";
import { serveManagement } from "./management.ts";
import { ReplyLinks } from "./reply-links.ts";
import {
  acceptSocket,
  createConnection,
  forgiveEndedSessions,
  keepMessageBytes,
  silence,
} from "./rhea-internals.ts";
import { ServedLinks, type ServedLink } from "./served-links.ts";
import { readSessionWish, serveSession } from "./session-receiver.ts";

const connectionOptions = {
  max_frame_size: 65_536,
  idle_time_out: 120_000,
  tcp_no_delay: true,
  // A `modified` outcome would otherwise be reported as `released` as well and be settled twice.
  sender_options: { treat_modified_as_released: false },
  receiver_options: { autoaccept: false, credit_window: 1000 },
};

export type ConnectionSettings = {
  readonly findEntity: EntityFinder;
  /** After how long a link that nobody uses is detached, real time. */
  readonly idleLinkMs: number;
};

/** Serves one client connection until its socket closes. */
export function serveConnection(
  socket: Socket,
  container: Container,
  { findEntity, idleLinkMs }: ConnectionSettings,
): void {
  const connection = createConnection(container, connectionOptions);
  const replies = new ReplyLinks();
  const links = new ServedLinks();
  const idle = new IdleLinks(idleLinkMs);
  const context = { findEntity, replies, idle };
  connection.on("session_open", ({ session }: EventContext) => session && keepMessageBytes(session));
  connection.on("session_close", ({ session }: EventContext) => links.endSession(session));
  connection.on("receiver_open", ({ receiver }: EventContext) => receiver && openSender(receiver, context));
  connection.on("sender_open", ({ sender }: EventContext) => {
    const served = sender && openReceiver(sender, context);
    if (sender !== undefined && served !== undefined) links.add(sender, served);
  });
  connection.on("sender_close", ({ sender }: EventContext) => {
    if (sender === undefined) return;
    idle.end(sender);
    links.end(sender);
  });
  connection.on("receiver_close", ({ receiver }: EventContext) => receiver && idle.end(receiver));
  tolerate(connection);
  forgiveEndedSessions(connection);
  sendAcks(socket, connection);
  acceptSocket(connection, socket);
  // rhea does not watch this event, and a socket that the broker destroys raises no other.
  socket.on("close", () => {
    idle.endAll();
    links.endAll();
    silence(connection);
  });
}

type Context = {
  readonly findEntity: EntityFinder;
  readonly replies: ReplyLinks;
  readonly idle: IdleLinks;
};

/** A link over which the client sends: tokens, management requests or messages. */
function openSender(link: Receiver, context: Context): void {
  const { address } = link.target;
  if (address === "$cbs") return serveCbs(link, context);
  const entity = context.findEntity(address);
  if (entity?.node === "management") return serveManagement(link, entity.queue, context.replies);
  context.idle.watch(link);
  return serveSender(link, context.findEntity);
}

/** A link over which the client receives: answers or messages. */
function openReceiver(link: Sender, { findEntity, replies, idle }: Context): ServedLink | undefined {
  const { address } = link.source;
  const entity = findEntity(address);
  echoReceiver(link);
  if (address === "$cbs" || entity?.node === "management") {
    replies.add(link);
    return undefined;
  }
  if (entity === undefined) {
    link.close(entityNotFound(address));
    return undefined;
  }
  idle.watch(link);
  return serveReceiver(link, entity.queue);
}

function serveReceiver(link: Sender, queue: Queue): ServedLink | undefined {
  const { name } = queue.settings;
  const wish = readSessionWish(link);
  if (wish === undefined && queue.sessions === undefined) {
    const subscription = deliverTo(link, queue, (consumer) => queue.subscribe(consumer));
    // Its locks stay: they belong to the queue and run out by themselves.
    return { stop: () => subscription.cancel(), release() {} };
  }
  if (wish !== undefined && queue.sessions !== undefined) {
    return serveSession(link, { queue, sessions: queue.sessions, wish });
  }
  const problem = wish === undefined ? "needs sessions: accept one to receive" : "has no sessions to accept";
  link.close(notAllowed(`The queue '${name}' ${problem}.`));
  return undefined;
}

// A link or connection that fails is closed as well, and that is handled.
const harmless = [
  "disconnected",
  "connection_error",
  "connection_close",
  "session_error",
  "sender_error",
  "receiver_error",
];

/** rhea throws what nobody listens to. What it catches from a handler is a bug, or a client that breaks the protocol. */
function tolerate(connection: Connection): void {
  for (const event of harmless) connection.on(event, () => {});
  for (const event of ["error", "protocol_error"]) {
    connection.on(event, (error: Error) => process.emitWarning(error));
  }
}

const emptyFrame = Buffer.from([0, 0, 0, 8, 2, 0, 0, 0]);

/**
 * Answers every chunk of bytes with something, if only an empty frame (AMQP 1.0, 2.3.2), so that the TCP
 * acknowledgement travels at once. The client leaves Nagle's algorithm on: its next frame would otherwise wait for the
 * delayed acknowledgement, 40 ms on Linux.
 */
function sendAcks(socket: Socket, connection: Connection): void {
  socket.on("data", () => {
    const before = socket.bytesWritten;
    setImmediate(() => {
      const isSilent = socket.bytesWritten === before;
      if (isSilent && connection.is_open() && socket.writable) socket.write(emptyFrame);
    });
  });
}
