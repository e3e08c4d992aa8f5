import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { errorText } from "../shared/model/error-text.ts";
import { formatProblems, parsePolicy, type ParsedPolicy } from "../shared/policy/parse-policy.ts";
import type { Policy } from "../shared/policy/policy.ts";

export function addPolicyCheck(parent: Command): void {
  parent
    .command("check")
    .description(
      "report every mistake in a policy file; exits 0 without mistakes, 1 with, 2 if it cannot be read",
    )
    .argument("<file>", "the policy, as YAML")
    .option("--json", "print {ok, problems} on standard output")
    .action(async (file: string, options: { json?: true }) => {
      process.exitCode = await checkPolicy(file, options.json === true ? "json" : "text");
    });
}

async function checkPolicy(file: string, output: "json" | "text"): Promise<number> {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(await readFile(file));
  } catch (error) {
    console.error(`cannot read ${file}: ${errorText(error)}`);
    return 2;
  }
  const parsed = parsePolicy(text, file);
  if (output === "json") printJson(parsed);
  else printText(file, parsed);
  return parsed.kind === "ok" ? 0 : 1;
}

function printJson(parsed: ParsedPolicy): void {
  const problems = parsed.kind === "ok" ? [] : parsed.problems;
  console.log(JSON.stringify({ ok: parsed.kind === "ok", problems }, null, 2));
}

function printText(file: string, parsed: ParsedPolicy): void {
  if (parsed.kind === "ok") return console.log(`${file}: no mistakes; ${summary(parsed.policy)}`);
  const { length } = parsed.problems;
  console.error(formatProblems(file, parsed.problems));
  console.error(`\n${length} ${length === 1 ? "mistake" : "mistakes"} in ${file}`);
}

function summary({ roles, targets }: Policy): string {
  const modes = (["observe", "add-only", "full"] as const).map((mode) => {
    const count = targets.filter((target) => target.mode === mode).length;
    return `${count} ${mode}`;
  });
  return `roles: ${roles.length}, targets: ${targets.length} (${modes.join(", ")})`;
}
