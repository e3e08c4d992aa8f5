import { expect, test } from "vitest";
import { packageWriter, packageReader } from "../../shared/graph/grants/package-grants.ts";
import { sightOfPackage, type Papers } from "../../shared/graph/grants/package-state.ts";
import { packageDirectory } from "../../shared/graph/grants/package-directory.ts";
import { graphTenant } from "../../shared/graph/tenant.ts";
import { assignmentPolicyIdSchema, packageIdSchema } from "../../shared/model/ids.ts";
import { eachPart, ok, scriptedHttp } from "../support/scripted-http.ts";
import { anasAccount } from "../support/fixtures.ts";

const operator = packageIdSchema.parse("4a000000-0000-4000-8000-000000000001");
const policy = assignmentPolicyIdSchema.parse("4d000000-0000-4000-8000-000000000001");
const grant = { kind: "package", package: operator, policy, expires: null, renew: false } as const;

/** Ana has the package, and has asked for its extension in My Access, which waits for approval. */
const papers: Papers = {
  assignments: [{ id: "assignment-1", state: "delivered", accessPackage: { id: operator } }],
  requests: [
    {
      id: "request-2",
      requestType: "userupdate",
      state: "pendingapproval",
      createdDateTime: "2026-11-20T12:00:00Z",
      accessPackage: { id: operator },
    },
  ],
  isComplete: true,
  hasAllRequests: true,
};

/*
 * Whoever may extend an assignment may ask for that on their last day, and approvers have fourteen days. The request is about an
 * assignment that is delivered: what the leaver has is not "coming".
 */
test("a leaver who has asked for an extension is seen to have the package", () => {
  const seen = sightOfPackage(papers, grant, {
    wanted: "no",
    now: Date.parse("2026-11-20T13:00:00Z"),
  });
  expect(seen).toMatchObject({ seen: "present" });
});

test("the assignment is asked back while its extension waits for approval", async () => {
  const posts: unknown[] = [];
  const { http } = scriptedHttp((call) => {
    if (call.method === "POST" && call.path !== "/$batch") posts.push(call.body);
    return eachPart(({ method, url }) => {
      if (method === "POST")
        return { status: 201, headers: {}, body: { id: "request-3", state: "submitted" } };
      return ok({ value: url.includes("assignmentRequests") ? papers.requests : papers.assignments });
    })(call);
  });
  const tenant = graphTenant({ tenantId: "t", url: "https://graph.example", http });
  const came = await packageWriter(tenant).take(grant, anasAccount, {
    priority: "high",
    sendBefore: Date.now() + 20_000,
  });
  expect(came.result).toBe("done");
  expect(posts).toEqual([expect.objectContaining({ requestType: "adminRemove" })]);
});

/*
 * The look shows "absent" only of what was read to its end, and so should the words before the call: of an assignment that was delivered a
 * moment ago the list of requests knows already, and the list of assignments not yet.
 */
test("an assignment that only the requests know of is not missing", async () => {
  const { http } = scriptedHttp(
    eachPart(({ url }) =>
      ok({
        value: url.includes("assignmentRequests")
          ? [{ ...papers.requests[0], requestType: "adminAdd", state: "delivered" }]
          : [],
      }),
    ),
  );
  const tenant = graphTenant({ tenantId: "t", url: "https://graph.example", http });
  const holdings = await packageReader(tenant, packageDirectory(tenant)).holdings(anasAccount, "high", [
    "package",
  ]);
  expect.soft(holdings(grant, "no").seen).not.toBe("absent");
  const came = await packageWriter(tenant).take(grant, anasAccount, {
    priority: "high",
    sendBefore: Date.now() + 20_000,
  });
  expect(came.result).not.toBe("missing");
});
