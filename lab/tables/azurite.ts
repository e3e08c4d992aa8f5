import { randomBytes } from "node:crypto";
import type { RequestListener } from "node:http";
import Module, { createRequire, enableCompileCache, flushCompileCache } from "node:module";
import type { LabClock } from "../clock.ts";
import { compileCache } from "../compile-cache.ts";
import { openDoor, type Door } from "./door.ts";

/** Azurite's table service, in memory, behind a door. */
export type TableServer = {
  readonly connectionString: string;
  readonly door: Pick<Door, "shut" | "open" | "isOpen" | "slow">;
  /** Requests that are being answered. */
  readonly busy: () => string[];
  /** How many requests there have been. */
  readonly requests: () => number;
  readonly close: () => Promise<void>;
};

const account = "lab";

/** In this process: a process of its own would make of every request of the app two more, to it and back. */
export async function startTables(clock: LabClock): Promise<TableServer> {
  const key = randomBytes(32);
  const { Listener, Store } = loadAzurite();
  const store = new Store("tables", true);
  await store.init();
  const accounts = { getAccount: (name: string) => (name === account ? { name, key1: key } : undefined) };
  const listener = new Listener(store, accounts, false, undefined, true, undefined, false);
  const door = await openDoor(clock, listener.createRequestListener());
  return {
    connectionString: `DefaultEndpointsProtocol=http;AccountName=${account};AccountKey=${key.toString("base64")};TableEndpoint=http://127.0.0.1:${door.port}/${account};`,
    door,
    requests: () => door.letInSoFar(),
    busy() {
      const count = door.unanswered();
      return count === 0 ? [] : [`tables: ${count} requests`];
    },
    async close() {
      await door.close();
      await store.close();
    },
  };
}

/** What is used of Azurite, which has no types. */
type Azurite = {
  readonly Store: new (
    name: string,
    inMemory: boolean,
  ) => { readonly init: () => Promise<void>; readonly close: () => Promise<void> };
  readonly Listener: new (
    store: object,
    accounts: object,
    accessLog: boolean,
    accessLogStream: undefined,
    skipsApiVersionCheck: boolean,
    oauth: undefined,
    disablesProductStyleUrl: boolean,
  ) => { readonly createRequestListener: () => RequestListener };
};

function loadAzurite(): Azurite {
  enableCompileCache(compileCache);
  const tables = createRequire(import.meta.url).resolve("azurite/dist/src/table/TableServer.js");
  const load = createRequire(tables);
  // Azurite loads it even when its telemetry is off, and spends three quarters of its start on that.
  const unused = "applicationinsights";
  const telemetry = load.resolve(unused);
  load.cache[telemetry] = Object.assign(new Module(telemetry), { loaded: true });
  readOnce(load, "uri-templates");
  const { default: Store } = load("./persistence/LokiTableMetadataStore.js") as {
    default: Azurite["Store"];
  };
  const { default: Listener } = load("./TableRequestListenerFactory.js") as {
    default: Azurite["Listener"];
  };
  // Whoever is killed would otherwise leave nothing compiled to the next one.
  flushCompileCache();
  return { Store, Listener };
}

/** Azurite reads the same dozen templates anew for every request, which is a tenth of the work on it. */
function readOnce(load: NodeJS.Require, name: string): void {
  const read = load(name) as (template: string) => unknown;
  const known = new Map<string, unknown>();
  const readAgain = (template: string) => {
    const found = known.get(template) ?? read(template);
    known.set(template, found);
    return found;
  };
  const cached = load.cache[load.resolve(name)];
  if (cached !== undefined) cached.exports = readAgain;
}
