import type { TrafficRecord } from "../../lab/graph/record/traffic.ts";
import type { RunningLab } from "../../lab/running-lab.ts";

/** What the app did to change something; subscriptions are renewed by the hour, and count as nobody's change. */
export const isWrite = ({ caller, method, template }: TrafficRecord): boolean =>
  caller === "app" && method !== "GET" && !/\/(?:\$batch|checkMemberGroups)$|^\/subscriptions/.test(template);

export const wordsOfWrite = ({ method, path, status, requestBody }: TrafficRecord): string =>
  `${method} ${path} ${status} ${JSON.stringify(requestBody ?? "")}`;

/** The accounts whose assignments a write names: the id of an assignment says nothing of whose it is. */
export function holdersIn({ graph }: RunningLab, { tenantId, path, requestBody }: TrafficRecord): string {
  const words = `${path} ${JSON.stringify(requestBody ?? "")}`;
  const packages = graph.truth(tenantId).assignments.filter(({ id }) => words.includes(id));
  const roles = graph.traffic().filter((one) => {
    if (one.status !== 201 || !one.template.endsWith("/appRoleAssignedTo")) return false;
    return words.includes((one.responseBody as { readonly id: string }).id); // Graph has made it
  });
  const given = roles.map((one) => (one.requestBody as { readonly principalId: string }).principalId); // the same
  return [...packages.map(({ account }) => account ?? ""), ...given].join(" ");
}
