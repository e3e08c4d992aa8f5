import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { policyFile } from "../../shared/runtime/policy-file.ts";
import { soundPolicy } from "../policy/sound-policy.ts";

test("a policy that one read could not get is there for the next: a host without it does nothing until it is restarted", async () => {
  const folder = await mkdtemp(join(tmpdir(), "muster-policy-"));
  const file = join(folder, "policy.yaml");
  await writeFile(file, soundPolicy);
  /** How many reads fail before the disk, or the share, answers again. */
  let failing = 1;
  const load = policyFile(file, async (path) => {
    failing -= 1;
    if (failing >= 0) throw Object.assign(new Error("EMFILE: too many open files"), { code: "EMFILE" });
    return readFile(path, "utf8");
  });
  await expect(load()).rejects.toThrow("EMFILE");
  await expect(load()).resolves.toBeDefined();
  await rm(folder, { recursive: true });
});
