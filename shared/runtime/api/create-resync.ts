import { hash } from "node:crypto";
import { z } from "zod";
import type { Caller } from "../../api/caller.ts";
import { done, endpoint, refuse } from "../../api/endpoint.ts";
import type { SweepScope } from "../../model/sweep.ts";
import type { Policy } from "../../policy/policy.ts";
import { PolicyUnusable } from "../../reconcile/run/policy-in-force.ts";
import { hashOf } from "../../reconcile/run/plan-hash.ts";
import { beginSweep, newSweepId } from "../../reconcile/sweep/begin-sweep.ts";
import type { ApiPorts } from "./api-ports.ts";
import { scopeOfSweep, scopeSchema, whoAsked } from "./run-words.ts";

/** Has somebody, a target or everything compared now, and repaired where that is asked for. */
export const createResync = endpoint({
  name: "create-resync",
  method: "POST",
  route: "resyncs",
  role: "Muster.Operate",
  summary: "Compare what the policy wants with what tenants show, and say or do what follows",
  headers: z.object({
    "Idempotency-Key": z
      .string()
      .min(1)
      .max(200)
      .describe(
        "Any text of yours: with the same one, the same request is carried out once, however often it is sent.",
      ),
  }),
  body: z.strictObject({
    scope: scopeSchema,
    mode: z
      .enum(["plan", "apply"])
      .describe("plan: say what would be done, and write nothing; apply: do it, by all rules of the policy."),
  }),
  answer: {
    status: 202,
    means: "It is written down and on the queue.",
    body: z.object({ id: z.string() }),
    headers: { Location: "Where its progress is told." },
  },
  problems: {
    422: "The policy has no such target or tag, or the key was used for something else.",
    503: "What Muster stands on does not answer, or the policy cannot be used; ask again after `Retry-After`.",
  },
  async reply({ body, headers, caller }, ports: ApiPorts) {
    const scope = scopeOfSweep(body.scope);
    const request = hashOf(body);
    const asked = await ports.runs.claimKey(keyOf(caller, headers["Idempotency-Key"]), {
      sweep: newSweepId(ports.now()),
      request,
    });
    if (asked.request !== request) return refuse(422, usedBefore);
    try {
      // Also when it has begun before: whoever asks again may have been left without a message on the queue.
      const wanted = { occasion: "resync", mode: body.mode, scope, by: whoAsked(caller) } as const;
      const begun = await beginSweep(wanted, asked.sweep, ports);
      // A repetition stays what it was when the policy has lost the target since.
      if (begun.kind === "begun" || (await ports.runs.read(asked.sweep)) !== null)
        return done({ id: asked.sweep }, { Location: `/api/resyncs/${asked.sweep}` });
      const { policy } = await ports.policy();
      return refuse(422, `Not in the policy: ${begun.what}. ${whatThereIs(scope, policy)}`);
    } catch (error) {
      if (error instanceof PolicyUnusable) return refuse(503, withoutPolicy[error.kind]);
      throw error;
    }
  },
});

/** Two callers may choose the same key, and a key may hold what no table takes. */
const keyOf = ({ tenant, object }: Caller, key: string) =>
  hash("sha256", JSON.stringify([tenant, object, key]));

const usedBefore =
  "With this Idempotency-Key something else was asked for before. Use a new key for a new request.";

const withoutPolicy: Readonly<Record<PolicyUnusable["kind"], string>> = {
  broken:
    "The policy that is deployed is not valid, so nothing is compared: `muster policy check` says what is wrong with it. Deploy a sound one and ask again with the same key.",
  behind: "A newer policy is being deployed. Ask again in a minute, with the same key.",
};

function whatThereIs({ kind }: SweepScope, { targets }: Policy): string {
  const names = kind === "tag" ? targets.flatMap(({ tags }) => tags) : targets.map(({ name }) => name);
  const few = [...new Set<string>(names)].toSorted();
  const what = kind === "tag" ? "tags" : "targets";
  return few.length === 0 ? `The policy has no ${what}.` : `The ${what} of the policy: ${few.join(", ")}.`;
}
