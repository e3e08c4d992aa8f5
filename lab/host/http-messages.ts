import type { IncomingMessage, ServerResponse } from "node:http";
import type { HttpCookie, HttpInput, HttpOutput } from "./worker-contract.ts";

export type RequestBody =
  | { readonly kind: "bytes"; readonly bytes: Buffer | undefined }
  | { readonly kind: "chunked" }
  | { readonly kind: "tooLarge" };

/**
 * Reads a body as the Functions host does: only when Content-Length announces one, so the body of a chunked request is
 * lost (https://github.com/Azure/azure-functions-nodejs-library/issues/171).
 */
export async function readBody(request: IncomingMessage, limitBytes: number): Promise<RequestBody> {
  const announced = Number(request.headers["content-length"] ?? 0);
  if (announced > limitBytes) return { kind: "tooLarge" };
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer); // no encoding is set, so chunks are buffers
  const bytes = Buffer.concat(chunks);
  if (announced === 0 && bytes.length > 0) return { kind: "chunked" };
  return { kind: "bytes", bytes: bytes.length === 0 ? undefined : bytes };
}

export function toHttpInput(
  request: IncomingMessage,
  { url, params, body }: { url: URL; params: Readonly<Record<string, string>>; body: Buffer | undefined },
): HttpInput {
  return {
    method: request.method ?? "GET",
    url: url.href,
    nullableHeaders: wrapped(headersOf(request)),
    nullableQuery: wrapped(queryOf(url)),
    nullableParams: wrapped(params),
    ...(body === undefined ? {} : { body: { bytes: body } }),
  };
}

/** `undefined` is a handler that returned nothing: 204, as in Azure. */
export function writeOutput(response: ServerResponse, output: HttpOutput | undefined): void {
  if (output === undefined) {
    response.writeHead(204).end();
    return;
  }
  for (const [name, value] of Object.entries(output.headers)) response.setHeader(name, value);
  if (output.cookies.length > 0) response.setHeader("set-cookie", output.cookies.map(cookieText));
  const body = Buffer.from(output.body?.bytes ?? []);
  const status = Number(output.statusCode);
  // These statuses have no body, so no length either.
  if (![204, 205, 304].includes(status)) response.setHeader("content-length", body.length);
  response.writeHead(status).end(body);
}

function headersOf(request: IncomingMessage): Record<string, string> {
  const entries = Object.entries(request.headers).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.join(", ") : (value ?? ""),
  ]);
  return Object.fromEntries(entries) as Record<string, string>; // both columns are strings
}

// Azure joins the values of a repeated key.
function queryOf(url: URL): Record<string, string> {
  const query: Record<string, string> = {};
  for (const [key, value] of url.searchParams) {
    query[key] = key in query ? `${query[key]},${value}` : value;
  }
  return query;
}

function wrapped(values: Readonly<Record<string, string>>): Record<string, { readonly value: string }> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, { value }]));
}

const sameSiteNames = { none: undefined, lax: "Lax", strict: "Strict", explicitNone: "None" } as const;

function cookieText(cookie: HttpCookie): string {
  const sameSite = sameSiteNames[cookie.sameSite];
  const expires = cookie.expires && new Date(cookie.expires.value.seconds * 1000).toUTCString();
  return [
    `${cookie.name}=${encodeURIComponent(cookie.value)}`,
    cookie.maxAge && `Max-Age=${cookie.maxAge.value}`,
    cookie.domain && `Domain=${cookie.domain.value}`,
    cookie.path && `Path=${cookie.path.value}`,
    expires && `Expires=${expires}`,
    cookie.secure?.value === true && "Secure",
    cookie.httpOnly?.value === true && "HttpOnly",
    sameSite && `SameSite=${sameSite}`,
  ]
    .filter((part) => typeof part === "string")
    .join("; ");
}
