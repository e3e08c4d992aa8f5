import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { adminOf, type Admin } from "../lab/admin.ts";
import type { RunningLab } from "../lab/running-lab.ts";
import { startLab } from "../lab/start-lab.ts";

/** `npm run bench`: counts and ratios of one run in the lab. See bench/README.md. */
const options = new Command("bench")
  .option("--people <n>", "how many go through each phase", Number, 10)
  .option("--targets <n>", "target tenants", Number, 3)
  .option("--rtt <ms>", "latency added to every Graph response", Number, 50)
  .option("--json", "print one JSON document")
  .parse()
  .opts<{ people: number; targets: number; rtt: number; json?: true }>();

type Measured = {
  readonly phase: string;
  readonly people: number;
  readonly requestsEach: number;
  readonly roundTripsEach: number;
  readonly writesEach: number;
  /** Median and worst, in round trips, from the act to the last write in a target. */
  readonly medianRatio: number | null;
  readonly worstRatio: number | null;
};

const folder = await mkdtemp(join(tmpdir(), "muster-bench-"));
const lab = await startLab({
  analysts: 0,
  targets: options.targets,
  rttMs: options.rtt,
  weather: "calm",
  out: join(folder, "lab.json"),
});
try {
  const admin = adminOf(lab.graph, lab.world.apps.admin);
  const people = await hire(admin, options.people);
  const results = [
    await measure("joiner", people, (id) => member(admin, "POST", id, "SOC Readers")),
    await measure("mover", people, async (id) => {
      await member(admin, "POST", id, "SOC Responders");
      await member(admin, "DELETE", id, "SOC Readers");
    }),
    await measure("nothing changed", people, (id) => patch(admin, id, { officeLocation: "1" })),
    await measure("leaver", people, (id) => patch(admin, id, { accountEnabled: false })),
  ];
  if (options.json) console.log(JSON.stringify({ ...options, results }, null, 2));
  else console.table(results);
} finally {
  await lab.stop();
  await rm(folder, { recursive: true, force: true });
}

async function measure(
  phase: string,
  people: readonly string[],
  act: (id: string) => Promise<void>,
): Promise<Measured> {
  const before = lastSeq(lab);
  const ratios: number[] = [];
  for (const id of people) {
    const mark = lastSeq(lab);
    const startedAt = lab.clock.now();
    await act(id);
    await lab.settled();
    const writes = appTraffic(mark).filter(
      (record) => isWrite(record) && record.tenantId !== lab.world.source.tenantId,
    );
    const last = Math.max(0, ...writes.map(({ at, durationMs }) => Date.parse(at) + durationMs));
    if (last > 0 && options.rtt > 0) ratios.push((last - startedAt) / options.rtt);
    await lab.advance(90_000);
  }
  const traffic = appTraffic(before);
  const parts = traffic.filter(({ template }) => !template.endsWith("$batch"));
  const trips = traffic.filter(({ batch }) => batch === undefined);
  const each = (count: number) => Math.round((count / people.length) * 10) / 10;
  const sorted = ratios.toSorted((a, b) => a - b);
  return {
    phase,
    people: people.length,
    requestsEach: each(parts.length),
    roundTripsEach: each(trips.length),
    writesEach: each(parts.filter(isWrite).length),
    medianRatio: rounded(sorted[Math.floor(sorted.length / 2)]),
    worstRatio: rounded(sorted.at(-1)),
  };
}

function rounded(value: number | undefined): number | null {
  return value === undefined ? null : Math.round(value * 10) / 10;
}

type Traffic = ReturnType<RunningLab["graph"]["traffic"]>[number];

function lastSeq({ graph }: RunningLab): number {
  return Math.max(0, ...graph.traffic().map(({ seq }) => seq));
}

function appTraffic(since: number): readonly Traffic[] {
  return lab.graph.traffic(since).filter(({ caller, seq }) => caller === "app" && seq > since);
}

function isWrite({ method, template }: Traffic): boolean {
  return method !== "GET" && !/(?:\$batch|checkMemberGroups)$/.test(template);
}

async function hire(admin: Admin, count: number): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let index = 1; index <= count; index += 1) {
    const userPrincipalName = `bench-${index}@source.example`;
    const user = (await admin.call(lab.world.source.tenantId, "POST", "/users", {
      displayName: `Bench ${index}`,
      userPrincipalName,
      mail: userPrincipalName,
      mailNickname: `bench-${index}`,
      accountEnabled: true,
      passwordProfile: { password: crypto.randomUUID() },
    })) as { id: string }; // Graph answers with the user
    ids.push(user.id);
  }
  await lab.settled();
  await lab.advance(90_000);
  return ids;
}

async function member(admin: Admin, method: "POST" | "DELETE", id: string, group: string): Promise<void> {
  const { tenantId, groups } = lab.world.source;
  const path = `/groups/${groups[group]}/members`;
  if (method === "DELETE") await admin.call(tenantId, method, `${path}/${id}/$ref`);
  else
    await admin.call(tenantId, method, `${path}/$ref`, {
      "@odata.id": `${lab.graph.url}/v1.0/directoryObjects/${id}`,
    });
}

async function patch(admin: Admin, id: string, change: Readonly<Record<string, unknown>>): Promise<void> {
  await admin.call(lab.world.source.tenantId, "PATCH", `/users/${id}`, change);
}
