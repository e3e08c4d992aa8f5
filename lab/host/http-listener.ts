import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { HttpFunction } from "./host-function.ts";
import { readBody, toHttpInput, writeOutput } from "./http-messages.ts";
import type { HostLog, Invoke } from "./invoke.ts";
import { compareRoutes } from "./route-template.ts";

export type HttpListener = {
  readonly port: number;
  /** Takes no more requests and waits for those in flight. */
  close(): Promise<void>;
};

export type HttpListenerOptions = {
  readonly functions: readonly HttpFunction[];
  readonly routePrefix: string;
  readonly bodyLimitBytes: number;
  /** 0 picks a free one. */
  readonly port: number;
  readonly invoke: Invoke;
  /** `POST /admin/functions/{name}`: starts the function in the background, or says that there is none of that name. */
  readonly startByHand: (functionName: string) => "started" | "unknown";
  /** Wraps each invocation, so that the parent knows what is in flight. */
  readonly track: <T>(what: string, run: () => Promise<T>) => Promise<T>;
  /** Resolves when a request may reach its function. */
  readonly admission: () => Promise<void>;
  readonly log: HostLog;
};

export async function listenHttp(options: HttpListenerOptions): Promise<HttpListener> {
  const sorted = {
    ...options,
    functions: options.functions.toSorted((a, b) => compareRoutes(a.route, b.route)),
  };
  const open = new Set<ServerResponse>();
  const server = createServer((request, response) => {
    open.add(response);
    response.once("close", () => open.delete(response));
    answer(sorted, request, response).catch((error: unknown) => {
      options.log({ level: "error", category: "system", message: `HTTP request failed: ${String(error)}` });
      response.destroy();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) => {
      reject(new Error(`The host cannot listen on 127.0.0.1:${options.port}: ${cause.message}.`, { cause }));
    });
    server.listen(options.port, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  return {
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        // A client would keep its connection for the next request otherwise, and the server would wait for it.
        for (const response of open) if (!response.headersSent) response.setHeader("connection", "close");
        server.closeIdleConnections();
      }),
  };
}

async function answer(
  options: HttpListenerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(`http://${request.headers.host ?? "127.0.0.1"}${request.url ?? "/"}`);
  const segments = pathSegments(url);
  if (segments === undefined) return finish(request, response, 400);
  if (
    request.method === "POST" &&
    segments[0] === "admin" &&
    segments[1] === "functions" &&
    segments.length === 3
  ) {
    return finish(request, response, options.startByHand(segments[2] ?? "") === "started" ? 202 : 404);
  }
  const found = route(options, request.method ?? "GET", segments);
  // A wrong method is 404 as well: the Functions host has no 405.
  if (found === undefined) return finish(request, response, 404);
  await options.track(`HTTP ${request.method} ${url.pathname}`, async () => {
    await options.admission();
    await answerFunction(options, { ...found, url, request, response });
  });
}

type Found = { readonly fn: HttpFunction; readonly params: Readonly<Record<string, string>> };

function route(
  { functions, routePrefix }: HttpListenerOptions,
  method: string,
  segments: readonly string[],
): Found | undefined {
  const prefix = routePrefix === "" ? [] : routePrefix.split("/");
  if (prefix.some((part, index) => part.toLowerCase() !== segments[index]?.toLowerCase())) return undefined;
  for (const fn of functions) {
    const params = fn.methods.includes(method) ? fn.route.match(segments.slice(prefix.length)) : undefined;
    if (params !== undefined) return { fn, params };
  }
  return undefined;
}

async function answerFunction(
  { bodyLimitBytes, invoke, log }: HttpListenerOptions,
  {
    fn,
    params,
    url,
    request,
    response,
  }: Found & { url: URL; request: IncomingMessage; response: ServerResponse },
): Promise<void> {
  const body = await readBody(request, bodyLimitBytes);
  if (body.kind === "tooLarge") {
    response.setHeader("connection", "close");
    return finish(request, response, 413);
  }
  if (body.kind === "chunked") warnChunked(fn, log);
  const http = toHttpInput(request, { url, params, body: body.kind === "bytes" ? body.bytes : undefined });
  try {
    const output = await invoke(fn, { data: { http }, traceParent: traceParentOf(request) });
    writeOutput(response, output?.http);
  } catch {
    // The invocation has logged the error; a caller sees a bare 500, as in Azure.
    finish(request, response, 500);
  }
}

function warnChunked(fn: HttpFunction, log: HostLog): void {
  log({
    level: "warning",
    category: "system",
    functionName: fn.name,
    message: "A chunked request reaches its function without its body, as in Azure. Send a Content-Length.",
  });
}

function traceParentOf({ headers: { traceparent } }: IncomingMessage): string | undefined {
  return typeof traceparent === "string" && /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/.test(traceparent)
    ? traceparent
    : undefined;
}

function finish(request: IncomingMessage, response: ServerResponse, status: number): void {
  request.resume();
  response.writeHead(status, { "content-length": 0 }).end();
}

function pathSegments(url: URL): string[] | undefined {
  try {
    return url.pathname
      .split("/")
      .filter((part) => part !== "")
      .map((part) => decodeURIComponent(part));
  } catch {
    return undefined;
  }
}
