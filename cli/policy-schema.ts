import type { Command } from "commander";
import { policyJsonSchema } from "../shared/policy/policy-schema.ts";
import { tellSchema } from "./tell-schema.ts";

const usual = "policy.schema.json";

export function addPolicySchema(parent: Command): void {
  parent
    .command("schema")
    .description("print the JSON schema of the policy file, from which editors take their help")
    .option("--write [file]", `write it to a file instead (${usual} unless named)`)
    .action(async ({ write }: { write?: string | true }) => {
      process.exitCode = await tellSchema(policyJsonSchema(), { write, usual });
    });
}
