import { readFile, stat } from "node:fs/promises";
import { formatProblems, parsePolicy } from "../policy/parse-policy.ts";
import { hashOf } from "../reconcile/run/plan-hash.ts";
import { PolicyUnusable, type PolicyNow } from "../reconcile/run/policy-in-force.ts";

/**
 * The policy that ships with the deployment, read again whenever the file has changed.
 * @returns a function that throws PolicyUnusable with every mistake in the file, each with its line and column
 */
export function policyFile(file: string, textOf = readText): () => Promise<PolicyNow> {
  let known: { readonly version: string; readonly policy: Promise<PolicyNow> } | null = null;
  return async () => {
    const { mtimeMs, size } = await stat(file);
    const version = `${mtimeMs} ${size}`;
    const current = known?.version === version ? known : { version, policy: read(file, mtimeMs, textOf) };
    known = current;
    try {
      return await current.policy;
    } catch (error) {
      // What is wrong with the policy stays wrong until the file is changed; that it could not be read need not.
      if (!(error instanceof PolicyUnusable) && known === current) known = null;
      throw error;
    }
  };
}

const readText = (file: string) => readFile(file, "utf8");

async function read(file: string, changedAt: number, textOf: typeof readText): Promise<PolicyNow> {
  const parsed = parsePolicy(await textOf(file), file);
  if (parsed.kind === "ok") {
    const { policy } = parsed;
    return { policy, hash: hashOf(policy), changedAt: Math.floor(changedAt) };
  }
  throw new PolicyUnusable(
    "broken",
    `The policy is not valid, so nothing is changed anywhere; events wait until it is.\n${formatProblems(file, parsed.problems)}`,
  );
}
