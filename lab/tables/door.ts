import { connect, createServer, type Socket } from "node:net";
import { once } from "node:events";
import type { LabClock } from "../clock.ts";

/** What everybody goes through who speaks with a server on this machine: it can be shut, and it can be slow. */
export type Door = {
  readonly port: number;
  /** Breaks every connection and every new one until then, virtual time. The server behind it keeps running. */
  shut(until: number): void;
  /** Opens it at once, whatever was said before. */
  open(): void;
  readonly isOpen: () => boolean;
  /** How much later everything reaches the server, virtual time. */
  slow(ms: number): void;
  /** How many requests wait for the server's answer; those that wait for the clock are not among them. */
  readonly unanswered: () => number;
  close(): Promise<void>;
};

export async function openDoor(clock: LabClock, serverPort: number): Promise<Door> {
  let shutUntil = 0;
  let lateMs = 0;
  const passages = new Set<Passage>();
  const server = createServer({ noDelay: true }, (client) => {
    // A connection that is reset at once is what clients of an unreachable service see.
    if (clock.now() < shutUntil) client.resetAndDestroy();
    else letIn(client);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The door to the tables has no port.");

  function letIn(client: Socket): void {
    const behind = connect({ port: serverPort, host: "127.0.0.1", noDelay: true });
    const passage = joinSockets(client, behind, { clock, lateMs: () => lateMs });
    passages.add(passage);
    client.once("close", () => passages.delete(passage));
  }

  const breakAll = () => {
    for (const passage of passages) passage.end();
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
    unanswered: () => [...passages].filter((passage) => passage.isAsking()).length,
    async close() {
      const closed = once(server, "close");
      server.close();
      breakAll();
      await closed;
    },
  };
}

type Passage = { end(): void; isAsking(): boolean };

function joinSockets(
  client: Socket,
  behind: Socket,
  { clock, lateMs }: { readonly clock: LabClock; readonly lateMs: () => number },
): Passage {
  const end = () => {
    breakOff(client);
    breakOff(behind);
  };
  // A request comes in pieces and is late as a whole; the next one begins after its answer.
  let held: Promise<void> | undefined;
  let isAsking = false;
  const ask = (chunk: Buffer) => {
    isAsking = true;
    behind.write(chunk);
  };
  client.on("data", (chunk: Buffer) => {
    if (lateMs() > 0) held ??= clock.hold(lateMs(), "a slow request to the tables");
    if (held === undefined) ask(chunk);
    else void held.then(() => behind.writable && ask(chunk));
  });
  behind.on("data", () => {
    held = undefined;
    isAsking = false;
  });
  behind.pipe(client);
  for (const socket of [client, behind]) {
    socket.on("error", () => undefined); // "close" follows
    // Whichever side ends takes the other with it, so that nobody waits for an answer that cannot come.
    socket.on("close", end);
  }
  return { end, isAsking: () => isAsking };
}

/** A socket that is ending already is only destroyed: libuv refuses to reset it, and its handle would then never close. */
function breakOff(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}
