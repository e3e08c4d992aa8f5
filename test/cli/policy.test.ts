import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { policyJsonSchema } from "../../shared/policy/policy-schema.ts";
import { soundPolicy, spoilt } from "../policy/sound-policy.ts";

type Run = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

function muster(...args: readonly string[]): Promise<Run> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, ["cli/main.ts", ...args], (_, stdout, stderr) =>
      resolve({ code: child.exitCode, stdout, stderr }),
    );
  });
}

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "muster-cli-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function file(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

const badMode = spoilt("mode: full", "mode: ful");

describe("muster policy check", () => {
  test("says what a policy without mistakes holds, and exits 0", async () => {
    const path = await file("sound.yaml", soundPolicy);
    expect(await muster("policy", "check", path)).toEqual({
      code: 0,
      stdout: `${path}: no mistakes; roles: 3, targets: 2 (1 observe, 0 add-only, 1 full)\n`,
      stderr: "",
    });
  });

  test("prints mistakes on standard error, and exits 1", async () => {
    const path = await file("mode.yaml", badMode);
    expect(await muster("policy", "check", path)).toEqual({
      code: 1,
      stdout: "",
      stderr: `${path}:21:5  targets.contoso.mode: "ful" is not a mode; did you mean "full"?\n\n1 mistake in ${path}\n`,
    });
  });

  test("prints mistakes as JSON on request", async () => {
    const run = await muster("policy", "check", "--json", await file("mode.yaml", badMode));
    expect({ ...run, stdout: JSON.parse(run.stdout) as unknown }).toEqual({
      code: 1,
      stdout: {
        ok: false,
        problems: [
          {
            line: 21,
            column: 5,
            path: "targets.contoso.mode",
            message: '"ful" is not a mode',
            hint: 'did you mean "full"?',
          },
        ],
      },
      stderr: "",
    });
  });

  test("says ok as JSON on request", async () => {
    const run = await muster("policy", "check", await file("sound.yaml", soundPolicy), "--json");
    expect(run.code).toBe(0);
    expect(JSON.parse(run.stdout)).toEqual({ ok: true, problems: [] });
  });

  test("exits 2 for a file that is not there", async () => {
    const run = await muster("policy", "check", join(folder, "absent.yaml"));
    expect(run.code).toBe(2);
    expect(run.stderr).toContain(`cannot read ${join(folder, "absent.yaml")}: ENOENT`);
  });

  test("exits 2 for a file that is not text", async () => {
    const run = await muster("policy", "check", await file("binary.yaml", Uint8Array.of(0xff, 0xfe, 0x00)));
    expect(run.code).toBe(2);
    expect(run.stderr).toContain("cannot read");
  });
});

describe("muster policy schema", () => {
  test("prints the schema", async () => {
    const run = await muster("policy", "schema");
    expect(run.code).toBe(0);
    expect(JSON.parse(run.stdout)).toEqual(policyJsonSchema());
  });

  test("writes it to the file that is named", async () => {
    const path = join(folder, "schema.json");
    expect(await muster("policy", "schema", "--write", path)).toEqual({
      code: 0,
      stdout: `wrote ${path}\n`,
      stderr: "",
    });
    expect(JSON.parse(await readFile(path, "utf8"))).toEqual(policyJsonSchema());
  });

  test("says which file cannot be written, and exits 2", async () => {
    const path = join(folder, "absent", "schema.json");
    const run = await muster("policy", "schema", "--write", path);
    expect(run.code).toBe(2);
    expect(run.stderr).toContain(`cannot write ${path}: ENOENT`);
  });
});

describe("muster", () => {
  test.each([
    ["an unknown command", ["polish"], "error: unknown command 'polish'"],
    ["an unknown verb", ["policy", "chek"], "(Did you mean check?)"],
    ["a missing file name", ["policy", "check"], "error: missing required argument 'file'"],
    ["no command", [], "Usage: muster"],
  ])("answers %s with help, and exits 2", async (_, args, expected) => {
    const run = await muster(...args);
    expect(run.code).toBe(2);
    expect(run.stderr).toContain(expected);
    expect(run.stderr).toContain("Usage: muster");
  });

  test("help that was asked for exits 0", async () => {
    const run = await muster("policy", "--help");
    expect(run.code).toBe(0);
    expect(run.stdout).toContain("check [options] <file>");
  });
});
