import { expect, test } from "vitest";
import { GraphError } from "../../shared/graph/error.ts";
import type { HttpAnswer } from "../../shared/graph/http.ts";
import { sourceWriter } from "../../shared/graph/source-writer.ts";
import { graphTenant } from "../../shared/graph/tenant.ts";
import { ok, refused, scriptedHttp } from "../support/scripted-http.ts";
import { ana } from "../support/fixtures.ts";

const property = "extension_22222222222242228222222222222222_socRoles";

function writing(answer: HttpAnswer) {
  const network = scriptedHttp(() => answer);
  const tenant = graphTenant({ tenantId: "t", url: "https://graph.example", http: network.http });
  const limits = { priority: "normal", sendBefore: Infinity } as const;
  return { network, clear: () => sourceWriter(tenant).clearStamp(ana, { [property]: "none" }, limits) };
}

test("a stamp is cleared on the user", async () => {
  const { network, clear } = writing(ok());
  expect(await clear()).toMatchObject({ result: "done" });
  expect(network.calls).toMatchObject([
    { method: "PATCH", path: `/users/${ana}`, body: { [property]: "none" } },
  ]);
});

test("a stamp whose property somebody has deleted is gone", async () => {
  const message = `The following extension properties are not available: ${property}.`;
  expect(await writing(refused(400, { message })).clear()).toMatchObject({ result: "missing" });
});

test("a stamp that cannot be cleared for another reason is not", async () => {
  await expect(writing(refused(400)).clear()).rejects.toThrow(GraphError);
  await expect(writing(refused(403)).clear()).rejects.toThrow(GraphError);
});
