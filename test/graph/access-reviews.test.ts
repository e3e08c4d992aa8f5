import { describe, expect, test } from "vitest";
import {
  readDenial,
  reviewsOfGroup,
  reviewsOfPackage,
  type Reviewed,
} from "../../shared/graph/access-reviews.ts";
import { GraphError } from "../../shared/graph/error.ts";
import type { HttpAnswer } from "../../shared/graph/http.ts";
import { graphTenant } from "../../shared/graph/tenant.ts";
import { packageIdSchema } from "../../shared/model/ids.ts";
import { eachPart, ok, refused, scriptedHttp } from "../support/scripted-http.ts";
import { anasAccount, bensAccount, readers, responders } from "../support/fixtures.ts";

const url = "https://graph.example";
const { group } = readers.grant;
const operator = packageIdSchema.parse("d0000000-0000-4000-8000-000000000001");
const assignments = "/identityGovernance/entitlementManagement/accessPackageAssignments";
const at = (day: number) => `2026-10-${String(day).padStart(2, "0")}T08:00:00Z`;
const time = (day: number) => Date.parse(at(day));
/** Muster gave it. */
const since = time(5);

const scopeOf = (query: string) => ({ "@odata.type": "#microsoft.graph.accessReviewQueryScope", query });
const quarterly = {
  id: "d1",
  displayName: "Quarterly",
  scope: scopeOf(`/groups/${group}/transitiveMembers`),
};
const run = { id: "r1", startDateTime: at(1), endDateTime: at(15), status: "Applied" };
const denied = {
  id: "i1",
  decision: "Deny",
  applyResult: "AppliedSuccessfully",
  appliedDateTime: at(16),
  reviewedDateTime: at(10),
  reviewedBy: { id: "e1", displayName: "Rita", userPrincipalName: "rita@contoso.example" },
  justification: "Left the team.",
  principal: { id: anasAccount.toUpperCase(), displayName: "Ana" },
  principalLink: `https://graph.microsoft.com/v1.0/users/${anasAccount}`,
  resource: null,
};

type Tenant = {
  readonly definitions?: readonly object[];
  readonly runs?: readonly object[];
  readonly decisions?: readonly object[];
  /** Answers this instead, where it says something. */
  readonly answer?: (path: string) => HttpAnswer | undefined;
  readonly reviewed?: Reviewed;
};

function asking({ definitions = [quarterly], runs = [run], decisions = [denied], ...more }: Tenant = {}) {
  const network = scriptedHttp(
    eachPart(({ url: asked }) => {
      const path = decodeURIComponent(asked);
      const instead = more.answer?.(path);
      if (instead !== undefined) return instead;
      if (path.includes("/decisions")) return ok({ value: decisions });
      if (path.includes("/instances")) return ok({ value: runs });
      const part = /contains\(\S+ '([^']*)'\)/.exec(path)?.[1] ?? "nothing";
      return ok({ value: definitions.filter((one) => JSON.stringify(one).includes(part)) });
    }),
  );
  const tenant = graphTenant({ tenantId: "t", url, http: network.http });
  const reviewed = more.reviewed ?? reviewsOfGroup(group);
  const read = () => readDenial(tenant, reviewed, { account: anasAccount, since, priority: "normal" });
  return { network, read };
}

const readIn = (tenant: Tenant) => asking(tenant).read();

describe("a denial by an access review", () => {
  test("says which review, who decided, when, why, and from when on it counts", async () => {
    expect(await readIn({})).toEqual({
      id: "i1",
      review: { id: "d1", name: "Quarterly" },
      by: "Rita (rita@contoso.example)",
      decidedAt: time(10),
      at: time(16),
      why: "Left the team.",
    });
  });

  test("is none where there is no review, and that takes one request", async () => {
    const { network, read } = asking({ definitions: [] });
    expect(await read()).toBeNull();
    expect(network.calls).toHaveLength(1);
  });

  test.each([
    ["of somebody else", { ...denied, principal: { id: bensAccount } }],
    ["of another group", { ...denied, resource: { id: responders.grant.group } }],
    ["that approves", { ...denied, decision: "Approve" }],
    ["that nobody has taken", { ...denied, decision: "NotReviewed" }],
    ["that was carried out before Muster gave it", { ...denied, appliedDateTime: at(4) }],
  ])("is none in a decision %s", async (_what, decision) => {
    expect(await readIn({ decisions: [decision] })).toBeNull();
  });

  test("is none in a review of another group, whatever Graph's filter lets through", async () => {
    const scope = scopeOf(`/groups/${responders.grant.group}/transitiveMembers`);
    const answer = (path: string) =>
      /definitions\?/.test(path) ? ok({ value: [{ ...quarterly, scope }] }) : undefined;
    expect(await readIn({ answer })).toBeNull();
  });

  test("may name its principal by a link alone, and its group in whatever case", async () => {
    const decision = { ...denied, principal: null, resource: { id: group.toUpperCase() } };
    expect(await readIn({ decisions: [decision] })).toMatchObject({ id: "i1" });
  });

  test("counts from the end of the review as long as it is not said to be carried out: the access goes first", async () => {
    const decision = { ...denied, applyResult: "New", appliedDateTime: null };
    const runs = [{ ...run, status: "Applying" }];
    expect(await readIn({ runs, decisions: [decision] })).toMatchObject({ at: time(15) });
  });

  test.each([
    ["counts on the day after the end, when it may be about to be", 60 * 60_000, "i1"],
    ["does not count later, when it is left to somebody, or let be", 25 * 60 * 60_000, undefined],
  ])("that is not carried out %s", async (_what, ago, id) => {
    const decision = { ...denied, applyResult: "New", appliedDateTime: null };
    const runs = [{ ...run, status: "Completed", endDateTime: new Date(Date.now() - ago).toISOString() }];
    expect((await readIn({ runs, decisions: [decision] }))?.id).toBe(id);
  });

  test("does not count while reviewers may still change it", async () => {
    const decision = { ...denied, applyResult: "New", appliedDateTime: null };
    const runs = [{ ...run, status: "InProgress", endDateTime: "9999-01-01T00:00:00Z" }];
    expect(await readIn({ runs, decisions: [decision] })).toBeNull();
  });

  test("that was carried out at a time which Graph does not say counts from the decision or the end, whichever is later", async () => {
    const decision = { ...denied, appliedDateTime: "0001-01-01T00:00:00Z" };
    expect(await readIn({ decisions: [decision] })).toMatchObject({ at: time(15) });
  });

  test("is the last one of several", async () => {
    const decisions = [denied, { ...denied, id: "i2", appliedDateTime: at(20) }];
    expect(await readIn({ decisions })).toMatchObject({ id: "i2" });
  });

  test("that nobody decided is the review's own", async () => {
    const nobody = { id: "00000000-0000-0000-0000-000000000000", displayName: "", userPrincipalName: "" };
    const decision = { ...denied, reviewedBy: nobody, justification: "" };
    expect(await readIn({ decisions: [decision] })).toMatchObject({ by: null, why: null });
  });

  test("is found in a review of all Microsoft 365 groups, in the run of this group", async () => {
    const guests = { id: "d2", displayName: "Guests", scope: scopeOf("./members/microsoft.graph.user") };
    const runs = [
      { ...run, id: "r9", scope: scopeOf(`/v1.0/groups/${responders.grant.group}/members`) },
      { ...run, scope: scopeOf(`/v1.0/groups/${group}/members/microsoft.graph.user`) },
    ];
    const { network, read } = asking({ definitions: [guests], runs });
    expect(await read()).toMatchObject({ review: { name: "Guests" } });
    const asked = JSON.stringify(network.calls);
    expect(asked).toContain(encodeURIComponent(`'/groups/${group}'`));
    expect(asked).not.toContain("r9");
  });

  test("of an access package is found by the package in the scope of the review, and in the decision", async () => {
    const other = { ...quarterly, id: "d9", scope: scopeOf(`${assignments}?$filter=accessPackageId eq 'x'`) };
    const ours = {
      ...quarterly,
      scope: scopeOf(
        `${assignments}?$filter=(accessPackageId eq '${operator}' and assignmentPolicyId eq 'p')`,
      ),
    };
    const resource = { id: "p", accessPackageId: operator };
    const reviewed = reviewsOfPackage(operator);
    const definitions = [other, ours];
    const { network, read } = asking({ reviewed, definitions, decisions: [{ ...denied, resource }] });
    expect(await read()).toMatchObject({ id: "i1" });
    expect(JSON.stringify(network.calls)).not.toContain("d9/instances");
    const another = { ...denied, resource: { id: "p", accessPackageId: "d0" } };
    expect(await readIn({ reviewed, definitions, decisions: [another] })).toBeNull();
  });
});

describe("reading access reviews", () => {
  test("goes on to the end of every listing", async () => {
    const answer = (path: string) => {
      if (!path.includes("/decisions")) return undefined;
      return path.includes("skiptoken")
        ? ok({ value: [denied] })
        : ok({ value: [], "@odata.nextLink": `${url}/v1.0${encodeURI(path)}&$skiptoken=1` });
    };
    expect(await readIn({ answer })).toMatchObject({ id: "i1" });
  });

  test.each(["definitions?", "/instances?", "/decisions?"])(
    "is no answer when a later page of %s does not come",
    async (part) => {
      const answer = (path: string) => {
        if (path.includes("skiptoken")) return refused(400);
        if (!path.includes(part)) return undefined;
        return ok({ value: [], "@odata.nextLink": `${url}/v1.0${encodeURI(path)}&$skiptoken=1` });
      };
      await expect(readIn({ answer })).rejects.toThrow(/not all that access reviews say/);
    },
  );

  test("that is refused, or fails, throws what Graph said", async () => {
    for (const status of [403, 404, 400])
      await expect(readIn({ answer: () => refused(status) })).rejects.toThrow(GraphError);
  });

  test.each(["/instances?", "/decisions?"])(
    "of a review that is deleted meanwhile finds nothing in %s",
    async (part) => {
      const answer = (path: string) => (path.includes(part) ? refused(404) : undefined);
      expect(await readIn({ answer })).toBeNull();
    },
  );

  test("stops at the latest twenty runs, which fit into one batch", async () => {
    const runs = Array.from({ length: 30 }, (_, index) => ({
      ...run,
      id: `r${index}`,
      startDateTime: `2026-09-${String(index + 1).padStart(2, "0")}T00:00:00Z`,
    }));
    const { network, read } = asking({ runs });
    expect(await read()).toMatchObject({ id: "i1" });
    const asked = [...JSON.stringify(network.calls).matchAll(/instances\/(r\d+)\//g)].map(([, id]) => id);
    expect(new Set(asked)).toEqual(new Set(runs.slice(10).map(({ id }) => id)));
    expect(network.calls).toHaveLength(3);
  });
});
