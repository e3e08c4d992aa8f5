import type { Context } from "hono";
import { GraphProblem } from "./problem.ts";

/** The JSON a request carries, or why Graph would not read it. */
export type RequestBody =
  | { readonly kind: "read"; readonly body: unknown }
  | { readonly kind: "unreadable"; readonly problem: GraphProblem };

export async function readBody(c: Context): Promise<RequestBody> {
  const { method } = c.req;
  if (method === "GET" || method === "HEAD") return { kind: "read", body: undefined };
  const text = await c.req.text();
  if (text === "") return { kind: "read", body: undefined };
  if (c.req.header("content-type")?.includes("json") !== true) {
    return unreadable("Entity only allows writes with a JSON Content-Type header.");
  }
  try {
    return { kind: "read", body: JSON.parse(text) as unknown };
  } catch {
    return unreadable(
      "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.",
    );
  }
}

function unreadable(message: string): RequestBody {
  return { kind: "unreadable", problem: new GraphProblem(400, "BadRequest", message) };
}
