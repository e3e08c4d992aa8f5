import { z } from "zod";
import type { Http, HttpAnswer, HttpCall } from "../../shared/graph/http.ts";

/** What stands in for the network: every exchange is kept, and `answer` says what comes back. */
export type ScriptedHttp = { readonly http: Http; readonly calls: HttpCall[] };

export function scriptedHttp(answer: (call: HttpCall) => HttpAnswer | Promise<HttpAnswer>): ScriptedHttp {
  const calls: HttpCall[] = [];
  return {
    calls,
    async http(call) {
      calls.push(call);
      await Promise.resolve();
      return answer(call);
    },
  };
}

/** Answers one after another; after the last, the last. */
export function inTurn(...answers: readonly HttpAnswer[]): () => HttpAnswer {
  let turn = 0;
  return () => {
    const answer = answers[Math.min(turn, answers.length - 1)];
    turn += 1;
    if (answer === undefined) throw new Error("there is no answer to give");
    return answer;
  };
}

export const ok = (body: unknown = {}, headers: Readonly<Record<string, string>> = {}): HttpAnswer => ({
  status: 200,
  headers,
  body,
});

/** A refusal in Graph's envelope. */
export const refused = (
  status: number,
  { code = "Code", message = "Words.", ...headers }: Readonly<Record<string, string>> = {},
): HttpAnswer => ({ status, headers, body: { error: { code, message } } });

export const throttled = (retryAfter: string): HttpAnswer => refused(429, { "retry-after": retryAfter });

export const noAnswer = (
  code: "network" | "timeout" | "token",
  message = "nothing came back",
): HttpAnswer => ({
  status: 0,
  headers: {},
  body: { error: { code, message } },
});

const batchSchema = z.object({
  requests: z.array(
    z.object({
      id: z.string(),
      method: z.enum(["GET", "POST", "PATCH", "DELETE"]),
      url: z.string(),
      headers: z.record(z.string(), z.string()),
      body: z.unknown().optional(),
    }),
  ),
});

export type BatchPart = z.infer<typeof batchSchema>["requests"][number];

/** The parts of a batch; none of any other call. */
export function partsOf(call: HttpCall): readonly BatchPart[] {
  return call.path === "/$batch" ? batchSchema.parse(call.body).requests : [];
}

/** Answers a batch part by part, in the opposite order, and any other call by itself. */
export function eachPart(answer: (part: { readonly method: string; readonly url: string }) => HttpAnswer) {
  return (call: HttpCall): HttpAnswer => {
    if (call.path !== "/$batch") return answer({ method: call.method, url: call.path });
    const responses = partsOf(call).map((part) => ({ id: part.id, ...answer(part) }));
    return ok({ responses: responses.toReversed() });
  };
}
