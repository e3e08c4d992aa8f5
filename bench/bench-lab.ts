import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { consent } from "../lab/consent.ts";
import type { AppSeed } from "../lab/graph/seed.ts";
import type { RunningLab } from "../lab/running-lab.ts";
import { startLab, type LabOptions } from "../lab/start-lab.ts";
import { buildWorld, type World } from "../lab/world.ts";

/** An application of its own for the baseline: the same permissions, the same quotas, counted apart. */
export const script = { clientId: "5c1f7000-0000-4000-8000-000000000001", clientSecret: "of the script" };

/** As docs/configuration.md has it. */
const workerArguments = "--max-semi-space-size=4 --heap-growing-percent=50";

type Size = { readonly targets: number; readonly analysts?: number };
type More = Pick<LabOptions, "disabled" | "settings" | "startsAt">;

/** A lab whose Graph keeps to the documented quotas and is kind otherwise: what is measured is never the weather's luck. */
export async function withLab<T>(
  size: Size,
  use: (lab: RunningLab) => Promise<T>,
  more: More = {},
): Promise<T> {
  return withWorld(buildWorld({ seed: 1, analysts: size.analysts ?? 0, targets: size.targets }), use, more);
}

/** The same in a world that is there already. */
export async function withWorld<T>(
  world: World,
  use: (lab: RunningLab) => Promise<T>,
  more: More = {},
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "muster-bench-"));
  const lab = await startLab({
    world: withScript(world),
    weather: "calm",
    out: join(folder, "lab.json"),
    ...more,
    settings: { languageWorkers__node__arguments: workerArguments, ...more.settings },
  });
  try {
    return await use(lab);
  } finally {
    await lab.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

function withScript(world: World): World {
  const app: AppSeed = {
    clientId: script.clientId,
    displayName: "The usual script",
    kind: "app",
    secret: script.clientSecret,
    consentedTenants: "all",
    roles: consent,
    owns: Object.values(world.targets).map(({ sync }) => sync.servicePrincipal),
  };
  return {
    ...world,
    seed: {
      ...world.seed,
      apps: [...world.seed.apps, app],
      // Of a small tenant, which is the strictest; over all tenants as documented.
      limits: { resourceUnits: 3_500, writes: 3_000, appResourceUnits: 150_000, appWrites: 35_000 },
    },
  };
}
