import type * as Files from "node:fs/promises";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { policyFile } from "../../shared/runtime/policy-file.ts";
import { soundPolicy } from "../policy/sound-policy.ts";

/** How many reads fail before the disk, or the share, answers again. */
const failing = vi.hoisted(() => ({ reads: 0 }));
vi.mock("node:fs/promises", async (original) => {
  const fs = await original<typeof Files>();
  const readFile = async (...args: Parameters<typeof fs.readFile>) => {
    if (failing.reads > 0) {
      failing.reads -= 1;
      throw Object.assign(new Error("EMFILE: too many open files"), { code: "EMFILE" });
    }
    return fs.readFile(...args);
  };
  return { ...fs, readFile };
});

test("a policy that one read could not get is there for the next: a host without it does nothing until it is restarted", async () => {
  const folder = await mkdtemp(join(tmpdir(), "muster-policy-"));
  const file = join(folder, "policy.yaml");
  await writeFile(file, soundPolicy);
  const load = policyFile(file);
  failing.reads = 1;
  await expect(load()).rejects.toThrow("EMFILE");
  await expect(load()).resolves.toBeDefined();
  await rm(folder, { recursive: true });
});
