import { readFile } from "node:fs/promises";
import { formatProblems, parsePolicy } from "../policy/parse-policy.ts";
import type { Policy } from "../policy/policy.ts";

/**
 * Reads the policy that ships with the deployment.
 * @throws Error with every mistake in the file, each with its line and column.
 */
export async function readPolicy(file: string): Promise<Policy> {
  const parsed = parsePolicy(await readFile(file, "utf8"), file);
  if (parsed.kind === "ok") return parsed.policy;
  throw new Error(
    `The policy is not valid, so nothing is changed anywhere; events wait until it is.\n${formatProblems(file, parsed.problems)}`,
  );
}
