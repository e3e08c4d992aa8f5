import { adminOf } from "./admin.ts";
import type { GraphLab } from "./graph/simulator.ts";
import type { RunningLab } from "./running-lab.ts";
import type { World } from "./world.ts";

type Parts = {
  readonly world: World;
  readonly graph: GraphLab;
  readonly settled: RunningLab["settled"];
  readonly advance: RunningLab["advance"];
};

/** Longer than on-demand provisioning of everybody takes; virtual time. */
const longestMs = 30 * 60_000;

/**
 * Gives the world's analysts their roles as an administrator would, and lets the app do the rest: whoever opens the lab
 * finds a SOC at work, and everything the app remembers of it is its own doing.
 */
export async function enlist({ world, graph, settled, advance }: Parts): Promise<void> {
  const admin = adminOf(graph, world.apps.admin);
  const { tenantId, groups } = world.source;
  await Promise.all(
    world.analysts.map(({ id, role }) => {
      if (role === "hunter") {
        return admin.call(tenantId, "PATCH", `/users/${id}`, {
          department: "SOC",
          jobTitle: "Threat Hunter",
        });
      }
      const group = groups[role === "reader" ? "SOC Readers" : "SOC Responders"];
      const reference = { "@odata.id": `${graph.url}/v1.0/directoryObjects/${id}` };
      return admin.call(tenantId, "POST", `/groups/${group}/members/$ref`, reference);
    }),
  );
  await settled();
  const perAnalystMs = (Object.keys(world.targets).length * 10_000) / 5;
  await advance(Math.min(longestMs, 65_000 + world.analysts.length * perAnalystMs));
  const unrest = await settled();
  if (unrest.length > 0) throw new Error(`the analysts could not all be set up: ${unrest.join("; ")}`);
}
