import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { deserialize, serialize } from "node:v8";
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
  loaded ??= parsed(readFileSync(metadataFile, "utf8"), readFileSync(permissionsFile, "utf8"));
  return loaded;
}

/** Parsing takes a second, and every test file with a lab does it: what came of the same texts and the same code is kept. */
function parsed(metadata: string, permissions: string): GraphData {
  const file = join(keptFolder, `graph-data.${keyOf(metadata, permissions)}`);
  if (existsSync(file)) return deserialize(readFileSync(file)) as GraphData; // written below
  const data = { metadata: parseMetadata(metadata), permissions: parsePermissions(permissions) };
  const fresh = `${file}.${process.pid}`;
  mkdirSync(keptFolder, { recursive: true });
  writeFileSync(fresh, serialize(data));
  renameSync(fresh, file);
  return data;
}

const keptFolder = resolve(import.meta.dirname, "../../node_modules/.cache/muster");

function keyOf(...texts: readonly string[]): string {
  const code = readdirSync(import.meta.dirname)
    .toSorted()
    .map((name) => readFileSync(join(import.meta.dirname, name), "utf8"));
  const hash = createHash("sha256");
  for (const text of [...texts, ...code, process.version]) hash.update(text);
  return hash.digest("hex").slice(0, 16);
}
