import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Metadata } from "./metadata.ts";
import { parseMetadata } from "./parse-metadata.ts";
import { parsePermissions, type PermissionTable } from "./permissions.ts";

export type GraphData = { readonly metadata: Metadata; readonly permissions: PermissionTable };

/** Where Microsoft's files are looked for: `metadata.xml` and `permissions.json`. */
const graphDataFolder = resolve(
  import.meta.dirname,
  "../..",
  process.env["MUSTER_GRAPH_DATA"] ?? "../shared/graph",
);

/** What to tell the reader when checks against Microsoft's files cannot run. */
export const graphDataNotice =
  `Graph's published metadata is not in ${graphDataFolder}: checks against it do not run. ` +
  "Set MUSTER_GRAPH_DATA to a folder with metadata.xml (CSDL, v1.0) and permissions.json.";

let loaded: GraphData | undefined;

/**
 * Graph's metadata and permission table, read once per process; undefined when either file is absent.
 *
 * The files are Microsoft's and are not part of this repository: msgraph-metadata `clean_v10_metadata` and
 * microsoft-graph-devx-content `permissions/new` hold the current ones.
 */
export function graphData(): GraphData | undefined {
  const metadataFile = join(graphDataFolder, "metadata.xml");
  const permissionsFile = join(graphDataFolder, "permissions.json");
  if (!existsSync(metadataFile) || !existsSync(permissionsFile)) return undefined;
  loaded ??= {
    metadata: parseMetadata(readFileSync(metadataFile, "utf8")),
    permissions: parsePermissions(readFileSync(permissionsFile, "utf8")),
  };
  return loaded;
}
