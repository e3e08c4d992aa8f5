import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import { once } from "node:events";
import type { Socket } from "node:net";
import type { LabClock } from "../clock.ts";

/** What everybody goes through who asks something of this machine: it can be shut, and it can be slow. */
export type Door = {
  readonly port: number;
  /** Breaks every connection and every new one until then, virtual time. What is behind it keeps running. */
  shut(until: number): void;
  /** Opens it at once, whatever was said before. */
  open(): void;
  readonly isOpen: () => boolean;
  /** How much later every request gets through, virtual time. */
  slow(ms: number): void;
  /** How many requests wait for their answer; those that wait for the clock are not among them. */
  readonly unanswered: () => number;
  /** How many requests were let in so far. */
  readonly letInSoFar: () => number;
  close(): Promise<void>;
};

export async function openDoor(clock: LabClock, answer: RequestListener): Promise<Door> {
  let shutUntil = 0;
  let lateMs = 0;
  let unanswered = 0;
  let soFar = 0;
  const clients = new Set<Socket>();
  const server = createServer({ noDelay: true }, (request, response) => void letIn(request, response));
  server.on("connection", (client: Socket) => {
    // A connection that is reset at once is what clients of an unreachable service see.
    if (clock.now() < shutUntil) client.resetAndDestroy();
    clients.add(client);
    client.once("close", () => clients.delete(client));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The door to the tables has no port.");

  async function letIn(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (lateMs > 0) await clock.hold(lateMs, "a slow request to the tables");
    // Nobody waits for the answer any more when the door was shut meanwhile.
    if (request.socket.destroyed) return;
    unanswered += 1;
    soFar += 1;
    clock.stir();
    response.once("close", () => {
      unanswered -= 1;
      clock.stir();
    });
    answer(request, response);
  }

  const breakAll = () => {
    for (const client of clients) breakOff(client);
  };
  return {
    port: address.port,
    shut(until) {
      shutUntil = Math.max(shutUntil, until);
      breakAll();
    },
    open() {
      shutUntil = 0;
    },
    isOpen: () => clock.now() >= shutUntil,
    slow(ms) {
      lateMs = ms;
    },
    unanswered: () => unanswered,
    letInSoFar: () => soFar,
    async close() {
      const closed = once(server, "close");
      server.close();
      breakAll();
      await closed;
    },
  };
}

/** A socket that is ending already is only destroyed: libuv refuses to reset it, and its handle would then never close. */
function breakOff(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}
