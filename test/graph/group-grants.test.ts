import { describe, expect, test } from "vitest";
import type { HttpAnswer } from "../../shared/graph/http.ts";
import { groupReader } from "../../shared/graph/grants/group-grants.ts";
import { groupDirectory } from "../../shared/graph/group-directory.ts";
import { graphTenant } from "../../shared/graph/tenant.ts";
import { ok, refused, scriptedHttp } from "../support/scripted-http.ts";
import { anasAccount, readers, responders } from "../support/fixtures.ts";

const { grant } = readers;

function asking(answers: { readonly around: readonly string[]; readonly direct: HttpAnswer }) {
  const network = scriptedHttp(({ path }) =>
    path.endsWith("/checkMemberGroups") ? ok({ value: answers.around }) : answers.direct,
  );
  const tenant = graphTenant({ tenantId: "t", url: "https://graph.example", http: network.http });
  const reader = groupReader(tenant, groupDirectory(tenant));
  return { network, isHeld: () => reader.isHeld(grant, anasAccount, "normal") };
}

describe("whether somebody is in a group by a membership of their own", () => {
  test("is not said of who is in it through another group", async () => {
    const { isHeld } = asking({
      around: [grant.group],
      direct: ok({ value: [{ id: responders.grant.group }] }),
    });
    expect(await isHeld()).toBe("no");
  });

  test("is said when both answers agree", async () => {
    const { isHeld } = asking({ around: [grant.group], direct: ok({ value: [{ id: grant.group }] }) });
    expect(await isHeld()).toBe("yes");
  });

  test("takes one question where the answer is no", async () => {
    const { network, isHeld } = asking({ around: [], direct: refused(500) });
    expect(await isHeld()).toBe("no");
    expect(network.calls).toHaveLength(1);
  });
});
