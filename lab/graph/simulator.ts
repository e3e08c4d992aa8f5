import { getRequestListener } from "@hono/node-server";
import { createServer, type Server } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { JWTPayload } from "jose";
import type { LabClock } from "../clock.ts";
import { assemble, type SimulationOptions } from "./assemble.ts";
import type { FaultRegistry } from "./faults/fault-registry.ts";
import type { RequestListener } from "./http/hooks.ts";
import type { GraphCounters } from "./record/counters.ts";
import type { TrafficRecord } from "./record/traffic.ts";
import type { Callout } from "./workflows/engine.ts";
import { truthOf, type Truth } from "./record/truth.ts";
import type { Violation } from "./record/violations.ts";

/** A running simulator of Microsoft Graph v1.0 and Entra for the tenants of one seed. */
export type GraphLab = {
  /** `https://localhost:PORT`; Graph below `/v1.0`, tokens at `/{tenantId}/oauth2/v2.0/token`. */
  readonly url: string;
  /**
   * What is still going on; empty at rest. Retries of notifications count when due within 5 s; what the clock expects
   * does not, the clock lists it itself.
   */
  busy(): string[];
  counters(): GraphCounters;
  /** Records with a sequence number above `since`, in order. */
  traffic(since?: number): TrafficRecord[];
  forgetTraffic(isOver: (record: TrafficRecord) => boolean): void;
  violations(): readonly Violation[];
  /** What no call shows: whose account is whose, and who gave what. */
  truth(tenantId: string): Truth;
  readonly faults: FaultRegistry;
  /** A token that the authority has signed and would never issue. Graph knows none of them. */
  sign(claims: JWTPayload): Promise<string>;
  /** The listener is awaited before each request is handled and before its answer is sent. Returns what removes it. */
  onRequest(listener: RequestListener): () => void;
  /** Real latency of every answer from now on, ms: a world can be set up at once and then be measured. */
  setRtt(ms: number): void;
  /** Hears of what the Logic Apps of lifecycle workflows are sent. */
  onCallout(listener: (callout: Callout) => void): void;
  /** Runs sync cycles now, of all jobs or of the matching ones. */
  runSyncCycle(sourceTenantId?: string, jobId?: string): Promise<void>;
  /** Serves a request without the network; a request the network would break is rejected. */
  fetch(request: Request): Promise<Response>;
  close(): Promise<void>;
};

export type GraphOptions = SimulationOptions & {
  /** PEM leaf for localhost and 127.0.0.1. */
  readonly ca: { readonly cert: string; readonly key: string };
  /** 0, the default, picks a free port. */
  readonly port?: number;
};

export async function startGraph(options: GraphOptions): Promise<GraphLab> {
  const simulation = await assemble(options);
  const answer = getRequestListener((request, env) => simulation.fetch(request, env));
  const server = createServer({ cert: options.ca.cert, key: options.ca.key }, (request, response) => {
    void answer(request, response);
  });
  // Clients keep connections open between bursts; closing first would look like a reset to them.
  server.keepAliveTimeout = 65_000;
  const greeting = greetings(server, options.clock);
  await listen(server, options.port ?? 0);
  // A listening TCP server has an address with a port.
  const { port } = server.address() as AddressInfo;
  const { lab, conduct, hooks } = simulation;
  return {
    url: `https://localhost:${port}`,
    busy: () => [...greeting(), ...conduct.inFlight(), ...lab.notifier.busy(), ...lab.sync.busy()],
    counters: () => ({ tenants: lab.counters.tenants(), webhooks: lab.notifier.counters() }),
    traffic: (since = 0) => lab.traffic.since(since),
    forgetTraffic: (isOver) => lab.traffic.forget(isOver),
    violations: () => lab.violations.all(),
    truth(tenantId) {
      const tenant = lab.tenants.get(tenantId);
      if (tenant === undefined) throw new Error(`the lab has no tenant ${tenantId}`);
      return truthOf(tenant);
    },
    faults: lab.faults,
    sign: simulation.sign,
    onRequest: (listener) => hooks.add(listener),
    setRtt(ms) {
      lab.rtt.ms = ms;
    },
    onCallout: (listener) => lab.workflows.onCallout(listener),
    runSyncCycle: (sourceTenantId, jobId) => lab.sync.run(sourceTenantId, jobId),
    fetch: (request) => simulation.fetch(request, {}),
    async close() {
      simulation.close();
      await stop(server);
    },
  };
}

/** Connections that are being made: a handshake takes several turns of both sides, and a request follows it. */
function greetings(server: Server, clock: Pick<LabClock, "stir">): () => readonly string[] {
  // By the client's port: what is accepted and what is encrypted later are two objects.
  const ports = new Set<number | undefined>();
  server.on("connection", (socket: Socket) => {
    const { remotePort } = socket;
    ports.add(remotePort);
    socket.once("close", () => ports.delete(remotePort));
    clock.stir();
  });
  server.on("secureConnection", ({ remotePort }: Socket) => {
    ports.delete(remotePort);
    clock.stir();
  });
  return () => [...ports].map((port) => `a connection from port ${port} is being made`);
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.close((error) => (error === undefined ? resolve() : reject(error)));
    server.closeAllConnections();
  });
}
