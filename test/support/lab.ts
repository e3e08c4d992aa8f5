import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { TableClient } from "@azure/data-tables";
import { adminOf, type Admin } from "../../lab/admin.ts";
import type { RunningLab } from "../../lab/running-lab.ts";
import { startLab, type LabOptions } from "../../lab/start-lab.ts";
import type { WeatherName } from "../../lab/weather.ts";
import { journal, type JournalEntry } from "../../shared/state/journal.ts";
import { checkTraffic } from "../contract/check-traffic.ts";
import { graphData, graphDataNotice } from "../contract/data.ts";
import { opened } from "./opened-labs.ts";

/** A lab for one test file, and what its tests do in it, in the words of an administrator. */
export type Scene = {
  readonly lab: RunningLab;
  readonly admin: Admin;
  readonly targets: readonly string[];
  /** A new source user without any role. */
  readonly hire: (name: string) => Promise<Person>;
  readonly join: (person: Person, group: string) => Promise<void>;
  readonly drop: (person: Person, group: string) => Promise<void>;
  readonly disable: (person: Person) => Promise<void>;
  readonly patch: (person: Person, change: Readonly<Record<string, unknown>>) => Promise<void>;
  readonly remove: (person: Person) => Promise<void>;
  readonly restore: (person: Person) => Promise<void>;
  /**
   * Lets everything happen that is due within this much virtual time. Left out: as long as the last look at an event is
   * away in this weather, and catch-up where notifications get lost.
   */
  readonly pass: (ms?: number) => Promise<void>;
  /** What an administrator of the target sees of this person. */
  readonly accessIn: (person: Person, target: string) => Promise<Access>;
  /** The same for every target, as `{contoso: "enabled: SOC Readers"}`. */
  readonly access: (person: Person) => Promise<Readonly<Record<string, string>>>;
  /** Requests of the app that changed or tried to change something, since a moment of `mark`. */
  readonly writes: (since?: number) => readonly string[];
  /** The same for subscriptions, which are renewed by the hour and count as nobody's change. */
  readonly upkeep: (since?: number) => readonly string[];
  readonly mark: () => number;
  readonly entries: (person: Person) => Promise<readonly JournalEntry[]>;
};

export type Person = {
  readonly id: string;
  readonly userPrincipalName: string;
  readonly displayName: string;
};
type Access = {
  readonly account: "none" | "enabled" | "blocked" | "deleted";
  readonly groups: readonly string[];
};

/** Opens a lab in a hook; it is closed after the file's last test. */
export async function openScene(options: LabOptions = {}): Promise<Scene> {
  const folder = await mkdtemp(join(tmpdir(), "muster-test-"));
  const logs: string[] = [];
  const lab = await startLab({
    analysts: 0,
    out: join(folder, "lab.json"),
    onLog: (line) => {
      if (process.env["MUSTER_TEST_LOGS"] !== undefined && line.category === "user")
        logs.push(JSON.stringify(line));
    },
    ...options,
  });
  opened.push(async () => {
    await lab.stop();
    for (const line of logs) process.stderr.write(`${line}\n`);
    await rm(folder, { recursive: true, force: true });
  });
  return sceneIn(lab, options.weather ?? "azure");
}

/** Looks are taken for five minutes; catch-up comes every fifteen, and what it hears is looked at as long again. */
const lastLookMs = { calm: 330_000, azure: 25 * 60_000, storm: 50 * 60_000 } as const;

/** Tests that belong at the end of every file with a lab: what the app sent to Graph was valid and well-mannered. */
export function testManners(scene: () => Scene): void {
  test("the app kept Graph's manners throughout", () => {
    expect(scene().lab.graph.violations()).toEqual([]);
  });
  const data = graphData();
  test.skipIf(data === undefined)(
    `every request is valid in Microsoft's metadata${data === undefined ? ` (${graphDataNotice})` : ""}`,
    () => {
      const records = scene()
        .lab.graph.traffic()
        .filter(({ caller }) => caller === "app")
        .map(({ method, url, requestBody }) => ({ method, url: afterVersion(url), body: requestBody }));
      expect(records.length).toBeGreaterThan(0);
      const { problems, permissions } = checkTraffic(records);
      expect(problems).toEqual([]);
      const unknown = [...permissions].filter(([, { needs }]) =>
        needs.some(({ kind }) => kind === "unknown"),
      );
      expect(unknown.map(([call]) => call)).toEqual([]);
    },
  );
}

const afterVersion = (url: string) => url.slice(url.indexOf("/v1.0/") + "/v1.0".length);

function sceneIn(lab: RunningLab, weather: WeatherName): Scene {
  const admin = adminOf(lab.graph, lab.world.apps.admin);
  const { tenantId: source, groups } = lab.world.source;
  const targets = Object.keys(lab.world.targets);
  const tenants: Readonly<Record<string, { readonly tenantId: string }>> = {
    ...lab.world.targets,
    ...lab.world.pullTargets,
  };
  const accessIn = (person: Person, target: string) =>
    readAccess(admin, tenants[target]?.tenantId ?? "", person);
  return {
    lab,
    admin,
    targets,
    hire: (name) => hire(admin, source, name),
    async join({ id }, group) {
      const reference = { "@odata.id": `${lab.graph.url}/v1.0/directoryObjects/${id}` };
      await admin.call(source, "POST", `/groups/${groups[group]}/members/$ref`, reference);
    },
    async drop({ id }, group) {
      await admin.call(source, "DELETE", `/groups/${groups[group]}/members/${id}/$ref`);
    },
    async disable({ id }) {
      await admin.call(source, "PATCH", `/users/${id}`, { accountEnabled: false });
    },
    async patch({ id }, change) {
      await admin.call(source, "PATCH", `/users/${id}`, change);
    },
    async remove({ id }) {
      await admin.call(source, "DELETE", `/users/${id}`);
    },
    async restore({ id }) {
      await admin.call(source, "POST", `/directory/deletedItems/${id}/restore`);
    },
    async pass(ms = lastLookMs[weather]) {
      await lab.settled();
      await lab.advance(ms);
    },
    accessIn,
    async access(person) {
      const seen = await Promise.all(
        targets.map(async (target) => [target, words(await accessIn(person, target))]),
      );
      return Object.fromEntries(seen) as Record<string, string>; // pairs of strings
    },
    writes: (since = 0) => writesOf(lab, since).filter((write) => !isUpkeep(write)),
    upkeep: (since = 0) => writesOf(lab, since).filter(isUpkeep),
    mark: () => Math.max(0, ...lab.graph.traffic().map(({ seq }) => seq)),
    entries: (person) => entriesOf(lab, person),
  };
}

async function hire(admin: Admin, source: string, name: string): Promise<Person> {
  const local = name.toLowerCase().replaceAll(" ", ".");
  const userPrincipalName = `${local}@source.example`;
  const user = (await admin.call(source, "POST", "/users", {
    displayName: name,
    userPrincipalName,
    mail: userPrincipalName,
    mailNickname: local,
    accountEnabled: true,
    passwordProfile: { password: crypto.randomUUID() },
  })) as { id: string }; // Graph answers with the user
  return { id: user.id, userPrincipalName, displayName: name };
}

async function readAccess(admin: Admin, tenantId: string, { userPrincipalName }: Person): Promise<Access> {
  const filter = `$filter=mail eq '${userPrincipalName}'&$select=id,mail,accountEnabled`;
  const accounts = await admin.list(tenantId, `/users?${filter}`);
  if (accounts.length > 1) throw new Error(`${userPrincipalName} has ${accounts.length} accounts`);
  const [account] = accounts;
  if (account === undefined) {
    const bin = await admin.list(tenantId, "/directory/deletedItems/microsoft.graph.user?$select=id,mail");
    return { account: bin.some(({ mail }) => mail === userPrincipalName) ? "deleted" : "none", groups: [] };
  }
  const path = `/users/${String(account["id"])}/memberOf/microsoft.graph.group?$select=id,displayName`;
  const groups = (await admin.list(tenantId, path)).map(({ displayName }) => String(displayName)).toSorted();
  return { account: account["accountEnabled"] === false ? "blocked" : "enabled", groups };
}

const words = ({ account, groups }: Access) =>
  groups.length === 0 ? account : `${account}: ${groups.join(", ")}`;

/** Questions are POSTed, too; everything else that is not a GET changes something. */
function writesOf(lab: RunningLab, since: number): readonly string[] {
  return lab.graph
    .traffic(since)
    .filter(({ caller, method }) => caller === "app" && method !== "GET")
    .filter(({ template }) => !isQuestion(template))
    .map(({ method, template, status }) => `${method} ${template} ${status}`);
}

const isQuestion = (template: string) => /\/(?:\$batch|checkMemberGroups)$/.test(template);
const isUpkeep = (write: string) => write.includes(" /subscriptions");

async function entriesOf(lab: RunningLab, person: Person): Promise<readonly JournalEntry[]> {
  const table = TableClient.fromConnectionString(lab.tables.connectionString, "Journal", {
    allowInsecureConnection: true,
  });
  const days = [0, 1, 2].map((back) =>
    new Date(lab.clock.now() - back * 86_400_000).toISOString().slice(0, 10),
  );
  const entries = (await Promise.all(days.map((day) => journal(table).day(day)))).flat();
  return entries.filter(({ analyst }) => analyst === person.id).toSorted((a, b) => a.at - b.at);
}

/** An end state that is the same in every target, in the words of `Scene.access`. */
export const everywhere = ({ targets }: Scene, state: string) =>
  Object.fromEntries(targets.map((target) => [target, state]));

/** The policy the lab runs with, as text, for tests that change a line of it. */
export const policyText = ({ lab }: Scene): Promise<string> => readFile(lab.policyFile, "utf8");
