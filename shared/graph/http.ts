import type { TokenCredential } from "@azure/identity";
import {
  AuthenticationHandler,
  Client,
  HTTPMessageHandler,
  ResponseType,
  type Context,
  type Middleware,
} from "@microsoft/microsoft-graph-client";
import { errorText } from "../model/error-text.ts";

export type Method = "GET" | "POST" | "PATCH" | "DELETE";

/** One HTTP exchange with Graph, or one part of a batch. `path` follows /v1.0 and is already encoded. */
export type HttpCall = {
  readonly method: Method;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Not to be sent any more after this, epoch ms by this machine's clock. */
  readonly sendBefore?: number;
  readonly timeoutMs: number;
};

/** What came back; status 0 when nothing did, with `network`, `timeout` or `token` as the error's code. */
export type HttpAnswer = {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
};

/** It was not sent, because its time was over before there was a place for it. */
export const late: HttpAnswer = {
  status: 0,
  headers: {},
  body: { error: { code: "late", message: "there was no place for this call in time, so it was not made" } },
};

export type Http = (call: HttpCall) => Promise<HttpAnswer>;

/**
 * Graph's own client with its authentication and HTTP middleware. Its retry handler is left out on purpose: it cannot
 * see the parts of a batch, and the gateway needs to know whether an earlier try may have gone through.
 */
export function graphHttp(options: { readonly url: string; readonly credential: TokenCredential }): Http {
  const scope = `${options.url}/.default`;
  const authentication = new AuthenticationHandler({
    getAccessToken: () => tokenInTime(options.credential, scope),
  });
  authentication.setNext(inTime(new HTTPMessageHandler()));
  const client = Client.initWithMiddleware({
    middleware: authentication,
    baseUrl: options.url,
    defaultVersion: "v1.0",
    customHosts: new Set([new URL(options.url).hostname]),
  });
  return async (call) => {
    try {
      return await exchange(client, call);
    } catch (error) {
      return noAnswer(error);
    }
  };
}

/** The last moment at which a call can be kept back: getting the token may have taken its time. */
const inTime = (next: Middleware): Middleware => ({
  async execute(context: Context) {
    const { sendBefore } = context.options as Pick<HttpCall, "sendBefore">;
    if (sendBefore !== undefined && sendBefore < Date.now()) throw new Late();
    await next.execute(context);
  },
});

class Late extends Error {
  override readonly name = "Late";
}

/** A token service that does not answer must not hold up a whole tenant. */
const tokenTimeoutMs = 10_000;
export const tokenTimeoutText = `no token came within ${tokenTimeoutMs / 1_000} s`;

/** Not every credential listens to its signal, so the time runs beside it as well. */
async function tokenInTime(credential: TokenCredential, scope: string): Promise<string> {
  const abortSignal = AbortSignal.timeout(tokenTimeoutMs);
  const { promise: tooLate, reject } = Promise.withResolvers<never>();
  const end = () => reject(new TokenTimeout(tokenTimeoutText));
  abortSignal.addEventListener("abort", end, { once: true });
  const token = await Promise.race([credential.getToken(scope, { abortSignal }), tooLate]).finally(() =>
    // Somebody who listens keeps the signal in memory until its time has come, for every request of that time.
    abortSignal.removeEventListener("abort", end),
  );
  if (token === null) throw new TokenTimeout("the credential gave no token");
  return token.token;
}

/** Named so that it is told from a time-out of Graph itself. */
class TokenTimeout extends Error {
  override readonly name = "CredentialUnavailableError";
}

async function exchange(client: Client, call: HttpCall): Promise<HttpAnswer> {
  const request = client
    .api(call.path)
    .headers({ ...call.headers })
    .options({ signal: AbortSignal.timeout(call.timeoutMs), sendBefore: call.sendBefore })
    .responseType(ResponseType.RAW);
  const response = await send(request, call);
  const text = await response.text();
  return { status: response.status, headers: Object.fromEntries(response.headers), body: parse(text) };
}

function send(request: ReturnType<Client["api"]>, { method, body }: HttpCall): Promise<Response> {
  switch (method) {
    case "GET":
      return request.get() as Promise<Response>; // RAW: the client hands the fetch Response through
    case "POST":
      return request.post(body ?? {}) as Promise<Response>; // the same
    case "PATCH":
      return request.patch(body) as Promise<Response>; // the same
    case "DELETE":
      return request.delete() as Promise<Response>; // the same
    default:
      return method satisfies never;
  }
}

function parse(text: string): unknown {
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Names that @azure/identity gives its errors; the Graph client keeps them as `code`. */
const tokenErrors = new Set([
  "AuthenticationError",
  "AuthenticationRequiredError",
  "AggregateAuthenticationError",
  "CredentialUnavailableError",
]);

function noAnswer(error: unknown): HttpAnswer {
  const name = error instanceof Error && "code" in error ? String(error.code) : "";
  if (name === "Late") return late;
  const message = errorText(error);
  const code = tokenErrors.has(name) ? "token" : /Timeout|Abort/.test(name) ? "timeout" : "network";
  return { status: 0, headers: {}, body: { error: { code, message } } };
}
