import type { SmallWorld } from "./small-world.ts";
import { ana } from "./fixtures.ts";

/** Sync makes an account for Ana, and neither its answer nor a stamp says so. */
export function unnamed(world: SmallWorld): void {
  world.provisioner.next(() => {
    world.contoso.create(ana, { stamp: null });
    return { kind: "unnamed" };
  });
  for (let tries = 0; tries < 500; tries += 1) world.provisioner.next(() => ({ kind: "unnamed" }));
}
