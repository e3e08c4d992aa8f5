import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { Hono, type Context, type MiddlewareHandler } from "hono";
import { authorizeCallsOf } from "../identity/authorize.ts";
import type { Lab } from "../lab.ts";
import { plainHeaders } from "../record/traffic.ts";
import type { Reply } from "./call.ts";
import type { Conduct } from "./conduct.ts";
import type { GraphEnv } from "./graph-env.ts";
import { Hang } from "./hang.ts";
import { openCall, pathOf, type Identity } from "./open-call.ts";
import { GraphProblem, notImitated, problemReply } from "./problem.ts";
import { readBody } from "./read-body.ts";
import type { Handler, Route } from "./router.ts";

export type GraphApp = { readonly app: Hono<GraphEnv>; readonly route: Route };

/** The Graph endpoint: proves the caller, finds the operation and conducts it. */
export function graphApp(lab: Lab, conduct: Conduct, identity: Identity): GraphApp {
  const app = new Hono<GraphEnv>();
  let seq = 0;

  const gateway: MiddlewareHandler<GraphEnv> = async (c, next) => {
    const details = { identity, seq: ++seq };
    try {
      c.res = toResponse(await conducted(c, next, details));
    } catch (error) {
      if (error instanceof Hang) c.res = hangUp(c, error);
      else if (error instanceof GraphProblem) c.res = toResponse(refuse(lab, c, { error, ...details }));
      else throw error;
    }
  };

  async function conducted(
    c: Context<GraphEnv>,
    next: () => Promise<void>,
    details: Details,
  ): Promise<Reply> {
    const request = c.env.part === undefined ? await readBody(c) : { kind: "read" as const, ...c.env.part };
    const body = request.kind === "read" ? request.body : undefined;
    const call = openCall(lab, c, { ...details, body });
    c.set("call", call);
    return conduct.run(call, async () => {
      if (request.kind === "unreadable") throw request.problem;
      await next();
      const answer = c.get("answer");
      if (answer === undefined) throw notImitated(`${call.method} ${call.template}`);
      return answer();
    });
  }

  app.use("/v1.0/*", gateway);
  app.onError((error) => {
    throw error;
  });
  return {
    app,
    route: (method, path, handler) => {
      const authorize = authorizeCallsOf(method, path);
      const allowed: Handler = (call, params) => {
        authorize(call);
        return handler(call, params);
      };
      app.on(method, `/v1.0${path.replace(/\{(\w+)\}/g, ":$1")}`, (c) => perform(c, allowed));
    },
  };
}

type Details = { readonly identity: Identity; readonly seq: number };

// Hono would turn an exception into its own answer: it is carried past Hono instead.
async function perform(c: Context<GraphEnv>, handler: Handler): Promise<Response> {
  try {
    const reply = await handler(c.get("call"), c.req.param());
    c.set("answer", () => reply);
  } catch (error) {
    c.set("answer", () => {
      throw error;
    });
  }
  return c.body(null);
}

function toResponse(reply: Reply): Response {
  const { status, headers, body, text } = reply;
  if (text !== undefined) {
    return new Response(text, { status, headers: { ...headers, "Content-Type": "text/plain" } });
  }
  if (body === undefined) return new Response(null, { status, ...(headers && { headers }) });
  const type = "application/json;odata.metadata=minimal;odata.streaming=true;charset=utf-8";
  return new Response(JSON.stringify(body), { status, headers: { ...headers, "Content-Type": type } });
}

/** An answer to someone who is nobody here: recorded, but part of no tenant. */
function refuse(lab: Lab, c: Context<GraphEnv>, refusal: { error: GraphProblem; seq: number }): Reply {
  const at = lab.clock.now();
  const requestId = lab.mint("request");
  const clientRequestId = c.req.header("client-request-id") ?? null;
  const reply = problemReply(refusal.error, { at, requestId, clientRequestId });
  const url = new URL(c.req.url);
  lab.traffic.recordRaw({
    seq: refusal.seq,
    at: new Date(at).toISOString(),
    answeredAt: new Date(at).toISOString(),
    tenantId: "",
    appId: "",
    caller: "app",
    method: c.req.method,
    url: url.href,
    path: pathOf(url),
    template: pathOf(url),
    query: Object.fromEntries(url.searchParams),
    requestHeaders: plainHeaders(c.req.raw.headers),
    requestBody: undefined,
    status: reply.status,
    responseHeaders: reply.headers ?? {},
    responseBody: reply.body,
    durationMs: 0,
  });
  return reply;
}

function hangUp(c: Context<GraphEnv>, hang: Hang): Response {
  const { incoming } = c.env;
  // Called in process, without a socket to break: the caller's fetch fails.
  if (incoming === undefined) throw hang;
  incoming.socket.destroy();
  return RESPONSE_ALREADY_SENT;
}
