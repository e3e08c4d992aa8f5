import rhea from "rhea";
import type {
  AmqpError,
  Connection,
  ConnectionOptions,
  Container,
  Delivery,
  EventContext,
  Message,
  Receiver,
  Sender,
  Session,
} from "rhea";
import type { Socket } from "node:net";

/* oxlint-disable no-underscore-dangle -- rhea's own names */
/*
 * Everything here reaches past rhea's typings, because as a server rhea lacks a hook that Service Bus clients need.
 * Each cast names the fields of rhea 3.0.5 that it uses; that version is pinned exactly in package.json.
 */

type TransferFrame = { performative: { message_format: number | undefined } };
type SessionInternals = {
  on_transfer(frame: TransferFrame): void;
  readonly outgoing: { available(): number };
};
type SenderInternals = {
  credit: number;
  delivery_count: number;
  _draining: boolean;
  _drained: boolean;
  _get_drain(): boolean;
};
type LinkInternals = {
  readonly local: { readonly attach: Record<string, unknown> };
  readonly state: { local_open: boolean; open_requests: number };
};
type Frame = { readonly channel: number };
type FrameHandler = "on_detach" | "on_disposition" | "on_end" | "on_flow" | "on_transfer";
type ConnectionInternals = Record<FrameHandler, (frame: Frame) => void> & {
  readonly remote_channel_map: Readonly<Record<number, unknown>>;
  accept(socket: Socket): void;
  _register(): void;
  readonly socket: Socket | undefined;
  socket_ready: boolean;
  heartbeat_in: NodeJS.Timeout | undefined;
  heartbeat_out: NodeJS.Timeout | undefined;
  abort_idle: NodeJS.Timeout | undefined;
};
type States = {
  accepted(): { described(): unknown };
  rejected(fields: { error: AmqpError }): { described(): unknown };
};

// Any format but 0 makes rhea hand over the bytes; this one is nobody's.
const formatOfSingleMessage = 0x4c_61_62_00;

/** Makes rhea hand over every message as the bytes that came, which it would decode and drop. */
export function keepMessageBytes(session: Session): void {
  const internals = session as unknown as SessionInternals;
  const onTransfer = internals.on_transfer.bind(session);
  internals.on_transfer = (frame) => {
    frame.performative.message_format ||= formatOfSingleMessage;
    onTransfer(frame);
  };
}

/** The bytes of a message that came in, and whether they hold one message or a batch of them. */
export function messageBytes(context: EventContext): { bytes: Buffer; holds: "message" | "batch" } {
  const { message, format } = context as unknown as { message: Buffer; format: number };
  return { bytes: message, holds: format === formatOfSingleMessage ? "message" : "batch" };
}

export function decodeMessage(bytes: Buffer): Message {
  // rhea has two types of the same name; the other one knows no fields.
  return rhea.message.decode(bytes) as unknown as Message;
}

/** How many deliveries the client has allowed on this link since it was opened. */
export function creditLimit(link: Sender): number {
  const { credit, delivery_count } = link as unknown as SenderInternals;
  return credit + delivery_count;
}

/** Whether rhea can still keep track of one more delivery that is not settled. */
export function hasRoom(link: Sender): boolean {
  return (link.session as unknown as SessionInternals).outgoing.available() > 0;
}

/**
 * Makes the link answer a drain also when its last credit was used in the meantime: rhea then leaves the drain flag
 * out, and a client that waits for it closes the link. Call it once, when the link opens.
 */
export function alwaysAnswerDrain(link: Sender): void {
  const internals = link as unknown as SenderInternals;
  internals._get_drain = () => {
    if (!internals._draining || !internals._drained) return false;
    internals.delivery_count += internals.credit;
    internals.credit = 0;
    return true;
  };
}

/** Tells the client that its credit is used up, after what was sent before. */
export function answerDrain(link: Sender): void {
  link.set_drained(true);
  (link.connection as unknown as ConnectionInternals)._register();
}

/** Takes back the attach that rhea answers with by itself; `link.open()` sends it later. */
export function holdAttach(link: Sender): void {
  const { state } = link as unknown as LinkInternals;
  state.local_open = false;
  state.open_requests--;
}

/** Sets fields of the attach that is about to be sent. */
export function describeAttach(link: Sender | Receiver, fields: Readonly<Record<string, unknown>>): void {
  Object.assign((link as unknown as LinkInternals).local.attach, fields);
}

/** Answers a client's disposition, settled. */
export function settleDelivery(delivery: Delivery, refusal?: AmqpError): void {
  const states = rhea.message as unknown as States;
  const state = refusal === undefined ? states.accepted() : states.rejected({ error: refusal });
  delivery.update(true, state.described());
  // rhea keeps a delivery until the other side has settled too, which this client never says: after 2,048 of them
  // the link would stop.
  (delivery as { remote_settled: boolean }).remote_settled = true;
}

/** Makes the connection that will serve an accepted socket; `acceptSocket` starts it. */
export function createConnection(container: Container, options: object): Connection {
  // The typings ask for a port to connect to, which the server's side has no use for.
  return container.create_connection(options as ConnectionOptions);
}

export function acceptSocket(connection: Connection, socket: Socket): void {
  (connection as unknown as ConnectionInternals).accept(socket);
}

/**
 * A client that closes a link which the broker is closing, too, may end its session first. rhea would take the detach that
 * comes afterwards for a breach of the protocol and end the whole connection, with every session on it.
 */
export function forgiveEndedSessions(connection: Connection): void {
  const internals = connection as unknown as ConnectionInternals;
  for (const name of ["on_detach", "on_disposition", "on_end", "on_flow", "on_transfer"] as const) {
    const handle = internals[name].bind(connection);
    internals[name] = (frame) => {
      if (internals.remote_channel_map[frame.channel] !== undefined) handle(frame);
    };
  }
}

/** Ends the connection of a link as a network does: without a word. */
export function breakConnection(link: Sender): void {
  (link.connection as unknown as ConnectionInternals).socket?.destroy();
}

/** After the socket has closed: nothing more is written, and no timer keeps the process alive. */
export function silence(connection: Connection): void {
  const internals = connection as unknown as ConnectionInternals;
  internals.socket_ready = false;
  clearTimeout(internals.heartbeat_in);
  clearTimeout(internals.heartbeat_out);
  clearTimeout(internals.abort_idle);
}
