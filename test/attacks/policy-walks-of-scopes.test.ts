import { expect, test } from "vitest";
import { person } from "../support/crowd.ts";
import { byId, smallPolicy } from "../support/small-policy.ts";
import { eventAbout, smallWorld } from "../support/small-world.ts";
import { withCatchUp } from "../support/with-catch-up.ts";
import {
  contosoTenant,
  contoso,
  dayMs,
  fabrikamTenant,
  groupId,
  hourMs,
  minuteMs,
} from "../support/world.ts";
import { analystRow } from "../../shared/state/analysts.ts";
import { pairRow } from "../../shared/state/pairs.ts";
import { roleNameSchema, type AnalystId, type GroupId } from "../../shared/model/ids.ts";
import type { Policy } from "../../shared/policy/policy.ts";

void fabrikamTenant;
function rng(seed: number) {
  let s = seed >>> 0;
  return () => {
    s = (s + 0x6d2b79f5) >>> 0;
    let t = Math.imul(s ^ (s >>> 15), 1 | s);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

type Way =
  { kind: "group"; group: GroupId } | { kind: "named"; group: GroupId } | { kind: "attr"; value: string };
type Spec = {
  roles: { name: string; way: Way; contoso: number[]; fabrikam: boolean }[];
  stamp: string;
  noise: number;
  scopes?: [number, number];
};

const homes = [11, 12, 60, 61].map(groupId);
const grantsC = [1, 2, 3].map(groupId);

function build(spec: Spec, budget?: { perRun: number; share: number }): Policy {
  const policy = smallPolicy();
  const role = (n: string) => roleNameSchema.parse(n);
  return {
    ...policy,
    guardrails: budget ? { removals: budget } : policy.guardrails,
    leavers: { ...policy.leavers, deleteAfterMs: spec.noise * 1000 },
    source: {
      ...policy.source,
      stamps: policy.source.stamps.map((s) =>
        s.name === "socRoles"
          ? { ...s, name: spec.stamp, property: s.property.replace("socRoles", spec.stamp) }
          : s,
      ),
    },
    roles: spec.roles.map(({ name, way }) => ({
      name: role(name),
      holders:
        way.kind === "attr"
          ? { kind: "attributes", attributes: { department: way.value } }
          : {
              kind: "group",
              group:
                way.kind === "group"
                  ? byId(way.group)
                  : { kind: "name", name: `group ${way.group.slice(-2)}` },
            },
    })),
    targets: policy.targets.map((t) => ({
      ...t,
      sync: {
        ...t.sync,
        scope: {
          kind: "group",
          group: byId(groupId((spec.scopes ?? [9, 8])[t.name === contoso ? 0 : 1])),
        } as const,
      },
      grants: spec.roles.flatMap(({ name, contoso: c, fabrikam }) => {
        const groups =
          t.name === contoso ? c.map((i) => byId(grantsC[i]!)) : fabrikam ? [byId(groupId(4))] : [];
        return groups.length === 0 ? [] : [{ role: role(name), groups }];
      }),
    })),
  };
}

const seeds = process.env["SEEDS"]?.split("-").map(Number) ?? [1, 5];
for (let seed = seeds[0]!; seed <= seeds[1]!; seed += 1)
  test(`seed ${seed}`, async () => {
    const r = rng(seed * 7919);
    const pick = <T>(xs: readonly T[]): T => xs[Math.floor(r() * xs.length)]!;
    const world = smallWorld();
    world.source.users.clear();
    const pass = withCatchUp(world);
    for (const g of homes) world.source.members.set(g, new Set());
    for (const g of [90, 91]) world.source.members.set(groupId(g), new Set());
    Object.assign(world.provisioner, {
      async provisionOnDemand({ job }: { job: string }, analyst: AnalystId) {
        await Promise.resolve();
        const at = job.includes("contoso") ? 0 : 1;
        const target = at === 0 ? world.contoso : world.fabrikam;
        const trace = { clientRequestId: "c", requestId: "r", status: 200, ms: 1, tries: 1 };
        if (!world.source.members.get(groupId((spec.scopes ?? [9, 8])[at]!))!.has(analyst))
          return { result: { kind: "not-in-scope", detail: "no" }, trace };
        const known = [...target.accounts.values()].find((a) => a.stamp === analyst && a.state === "live");
        return {
          result: known
            ? { kind: "provisioned", account: known.id, origin: "matched" }
            : { kind: "provisioned", account: target.create(analyst), origin: "created" },
          trace,
        };
      },
    });
    const gone = new Map<GroupId, Set<string>>();
    const people = Array.from({ length: 6 }, (_, n) => person(n + 1));
    for (const id of people) world.addUser(id, { attributes: { department: null } as never });
    const original: Spec = {
      roles: [
        { name: "reader", way: { kind: "group", group: homes[0]! }, contoso: [0], fabrikam: false },
        {
          name: "responder",
          way: { kind: pick(["group", "named"] as const), group: homes[1]! },
          contoso: [1],
          fabrikam: true,
        },
        {
          name: "hunter",
          way: { kind: "attr", value: "SOC" },
          contoso: [r() < 0.5 ? 2 : 1],
          fabrikam: false,
        },
      ],
      stamp: "socRoles",
      noise: 0,
    };
    let spec = original;
    world.setPolicy(build(spec));
    const story: string[] = [];
    const truth = (sp: Spec, id: AnalystId): { c: Set<number>; f: boolean; sure: boolean } => {
      const user = world.source.users.get(id);
      const c = new Set<number>();
      let f = false;
      let sure = true;
      if (user === undefined || user === "soft-deleted" || !user.enabled) return { c, f, sure };
      for (const role of sp.roles) {
        if (role.way.kind !== "attr" && !world.source.members.has(role.way.group)) {
          sure = false;
          continue;
        }
        const holds =
          role.way.kind === "attr"
            ? user.attributes["department"] === role.way.value
            : world.source.members.get(role.way.group)!.has(id);
        if (holds) {
          for (const i of role.contoso) c.add(i);
          f ||= role.fabrikam;
        }
      }
      return { c, f, sure };
    };
    const ever = new Map<string, Set<string>>();
    const note = () => {
      for (const id of people) {
        const t = truth(spec, id);
        const s = ever.get(id) ?? new Set<string>();
        for (const i of t.c) s.add(`c${i}`);
        if (t.f) s.add("f");
        ever.set(id, s);
      }
    };
    const has = (id: AnalystId) => {
      const s = new Set<string>();
      for (const a of world.contoso.accounts.values())
        if (a.stamp === id && a.state === "live" && a.enabled)
          grantsC.forEach((g, i) => {
            if (world.contoso.members.get(g)?.has(a.id)) s.add(`c${i}`);
          });
      for (const a of world.fabrikam.accounts.values())
        if (
          a.stamp === id &&
          a.state === "live" &&
          a.enabled &&
          world.fabrikam.members.get(groupId(4))?.has(a.id)
        )
          s.add("f");
      return s;
    };
    const check = (when: string, exact: boolean) => {
      for (const id of people) {
        const t = truth(spec, id);
        const want = new Set([...[...t.c].map((i) => `c${i}`), ...(t.f ? ["f"] : [])]);
        const got = has(id);
        const lacks = [...want].filter((x) => !got.has(x));
        const over = [...got].filter((x) => !(exact ? want : ever.get(id)!).has(x));
        const [sc, sf] = (spec.scopes ?? [9, 8]).map((n) => world.source.members.get(groupId(n))!);
        if ([...got].some((x) => x.startsWith("c")) && !sc!.has(id))
          throw new Error(`${when}: ${id.slice(-2)} is out of scope of contoso\n${story.join("\n")}`);
        if (got.has("f") && !sf!.has(id))
          throw new Error(`${when}: ${id.slice(-2)} is out of scope of fabrikam\n${story.join("\n")}`);
        if (exact)
          for (const n of [8, 9, 90, 91]) {
            const m = world.source.members.get(groupId(n))!;
            const wanted =
              (n === (spec.scopes ?? [9, 8])[0] && t.c.size > 0) || (n === (spec.scopes ?? [9, 8])[1] && t.f);
            if (m.has(id) !== wanted)
              throw new Error(`${when}: ${id.slice(-2)} in scope ${n}: ${m.has(id)}\n${story.join("\n")}`);
          }
        const failing = world.parked.filter(({ reason }) => reason.includes("failing for"));
        if (failing.length > 0) throw new Error(`failing: ${failing[0]!.reason}\n${story.join("\n")}`);
        if (lacks.length + (t.sure ? over.length : 0) === 0) continue;
        if (lacks.length + over.length > 0)
          throw new Error(
            `${when}: ${id.slice(-2)} lacks ${lacks.join(",")} and has too much ${over.join(",")}\n${story.join("\n")}\n${world.parked.map(({ reason }) => reason).join("\n")}`,
          );
      }
    };
    const deeds: Record<string, () => Promise<void>> = {
      async older() {
        story.push("an older version wrote all rows");
        for (const id of people) {
          for (const [table, row] of [
            [world.state.analysts, analystRow(id)],
            [world.state.pairs, pairRow(contosoTenant, id)],
            [world.state.pairs, pairRow(fabrikamTenant, id)],
          ] as const) {
            const known = await table.read(row);
            if (known === null || known.value === null) continue;
            const claim = await (table as typeof world.state.pairs).claim(row, (x) => x);
            const value = { ...(claim.state().value as never as Record<string, unknown>) };
            if ("gave" in value) value["gave"] = {};
            if ("moved" in value) {
              value["moved"] = {};
              value["confirmed"] = {};
            }
            await claim.write({ value: value as never });
          }
        }
      },
      async member() {
        const id = pick(people);
        const there = homes.filter((g) => world.source.members.has(g));
        if (there.length === 0) return;
        const way = pick(there);
        const to = world.source.members.get(way)!.has(id) ? "out" : "in";
        story.push(`${id.slice(-2)} ${to} ${way.slice(-2)}`);
        await world.change(id, way, to);
      },
      async attr() {
        const id = pick(people);
        const value = pick([null, "SOC", "Cyber"]);
        story.push(`${id.slice(-2)} department ${value}`);
        world.source.users.set(id, { ...world.userOf(id), attributes: { department: value } });
        await world.deliver(eventAbout(id, world.now()));
      },
      async able() {
        const id = pick(people);
        const user = world.userOf(id);
        story.push(`${id.slice(-2)} enabled ${!user.enabled}`);
        world.source.users.set(id, { ...user, enabled: !user.enabled });
        await world.deliver(eventAbout(id, world.now()));
      },
      async crowd() {
        const there = homes.filter((one) => world.source.members.has(one));
        if (there.length === 0) return;
        const g = pick(there);
        const to = r() < 0.6;
        story.push(`all ${to ? "in" : "out"} ${g.slice(-2)}`);
        for (const id of people)
          if (to) world.source.members.get(g)!.add(id);
          else world.source.members.get(g)!.delete(id);
        for (const id of people) await world.deliver(eventAbout(id, world.now()));
      },
      async vanish() {
        const g = pick(homes);
        if (gone.has(g)) {
          story.push(`group ${g.slice(-2)} is back`);
          world.source.members.set(g, gone.get(g)!);
          gone.delete(g);
        } else {
          story.push(`group ${g.slice(-2)} is gone`);
          gone.set(g, world.source.members.get(g)!);
          world.source.members.delete(g);
        }
      },
      async edit() {
        const roles = spec.roles.map((x) => ({ ...x }));
        const kind = pick([
          "drop",
          "swap",
          "rename",
          "reway",
          "add",
          "restore",
          "merge",
          "scopes",
          "scopes",
          "scopes",
        ]);
        if (kind === "restore") spec = { ...original, ...(spec.scopes ? { scopes: spec.scopes } : {}) };
        else if (kind === "scopes")
          spec = {
            ...spec,
            scopes: pick([
              [9, 8],
              [8, 9],
              [90, 9],
              [8, 90],
              [90, 91],
              [9, 90],
            ] as [number, number][]),
          };
        else if (kind === "stamp") spec = { ...spec, stamp: pick(["socRoles", "jobs", "roles"]) };
        else {
          if (kind === "drop" && roles.length > 1) roles.splice(Math.floor(r() * roles.length), 1);
          if (kind === "swap" && roles.length > 1) {
            const a = roles[0]!,
              b = roles[roles.length - 1]!;
            [a.name, b.name] = [b.name, a.name];
          }
          if (kind === "rename") {
            const x = pick(roles);
            x.name = pick(
              ["reader", "responder", "hunter", "viewer", "lurker", "extra", "other"].filter(
                (n) => !roles.some((y) => y.name === n),
              ),
            );
          }
          const used = roles.map((x) => JSON.stringify(x.way.kind === "attr" ? x.way.value : x.way.group));
          const free = [
            ...homes.map((g): Way => ({ kind: r() < 0.5 ? "group" : "named", group: g })),
            { kind: "attr", value: "SOC" } as Way,
            { kind: "attr", value: "Cyber" } as Way,
          ].filter((w) => !used.includes(JSON.stringify(w.kind === "attr" ? w.value : w.group)));
          if (kind === "reway" && free.length > 0) pick(roles).way = pick(free);
          if (kind === "add" && free.length > 0 && roles.length < 5)
            roles.push({
              name: pick(
                ["reader", "responder", "hunter", "viewer", "lurker", "extra", "other"].filter(
                  (n) => !roles.some((y) => y.name === n),
                ),
              ),
              way: pick(free),
              contoso: [Math.floor(r() * 3)],
              fabrikam: r() < 0.3,
            });
          if (kind === "merge" && roles.length > 1) {
            const a = roles.shift()!;
            roles[0]!.name = a.name;
          }
          spec = { ...spec, roles };
        }
        spec = { ...spec, noise: spec.noise + 1 };
        story.push(`edit ${kind}: ${JSON.stringify(spec.roles)}`);
        world.setPolicy(build(spec));
      },
    };
    const names = [
      "older",
      "older",
      "member",
      "member",
      "attr",
      "able",
      "crowd",
      "vanish",
      "edit",
      "edit",
      "edit",
    ];
    // begin
    for (const id of people) {
      if (r() < 0.8) world.source.members.get(homes[0]!)!.add(id);
      if (r() < 0.5) world.source.members.get(homes[1]!)!.add(id);
      if (r() < 0.3) world.source.users.set(id, { ...world.userOf(id), attributes: { department: "SOC" } });
      await world.deliver(eventAbout(id, world.now()));
    }
    await pass(3 * hourMs);
    note();
    check("start", true);
    for (let n = 0; n < 8; n += 1) {
      await deeds[pick(names)]!();
      note();
      const wait = pick([10_000, minuteMs, 6 * minuteMs, 2 * hourMs, dayMs]);
      story.push(`.. ${wait / 1000} s`);
      await pass(wait);
      note();
      if (wait >= 2 * hourMs) check(`deed ${n}`, false);
    }
    // the end: everything is found again, the first policy, and a person allows everything
    for (const [g, of] of gone) world.source.members.set(g, of);
    spec = { ...original, noise: 999, ...(spec.scopes ? { scopes: spec.scopes } : {}) };
    story.push("the end");
    world.setPolicy(build(spec, { perRun: 100, share: 1 }));
    note();
    await pass(6 * hourMs);
    check("end", true);
    const writes = world.source.writes.length + world.contoso.writes.length + world.fabrikam.writes.length;
    const keys: string[] = [];
    const { send } = world.ports;
    void send;
    await pass(6 * hourMs);
    expect(world.source.writes.length + world.contoso.writes.length + world.fabrikam.writes.length).toBe(
      writes,
    );
    void keys;
    for (const id of people) {
      const user = world.userOf(id);
      const t =
        spec.roles
          .filter(
            (role) =>
              user.enabled &&
              (role.way.kind === "attr"
                ? user.attributes["department"] === role.way.value
                : world.source.members.get(role.way.group)!.has(id)),
          )
          .map(({ name }) => name)
          .toSorted()
          .join(";") || "none";
      const said = Object.entries(user.stamps).filter(([p]) => !p.includes("socSourceId"));
      const wrong = said.filter(([p, v]) => (p.includes("socRoles") ? v !== t : v !== "none" && v !== t));
      if (wrong.length > 0)
        throw new Error(
          `stamps of ${id.slice(-2)}: ${JSON.stringify(said)} and not ${t}\n${story.join("\n")}`,
        );
    }
  });
