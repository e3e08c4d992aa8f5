import { serve } from "@hono/node-server";
import { Hono, type Context } from "hono";
import { Temporal } from "temporal-polyfill";
import { z } from "zod";
import { faultSchema, type Fault } from "./graph/faults/fault-schema.ts";
import { outerFaults, outerFaultSchema, type OuterFault } from "./outer-faults.ts";
import { hostOfTimer } from "./host/host-process.ts";
import type { RunningLab } from "./running-lab.ts";

export type Control = { readonly url: string; readonly close: () => Promise<void> };

type Parts = Omit<RunningLab, "stop" | "description" | "controlUrl">;

/** A look at rest waits for keys that fall due within this time: they belong to what is going on. */
const soonMs = 15_000;

/** The control API: JSON over HTTP, on this machine only. docs/lab.md lists its calls. */
export async function startControl(parts: Parts): Promise<Control> {
  const app = new Hono();
  app.onError((error, context) => context.json({ error: error.message }, 500));
  app.notFound((context) =>
    context.json({ error: `there is no ${context.req.method} ${context.req.path}; see docs/lab.md` }, 404),
  );
  clockRoutes(app, parts);
  faultRoutes(app, parts);
  evidenceRoutes(app, parts);
  hostRoutes(app, parts);
  return new Promise((resolve) => {
    const server = serve({ fetch: app.fetch, hostname: "127.0.0.1", port: 0 }, ({ port }) =>
      resolve({
        url: `http://127.0.0.1:${port}`,
        close: () =>
          new Promise<void>((closed) => {
            server.close(() => closed());
            if ("closeAllConnections" in server) server.closeAllConnections();
          }),
      }),
    );
  });
}

const refuse = (context: Context, error: string) => context.json({ error }, 400);

async function bodyOf(context: Context): Promise<unknown> {
  return context.req.json().catch(() => undefined);
}

const advanceSchema = z.object({ by: z.string(), rest: z.boolean().default(true) });

function clockRoutes(app: Hono, { clock, advance, settled }: Parts): void {
  app.get("/clock", (context) => context.json({ now: new Date(clock.now()).toISOString() }));
  app.post("/clock/advance", async (context) => {
    const parsed = advanceSchema.safeParse(await bodyOf(context));
    const byMs = parsed.success ? milliseconds(parsed.data.by) : null;
    if (byMs === null || !parsed.success)
      return refuse(
        context,
        'send {"by": "PT40M"}: an ISO 8601 duration in days, hours, minutes or seconds; with "rest": false nothing is waited for',
      );
    await advance(byMs, parsed.data.rest ? {} : { rest: "no" });
    return context.json({ now: new Date(clock.now()).toISOString() });
  });
  app.get("/settled", async (context) => {
    const timeoutMs = Number(context.req.query("timeoutMs") ?? 60_000);
    const soon = Number(context.req.query("soonMs") ?? soonMs);
    if (!(timeoutMs >= 0) || !(soon >= 0))
      return refuse(context, "timeoutMs and soonMs are numbers of milliseconds");
    const busy = await settled({ timeoutMs, soonMs: soon });
    return context.json({ settled: busy.length === 0, busy }, busy.length === 0 ? 200 : 408);
  });
}

function milliseconds(duration: string): number | null {
  try {
    const ms = Temporal.Duration.from(duration).total("milliseconds");
    return ms >= 0 ? ms : null;
  } catch {
    return null;
  }
}

const anyFaultSchema = z.discriminatedUnion("kind", [...faultSchema.options, ...outerFaultSchema.options]);
const outerKinds: readonly string[] = outerFaultSchema.options.map(({ shape }) => shape.kind.value);
const kinds = anyFaultSchema.options.map(({ shape }) => shape.kind.value).join(", ");

const isOuter = (fault: Fault | OuterFault): fault is OuterFault => outerKinds.includes(fault.kind);

function faultRoutes(app: Hono, parts: Parts): void {
  const { graph } = parts;
  const outer = outerFaults(parts);
  app.post("/faults", async (context) => {
    const parsed = anyFaultSchema.safeParse(await bodyOf(context));
    if (!parsed.success)
      return refuse(
        context,
        `This fault cannot be injected: ${z.prettifyError(parsed.error)}. Known kinds: ${kinds}.`,
      );
    const fault = parsed.data;
    return context.json({ id: isOuter(fault) ? outer.add(fault) : graph.faults.add(fault) }, 201);
  });
  app.get("/faults", (context) => context.json([...graph.faults.list(), ...outer.list()]));
  app.delete("/faults", (context) => {
    graph.faults.clear();
    outer.clear();
    return context.body(null, 204);
  });
  app.delete("/faults/:id", (context) => {
    const id = context.req.param("id");
    graph.faults.remove(id);
    outer.remove(id);
    return context.body(null, 204);
  });
}

function evidenceRoutes(app: Hono, { graph, bus }: Parts): void {
  app.get("/violations", (context) => context.json(graph.violations()));
  app.get("/counters", (context) => {
    const queues = bus.stats();
    return context.json({ ...graph.counters(), bus: { queues, parked: queues["parked"]?.active ?? 0 } });
  });
  app.get("/parked", (context) => context.json(bus.peek("parked")));
  app.get("/dead-letters", (context) =>
    context.json(
      ["analysts", "arrivals", "access", "sweeps"].flatMap((queue) => bus.peek(queue, "deadLetter")),
    ),
  );
  app.get("/traffic", (context) => {
    const records = graph.traffic(Number(context.req.query("since") ?? 0));
    const lines = records.map((record) => `${JSON.stringify(record)}\n`).join("");
    return context.body(lines, 200, { "content-type": "application/x-ndjson" });
  });
}

function hostRoutes(app: Hono, { hosts }: Parts): void {
  const numbered = (context: Context) =>
    hosts[Number(context.req.param("n")) - 1] ?? hosts[Number(context.req.param("n"))];
  app.post("/hosts/:n/kill", async (context) => {
    const host = numbered(context);
    if (host === undefined)
      return context.json({ error: `there are ${hosts.length} hosts; the first is 1` }, 404);
    await host.kill();
    return context.json({ state: host.state() });
  });
  app.post("/hosts/:n/start", async (context) => {
    const host = numbered(context);
    if (host === undefined)
      return context.json({ error: `there are ${hosts.length} hosts; the first is 1` }, 404);
    await host.start();
    return context.json({ state: host.state() });
  });
  app.post("/timers/:function/fire", async (context) => {
    const running = hosts.filter((candidate) => candidate.state() === "running");
    if (running.length === 0) return context.json({ error: "no host is running" }, 409);
    const name = context.req.param("function");
    const infos = running.flatMap((host) => host.functions());
    const timers = new Set(infos.flatMap((info) => (info.kind === "timer" ? [info.name] : [])));
    if (!timers.has(name)) return context.json({ error: `the timers are ${[...timers].join(", ")}` }, 404);
    await hostOfTimer(hosts, name)?.fireTimer(name);
    return context.body(null, 204);
  });
}
