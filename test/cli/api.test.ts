import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { apiDocument } from "../../shared/runtime/api/api-document.ts";

const muster = (...args: readonly string[]) =>
  promisify(execFile)(process.execPath, ["cli/main.ts", ...args]);

test("muster api schema prints what the API is, or writes it to a file", async () => {
  expect(JSON.parse((await muster("api", "schema")).stdout)).toEqual(apiDocument());
  const folder = await mkdtemp(join(tmpdir(), "muster-api-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, "openapi.json");
  expect((await muster("api", "schema", "--write", file)).stdout).toBe(`wrote ${file}\n`);
  expect(JSON.parse(await readFile(file, "utf8"))).toEqual(apiDocument());
});
