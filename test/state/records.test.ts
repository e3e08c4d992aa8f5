import { beforeEach, describe, expect, test } from "vitest";
import type { AnalystRecord } from "../../shared/model/analyst.ts";
import { unknownPair, type PairRecord } from "../../shared/model/pair.ts";
import { allAnalysts, analystRow, analysts } from "../../shared/state/analysts.ts";
import { pairRow, pairs } from "../../shared/state/pairs.ts";
import { roleKeyRow, roleKeys } from "../../shared/state/role-keys.ts";
import { memoryTable, type MemoryTable } from "../support/memory-table.ts";
import {
  ana,
  analystRecord,
  anasAccount,
  asReader,
  asResponder,
  believed,
  ben,
  contosoTenant,
  entry,
  fabrikamTenant,
  lately,
  longAgo,
  now,
  readers,
  remembered,
  stampsFor,
  syncScope,
} from "../support/fixtures.ts";

let table: MemoryTable;
beforeEach(() => {
  table = memoryTable();
});

describe("what is remembered of an analyst", () => {
  const full: AnalystRecord = analystRecord({
    held: [asReader, asResponder],
    roles: [asReader, { ...asResponder, former: "yes" }],
    stamped: stampsFor([]),
    confirmed: { [asReader.by]: lately },
    moved: { [asReader.by]: ["group:before"] },
    leaving: "disabled",
    leftAt: now,
    missingSince: lately,
    sessionsRevokedAt: now,
    targets: [contosoTenant, fabrikamTenant],
    recent: believed({
      states: { enabled: lately, absent: longAgo },
      roles: { [asReader.by]: lately },
      stamps: { at: now, values: stampsFor([]), beforeAt: lately },
    }),
  });

  test("is read as it was written, to the last field", async () => {
    const claim = await analysts(table.client).claim(analystRow(ana), (state) => state);
    await claim.write({ value: full });
    expect((await analysts(table.client).read(analystRow(ana)))?.value).toEqual(full);
  });

  test("is read as well when an older version wrote it, which remembered less", async () => {
    const claim = await analysts(table.client).claim(analystRow(ana), (state) => state);
    const { moved: _moved, confirmed: _confirmed, stamped: _stamped, ...older } = full;
    await claim.write({ value: older as AnalystRecord }); // as it was then
    expect((await analysts(table.client).read(analystRow(ana)))?.value).toEqual({
      ...full,
      moved: {},
      confirmed: {},
      stamped: {},
    });
  });

  test("is listed for everybody of whom something is known; a key that was only heard of is nobody", async () => {
    const state = analysts(table.client);
    await (await state.claim(analystRow(ana), (one) => one)).write({ value: full });
    await state.claim(analystRow(ben), (one) => one);
    expect(await allAnalysts(state)).toEqual([full]);
  });
});

describe("what is remembered of a pair", () => {
  const full: PairRecord = {
    ...unknownPair,
    account: remembered({ proof: "provisioned", blocked: "intended", deleted: "expected", aliveAt: lately }),
    ledger: [
      {
        item: { kind: "grant", grant: readers.grant, account: anasAccount },
        name: readers.name,
        entry: entry("removing", now, lately),
      },
      { item: { kind: "scope", scope: syncScope.scope }, name: syncScope.name, entry: entry("added") },
    ],
    gave: { [asReader.by]: ["group:1"] },
    denials: {
      "group:1": {
        id: "i1",
        review: { id: "d1", name: "Quarterly" },
        by: null,
        decidedAt: null,
        at: now,
        why: null,
      },
    },
    overruled: { "group:2": lately },
    taken: { "group:3": lately },
    ended: ["group:4"],
    leftIn: ["group:5"],
    place: "contoso",
    leftAt: now,
    asked: { tries: 3, scopedAt: lately },
    wroteAt: now,
    doubt: { gives: now, takes: lately },
    served: 7,
    proof: { hash: "a hash", at: lately, entered: "no" },
  };

  test("is read as it was written, to the last field", async () => {
    const state = pairs(table.client);
    await (await state.claim(pairRow(contosoTenant, ana), (one) => one)).write({ value: full });
    expect((await pairs(table.client).read(pairRow(contosoTenant, ana)))?.value).toEqual(full);
  });

  test("is read as well when an older version wrote it, which remembered less", async () => {
    const state = pairs(table.client);
    const {
      gave: _gave,
      denials: _denials,
      overruled: _overruled,
      taken: _taken,
      ended: _ended,
      leftIn: _leftIn,
      place: _place,
      ...older
    } = full;
    await (
      await state.claim(pairRow(contosoTenant, ana), (one) => one)
    ).write({ value: older as PairRecord });
    expect((await pairs(table.client).read(pairRow(contosoTenant, ana)))?.value).toEqual({
      ...full,
      gave: {},
      denials: {},
      overruled: {},
      taken: {},
      ended: [],
      leftIn: [],
      place: null,
    });
  });

  test("begins with nothing", async () => {
    const claim = await pairs(table.client).claim(pairRow(contosoTenant, ana), (one) => one);
    expect(claim.state().value).toEqual(unknownPair);
  });

  test("belongs to the tenant and to the analyst, and to no name in the policy", async () => {
    const state = pairs(table.client);
    for (const tenant of [contosoTenant, fabrikamTenant])
      for (const id of [ben, ana]) await state.claim(pairRow(tenant, id), (one) => one);
    expect((await state.list(contosoTenant)).map(({ rowKey }) => rowKey)).toEqual([ana, ben]);
  });
});

test("of a role group the clock alone is remembered", async () => {
  const claim = await roleKeys(table.client).claim(roleKeyRow("group:1"), (one) => one);
  expect(claim.state().value).toBeNull();
});
