import { mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { PolicyUnusable } from "../../shared/reconcile/run/policy-in-force.ts";
import { policyFile } from "../../shared/runtime/policy-file.ts";
import { soundPolicy, spoilt } from "../policy/sound-policy.ts";

const deployedAt = Date.UTC(2026, 10, 20, 12);

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "muster-policy-"));
  file = join(folder, "policy.yaml");
});
afterEach(() => rm(folder, { recursive: true }));

/** Puts a file in place, last changed so many minutes after the first deployment. */
async function deploy(text: string, minutes = 0): Promise<void> {
  await writeFile(file, text);
  const changedAt = new Date(deployedAt + minutes * 60_000);
  await utimes(file, changedAt, changedAt);
}

describe("the policy that ships with the deployment", () => {
  test("says what it says, which one it is, and when it was last changed", async () => {
    await deploy(soundPolicy);
    const { policy, hash, changedAt } = await policyFile(file)();
    expect(policy.targets.map(({ name }) => name)).toEqual(["contoso", "fabrikam"]);
    expect(hash).toMatch(/^[0-9a-f]{16}$/);
    expect(changedAt).toBe(deployedAt);
  });

  test("is read again when the file has changed, and not otherwise", async () => {
    await deploy(soundPolicy);
    const load = policyFile(file);
    const first = await load();
    expect(await load()).toBe(first);
    await deploy(spoilt("perRun: 7", "perRun: 8"), 1);
    const second = await load();
    expect(second.policy.guardrails.removals.perRun).toBe(8);
    expect(second.hash).not.toBe(first.hash);
    expect(second.changedAt).toBe(deployedAt + 60_000);
  });

  test("is the same one when the file only says it in other words", async () => {
    await deploy(soundPolicy);
    const { hash } = await policyFile(file)();
    await deploy(`# a comment\n${soundPolicy}`, 1);
    expect((await policyFile(file)()).hash).toBe(hash);
  });

  test("that is broken lets nobody decide, and names its mistakes with their places", async () => {
    await deploy(spoilt("mode: full", "mode: fulll"));
    const error: unknown = await policyFile(file)().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(PolicyUnusable);
    expect(error).toMatchObject({ kind: "broken", message: expect.stringMatching(/policy\.yaml:\d+:\d+/) });
  });

  test("is in use again as soon as it is mended", async () => {
    await deploy(spoilt("mode: full", "mode: fulll"));
    const load = policyFile(file);
    await load().catch(() => undefined);
    await deploy(soundPolicy, 1);
    expect((await load()).policy.targets).toHaveLength(2);
  });

  test("that is not there is an error, and is read when it is", async () => {
    const load = policyFile(file);
    await expect(load()).rejects.toThrow("ENOENT");
    await deploy(soundPolicy);
    expect((await load()).changedAt).toBe(deployedAt);
  });
});
