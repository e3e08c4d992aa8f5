import type { Call, Reply } from "./call.ts";

export type Handler = (call: Call, params: Readonly<Record<string, string>>) => Reply | Promise<Reply>;

/** Registers the handler of one operation; the path is written as Graph's reference writes it: `/users/{id}`. */
export type Route = (
  method: "GET" | "POST" | "PATCH" | "PUT" | "DELETE",
  path: string,
  handler: Handler,
) => void;

/** The value of a path parameter the route declares. */
export function param(params: Readonly<Record<string, string>>, name: string): string {
  const value = params[name];
  if (value === undefined) throw new Error(`The route has no parameter '${name}'.`);
  return value;
}
