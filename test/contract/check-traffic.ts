import { batchParts } from "./check-batch.ts";
import { checkRequest, type CheckedRequest, type GraphRequest } from "./check-request.ts";
import { graphData, graphDataNotice, type GraphData } from "./data.ts";
import { leastApplicationPermission, type PermissionAnswer } from "./permissions.ts";

export type CheckedTraffic = {
  /** One line per distinct problem, with the first request that had it and how many did. */
  readonly problems: readonly string[];
  /** Every call that was made, `METHOD template`, parts of batches included. */
  readonly permissions: ReadonlyMap<string, CallPermissions>;
};

type CallPermissions = {
  readonly calls: number;
  /** Usually one; several when the call needs different permissions for different properties. */
  readonly needs: readonly PermissionAnswer[];
};

/**
 * Checks recorded traffic against Graph's metadata and finds the permissions it needs. Throws without the data: ask
 * `graphData()` first.
 */
export function checkTraffic(
  records: readonly GraphRequest[],
  data: GraphData | undefined = graphData(),
): CheckedTraffic {
  if (data === undefined) throw new Error(graphDataNotice);
  const problems = new Map<string, { readonly first: string; readonly count: number }>();
  const permissions = new Map<string, CallPermissions>();
  const check = checkedOnce(data);
  for (const record of records) {
    const checked = check(record);
    for (const problem of checked.problems) {
      const key = `${record.method} ${checked.template}: ${problem}`;
      const seen = problems.get(key);
      problems.set(key, { first: seen?.first ?? record.url, count: (seen?.count ?? 0) + 1 });
    }
    note(permissions, checked);
    const parts = checked.template === "/$batch" ? batchParts(record.body) : [];
    for (const part of parts) {
      // Its problems are already among those of the batch.
      note(permissions, check(part));
    }
  }
  return {
    problems: [...problems].map(([text, { first, count }]) => `${text} (${count} ×, first ${first})`),
    permissions,
  };
}

type Checked = CheckedRequest & { readonly call: string; readonly need: PermissionAnswer };

/** Traffic is the same few hundred requests over and over. */
function checkedOnce({ metadata, permissions }: GraphData): (request: GraphRequest) => Checked {
  const known = new Map<string, Checked>();
  const check = (request: GraphRequest): Checked => {
    const { method, url, body } = request;
    const same = JSON.stringify({ method, url, body });
    const found = known.get(same);
    if (found !== undefined) return found;
    const checked = checkRequest(metadata, request, check);
    const { template, properties } = checked;
    const need = leastApplicationPermission(permissions, { method, path: template, properties });
    const fresh = { ...checked, call: `${method} ${template}`, need };
    known.set(same, fresh);
    return fresh;
  };
  return check;
}

function note(permissions: Map<string, CallPermissions>, { call, need }: Checked): void {
  const { calls, needs } = permissions.get(call) ?? { calls: 0, needs: [] };
  const known = needs.some((other) => JSON.stringify(other) === JSON.stringify(need));
  permissions.set(call, { calls: calls + 1, needs: known ? needs : [...needs, need] });
}
