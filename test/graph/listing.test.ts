import { describe, expect, test } from "vitest";
import { z } from "zod";
import { GraphError } from "../../shared/graph/error.ts";
import type { HttpAnswer, HttpCall } from "../../shared/graph/http.ts";
import { listAll } from "../../shared/graph/listing.ts";
import { graphTenant, type GraphTenant, type Trace } from "../../shared/graph/tenant.ts";
import { inTurn, ok, refused, scriptedHttp } from "../support/scripted-http.ts";

const url = "https://graph.example";
const item = z.object({ id: z.string() });
const call = { path: "/users?$select=id&$top=999", template: "/users", priority: "normal" } as const;

function list(answer: (call: HttpCall) => HttpAnswer) {
  const network = scriptedHttp(answer);
  const tenant = graphTenant({ tenantId: "t", url, http: network.http });
  return { network, listing: listAll(tenant, call, item) };
}

const page = (ids: readonly string[], next?: string): HttpAnswer =>
  ok({
    "@odata.context": "…",
    value: ids.map((id) => ({ id, more: 1 })),
    ...(next === undefined ? {} : { "@odata.nextLink": next }),
  });
const next = (token: string) => `${url}/v1.0/users?$select=id&$skiptoken=${token}`;
const trace: Trace = { clientRequestId: "c", requestId: null, status: 200, ms: 0, tries: 1 };
const complete = { kind: "complete" };

describe("a listing", () => {
  test("of one page is complete", async () => {
    const { network, listing } = list(inTurn(page(["a", "b"])));
    expect(await listing).toEqual({ items: [{ id: "a" }, { id: "b" }], completeness: complete });
    expect(network.calls.map(({ method, path }) => [method, path])).toEqual([["GET", call.path]]);
  });

  test("of nothing is complete", async () => {
    expect(await list(inTurn(page([]))).listing).toEqual({ items: [], completeness: complete });
  });

  test("of several pages is read to the end, by the links as they were given", async () => {
    const { network, listing } = list(inTurn(page(["a"], next("1")), page([], next("2")), page(["b"])));
    expect(await listing).toEqual({ items: [{ id: "a" }, { id: "b" }], completeness: complete });
    expect(network.calls.map(({ path }) => path)).toEqual([
      call.path,
      "/users?$select=id&$skiptoken=1",
      "/users?$select=id&$skiptoken=2",
    ]);
  });

  test("whose first page fails is no listing at all", async () => {
    const { listing } = list(inTurn(refused(403)));
    await expect(listing).rejects.toBeInstanceOf(GraphError);
  });

  test("whose second page fails is partial: what was read is true, and absence means nothing", async () => {
    const { listing } = list(inTurn(page(["a"], next("1")), refused(403, { message: "No more." })));
    const { items, completeness } = await listing;
    expect(items).toEqual([{ id: "a" }]);
    expect(completeness.kind).toBe("partial");
    expect(completeness.kind === "partial" ? completeness.why : "").toContain("No more.");
  });

  test("is never partial because of an answer that makes no sense: that is an error", async () => {
    await expect(list(inTurn(page(["a"], next("1")), ok({ values: [] }))).listing).rejects.toThrow();
    await expect(list(inTurn(ok({ value: [{ id: 7 }] }))).listing).rejects.toThrow();
    await expect(list(inTurn(ok("<html>"))).listing).rejects.toThrow();
  });

  test.each([
    ["another host", "https://evil.example/v1.0/users?$skiptoken=1"],
    ["a host that begins alike", `${url}.evil.example/v1.0/users?$skiptoken=1`],
    ["another version", `${url}/beta/users?$skiptoken=1`],
    ["a version that begins alike", `${url}/v1.05/users?$skiptoken=1`],
    ["no host", "/users?$skiptoken=1"],
    ["plain HTTP", `http://graph.example/v1.0/users?$skiptoken=1`],
  ])("does not follow a link to %s, and takes no token there", async (_, foreign) => {
    const { network, listing } = list(inTurn(page(["a"], foreign), page(["b"])));
    await expect(listing).rejects.toThrow();
    expect(network.calls).toHaveLength(1);
  });

  test("that does not end is given up, and is partial", async () => {
    let pages = 0;
    const endless: GraphTenant = {
      tenantId: "t",
      url,
      now: () => 0,
      async send() {
        pages += 1;
        return { ...page(["a"], next("again")), trace, appliedBefore: "no" };
      },
    };
    const { completeness } = await listAll(endless, call, item);
    expect(completeness).toEqual({ kind: "partial", why: "the listing does not end" });
    expect(pages).toBeLessThanOrEqual(1_000);
  });
});
