import { writeFile } from "node:fs/promises";
import type { Command } from "commander";
import { errorText } from "../shared/model/error-text.ts";
import { policyJsonSchema } from "../shared/policy/policy-schema.ts";

const committedFile = "policy.schema.json";

export function addPolicySchema(parent: Command): void {
  parent
    .command("schema")
    .description("print the JSON schema of the policy file, from which editors take their help")
    .option("--write [file]", `write it to a file instead (${committedFile} unless named)`)
    .action(async (options: { write?: string | true }) => {
      const json = `${JSON.stringify(policyJsonSchema(), null, 2)}\n`;
      if (options.write === undefined) process.stdout.write(json);
      else process.exitCode = await writeSchema(options.write === true ? committedFile : options.write, json);
    });
}

async function writeSchema(file: string, json: string): Promise<number> {
  try {
    await writeFile(file, json);
  } catch (error) {
    console.error(`cannot write ${file}: ${errorText(error)}`);
    return 2;
  }
  console.log(`wrote ${file}`);
  return 0;
}
