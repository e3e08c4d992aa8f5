import { expect } from "vitest";
import type { OperatorName } from "../../lab/world.ts";
import type { Scene } from "./lab.ts";
import { tokenFor } from "./token.ts";

export type ApiAnswer = { readonly status: number; readonly headers: Headers; readonly body: unknown };

type Sent = {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
};

/** Somebody who calls Muster's API, with the token of an app role. */
export type Operator = {
  readonly call: (method: string, path: string, sent?: Sent) => Promise<ApiAnswer>;
  /** What is asked for is JSON, or text that may be none. */
  readonly ask: (body: unknown, key?: string) => Promise<ApiAnswer>;
};

export async function operatorIn(
  { lab }: Pick<Scene, "lab">,
  role: OperatorName | "both",
): Promise<Operator> {
  const { operator, operators } = lab.world.apps;
  const token = await tokenFor(lab, role === "both" ? operator : operators[role], "api://muster");
  const call: Operator["call"] = async (method, path, { headers, ...sent } = {}) => {
    const response = await fetch(`${lab.hosts[0]?.url}${path}`, {
      method,
      ...sent,
      headers: { authorization: `Bearer ${token}`, ...headers },
    });
    expect(response.headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
    return { status: response.status, headers: response.headers, body: JSON.parse(await response.text()) };
  };
  return {
    call,
    ask: (body, key = crypto.randomUUID()) =>
      call("POST", "/api/resyncs", {
        headers: { "idempotency-key": key },
        body: typeof body === "string" ? body : JSON.stringify(body),
      }),
  };
}
