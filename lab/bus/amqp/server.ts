import { createServer, type Server, type Socket } from "node:net";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import rhea from "rhea";
import { serveConnection, type ConnectionSettings } from "./connection.ts";

export type AmqpServer = {
  readonly port: number;
  dropConnections(): void;
  /** Drops every connection and refuses new ones; resolves when the port is open again. Pauses add up. */
  pause(forMs: number): Promise<void>;
  close(): Promise<void>;
};

/** Listens for AMQP clients on the loopback interface; port 0 picks a free one. */
export async function startAmqpServer({
  port: wanted,
  ...settings
}: ConnectionSettings & { readonly port: number }): Promise<AmqpServer> {
  const container = rhea.create_container();
  const sockets = new Set<Socket>();
  const closing = new AbortController();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    serveConnection(socket, container, settings);
  });
  const dropConnections = () => {
    for (const socket of sockets) socket.destroy();
  };
  const stop = async () => {
    const closed = server.listening ? once(server, "close") : undefined;
    server.close();
    dropConnections();
    await closed;
  };

  const port = await listen(server, wanted);
  const pauseOnce = async (forMs: number) => {
    await stop();
    const isOver = await delay(forMs, true, { signal: closing.signal }).catch(() => false);
    if (isOver) await listen(server, port);
  };
  let pauses = Promise.resolve();
  return {
    port,
    dropConnections,
    pause: (forMs) => (pauses = pauses.then(() => pauseOnce(forMs))),
    async close() {
      closing.abort();
      await stop();
    },
  };
}

async function listen(server: Server, port: number): Promise<number> {
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") {
    throw new Error(`The bus listens on ${address ?? "nothing"} where a TCP port was asked for.`);
  }
  return address.port;
}
