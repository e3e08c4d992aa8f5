import { adminOf } from "../../lab/admin.ts";
import type { RunningLab } from "../../lab/running-lab.ts";
import { roleGroup, type Person } from "../baseline/usual-script.ts";

/** What an administrator at home does to people, all at once. */
export function staffOf({ graph, world }: RunningLab) {
  const admin = adminOf(graph, world.apps.admin);
  const { tenantId, groups } = world.source;
  return {
    async hire(people: readonly Person[]) {
      await Promise.all(
        people.map(({ id }) =>
          admin.call(tenantId, "POST", `/groups/${groups[roleGroup]}/members/$ref`, {
            "@odata.id": `${graph.url}/v1.0/directoryObjects/${id}`,
          }),
        ),
      );
    },
    async disable(people: readonly Person[]) {
      await Promise.all(
        people.map(({ id }) => admin.call(tenantId, "PATCH", `/users/${id}`, { accountEnabled: false })),
      );
    },
  };
}
