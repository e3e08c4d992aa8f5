import { Command, CommanderError } from "commander";
import { addApiSchema } from "./api-schema.ts";
import { addFindings } from "./findings.ts";
import { addPolicyCheck } from "./policy-check.ts";
import { addPolicySchema } from "./policy-schema.ts";

const muster = new Command("muster")
  .description("Keeps analysts' access in every tenant they defend equal to one policy file.")
  .exitOverride()
  .showHelpAfterError();

const policy = muster.command("policy").description("check the policy file, or write its JSON schema");
addPolicyCheck(policy);
addPolicySchema(policy);
addApiSchema(muster.command("api").description("write the OpenAPI document of the operators' API"));
addFindings(muster);

try {
  await muster.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  // Commander has printed its message and help; 1 is kept for "the answer is no".
  process.exitCode = error.exitCode === 0 ? 0 : 2;
}
