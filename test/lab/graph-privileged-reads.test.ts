import { describe, expect, test } from "vitest";
import { checkRequest } from "../contract/check-request.ts";
import { checkTraffic } from "../contract/check-traffic.ts";
import { graphData } from "../contract/data.ts";
import { ids, idsIn, type Answer, type Body, type Client } from "./graph-world.ts";
import { day, everySchedule, groups, hour, lasting, outcome, root, scene } from "./privileged-scene.ts";

const sets = ["eligibility", "assignment"].flatMap((standing) =>
  ["Schedules", "ScheduleInstances", "ScheduleRequests"].map((what) => `${standing}${what}`),
);

describe("the listings of PIM for groups", () => {
  test.each(sets)("%s need a filter by group or principal", async (set) => {
    const { app, activate } = await scene();
    await activate();
    const list = (filter?: string) =>
      app.get(`${root}/${set}${filter === undefined ? "" : `?$filter=${filter}`}`);
    for (const filter of [
      `groupId eq '${groups.open}'`,
      `principalId eq '${ids.ana}'`,
      `principalId eq '${ids.ana}' and groupId eq '${groups.open}' and accessId eq 'member'`,
    ]) {
      expect(idsIn(await list(filter)), filter).toHaveLength(1);
    }
    expect(idsIn(await list(`groupId eq '${groups.open}' and accessId eq 'owner'`))).toEqual([]);
    const either = `groupId eq '${groups.open}' or principalId eq '${ids.ana}'`;
    for (const filter of [undefined, "accessId eq 'member'", either])
      expect((await list(filter)).status, filter).toBe(400);
  });

  test.each(sets)("%s give one by its id, and the properties that are selected", async (set) => {
    const { app, activate } = await scene();
    await activate();
    const filter = `$filter=groupId eq '${groups.open}'`;
    const [row] = (await app.get(`${root}/${set}?${filter}`)).body.value ?? [];
    const { "@odata.context": context, ...one } = (await app.get(`${root}/${set}/${row?.id}`)).body;
    expect(one).toEqual(row);
    expect(context).toContain(`$metadata#identityGovernance/privilegedAccess/group/${set}/$entity`);
    const narrow = await app.get(`${root}/${set}?$select=principalId&${filter}`);
    expect(narrow.body.value).toEqual([{ principalId: ids.ana }]);
    expect((await app.get(`${root}/${set}/${ids.gus}`)).status).toBe(404);
    expect((await app.get(`${root}/${set}?$expand=group&${filter}`)).status).toBe(501);
  });

  test("come in pages", async () => {
    const { app, ask } = await scene();
    for (const principalId of [ids.ana, ids.ben, ids.cleo])
      await ask("eligibility", "adminAssign", { principalId });
    const first = await app.get(`${root}/eligibilitySchedules?$filter=groupId eq '${groups.open}'&$top=2`);
    const second = await app.get(String(first.body["@odata.nextLink"]));
    const seen = [first, second].map(({ body }) => body.value?.map((row) => row["principalId"]));
    expect(seen).toEqual([[ids.ana, ids.ben], [ids.cleo]]);
  });

  test("know an unknown group as one in which nobody is anything", async () => {
    const { rows } = await scene();
    for (const set of sets) expect(await rows(set, `groupId eq '${ids.gus}'`)).toEqual([]);
  });

  test("forget a request after 45 days, and not what came of it", async () => {
    const { lab, admin, ask, rows } = await scene();
    const { body } = await ask("eligibility", "adminAssign");
    await lab.advance(45 * day);
    expect(await rows("eligibilityScheduleRequests")).toEqual([]);
    const path = `${root}/eligibilityScheduleRequests/${body.id}`;
    expect(outcome(await admin.get(path))).toEqual([404, "RoleAssignmentRequestNotFound"]);
    expect(await rows("eligibilitySchedules")).toMatchObject([{ createdUsing: body.id }]);
  });

  test("of requests are sorted out by their status; the administrator may leave the filter out", async () => {
    const { admin, ask, rows } = await scene();
    await ask("eligibility", "adminAssign");
    await ask("eligibility", "adminRemove");
    const revoked = await rows(
      "eligibilityScheduleRequests",
      `groupId eq '${groups.open}' and status eq 'Revoked'`,
    );
    expect(revoked).toMatchObject([{ action: "adminRemove", scheduleInfo: null, targetScheduleId: null }]);
    expect(idsIn(await admin.get(`${root}/eligibilityScheduleRequests`))).toHaveLength(2);
  });
});

describe("replicas", () => {
  const second = 1_000;

  test("show schedules and their ends late", async () => {
    const { lab, app, ask } = await scene({ weather: { replicaMs: [60 * second, 60 * second] } });
    const seen = async () => {
      const shown = new Set<number>();
      for (let n = 0; n < 12; n++) {
        const { body } = await app.get(`${root}/eligibilitySchedules?$filter=groupId eq '${groups.open}'`);
        shown.add(body.value?.length ?? -1);
      }
      return shown;
    };
    await ask("eligibility", "adminAssign");
    expect(await seen()).toEqual(new Set([0]));
    await lab.advance(30 * second);
    expect(await seen()).toEqual(new Set([0, 1]));
    await lab.advance(30 * second);
    expect(await seen()).toEqual(new Set([1]));
    await ask("eligibility", "adminRemove");
    expect(await seen()).toEqual(new Set([1]));
    // What is written goes by what is there.
    expect(outcome(await ask("eligibility", "adminRemove", { by: app }))).toEqual([
      400,
      "RoleAssignmentDoesNotExist",
    ]);
  });

  test("do not know a new person yet", async () => {
    const { lab, admin, app, ask } = await scene({ weather: { newObjectMs: [20 * second, 20 * second] } });
    const dora = await admin.post("/users", {
      accountEnabled: true,
      displayName: "Dora",
      mailNickname: "dora",
      userPrincipalName: "dora@source.example",
      passwordProfile: { password: "secret" },
    });
    const assign = () => ask("eligibility", "adminAssign", { by: app, principalId: dora.body.id });
    expect(outcome(await assign())).toEqual([400, "SubjectNotFound"]);
    await lab.advance(20 * second);
    expect(outcome(await assign())).toEqual([201, "Provisioned"]);
  });

  test("never show an activation as if it had no end, however late the one or the other is", async () => {
    const { lab, app, activate } = await scene({ weather: { replicaMs: [0, 60 * second] } });
    await activate();
    for (let n = 0; n < 30; n++) {
      const { body } = await app.get(
        `${root}/assignmentScheduleInstances?$filter=groupId eq '${groups.open}'`,
      );
      for (const row of body.value ?? []) expect(row["endDateTime"]).not.toBeNull();
      await lab.advance(2 * second);
    }
  });
});

describe("the permissions for PIM for groups", () => {
  const kinds = [
    ["eligibility", "PrivilegedEligibilitySchedule"],
    ["assignment", "PrivilegedAssignmentSchedule"],
  ] as const;
  const denied = [403, "Authorization_RequestDenied"];

  test.each(kinds)(
    "of %s: Read reads, Remove removes, ReadWrite does all of it",
    async (standing, permission) => {
      const tried = async (right: string) => {
        const { app, ask } = await scene({ app: { roles: [`${permission}.${right}.AzureADGroup`] } });
        await ask(standing, "adminAssign");
        const list = await app.get(`${root}/${standing}Schedules?$filter=groupId eq '${groups.open}'`);
        const removed = await ask(standing, "adminRemove", { by: app });
        const assigned = await ask(standing, "adminAssign", { by: app, principalId: ids.ben });
        return [list, removed, assigned].map(({ status }) => status);
      };
      expect(await tried("Read")).toEqual([200, 403, 403]);
      expect(await tried("Remove")).toEqual([403, 201, 403]);
      // Nothing more, though the group can be assigned to roles.
      expect(await tried("ReadWrite")).toEqual([200, 201, 201]);
    },
  );

  test("of the one are not those of the other", async () => {
    const { app, ask } = await scene({ app: { roles: [String(everySchedule[0])] } });
    expect(outcome(await ask("assignment", "adminAssign", { by: app }))).toEqual(denied);
  });

  test("let nobody activate or deactivate for somebody else", async () => {
    const { app, ask, activate } = await scene();
    await activate();
    for (const action of ["selfActivate", "selfDeactivate"]) {
      const answer = await ask("assignment", action, { by: app, scheduleInfo: lasting("PT1H") });
      expect(outcome(answer)).toEqual(denied);
    }
  });
});

describe.skipIf(graphData() === undefined)("Graph's metadata (MUSTER_GRAPH_DATA)", () => {
  const data = graphData();
  const rowsOf = ({ body }: Answer): readonly Body[] => body.value ?? [body];

  test("knows everything that is sent and answered", async () => {
    if (data === undefined) return;
    const { lab, app, activate, ask } = await scene();
    const later = lasting("P1D", new Date(lab.clock.now() + hour).toISOString());
    await activate();
    await ask("eligibility", "adminAssign", { by: app, accessId: "owner", scheduleInfo: later });
    await ask("assignment", "adminRemove", { by: app, scheduleInfo: undefined });
    await ask("assignment", "adminAssign", { by: app, principalId: ids.ben });
    const problems: string[] = [];
    for (const set of sets) {
      for (const row of await everyRow(app, set)) {
        const body = Object.fromEntries(Object.entries(row).filter(([name]) => !name.startsWith("@odata.")));
        problems.push(
          ...checkRequest(data.metadata, { method: "POST", url: `${root}/${set}`, body }).problems,
        );
      }
    }
    const sent = lab.lab.traffic().map(({ method, url, requestBody }) => {
      const { pathname, search } = new URL(url);
      return { method, url: pathname.replace("/v1.0", "") + search, body: requestBody };
    });
    expect(problems).toEqual([]);
    expect(checkTraffic(sent).problems).toEqual([]);
  });

  async function everyRow(app: Client, set: string): Promise<readonly Body[]> {
    const list = await app.get(`${root}/${set}?$filter=groupId eq '${groups.open}'`);
    expect(rowsOf(list)).not.toEqual([]);
    return [...rowsOf(list), ...rowsOf(await app.get(`${root}/${set}/${rowsOf(list)[0]?.id}`))];
  }
});
