import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { apiDocument } from "../../shared/runtime/api/api-document.ts";
import { endpoints } from "../../shared/runtime/api/endpoints.ts";

test("docs/openapi.json is current: after a change, npm run muster -- api schema --write", async () => {
  expect(await readFile("docs/openapi.json", "utf8")).toBe(`${JSON.stringify(apiDocument(), null, 2)}\n`);
});

describe.each(endpoints.map((one) => [one.name, one] as const))("%s", (name, endpoint) => {
  test("has a function of its name, which listens where it says", async () => {
    const text = await readFile(`functions/${name}.ts`, "utf8");
    expect(text).toContain(`app.http("${name}", {`);
    expect(text).toContain(`methods: ["${endpoint.method}"],`);
    expect(text).toContain(`route: "${endpoint.route}",`);
    // The token is what counts; a key of the host's would be a second secret to keep.
    expect(text).toContain('authLevel: "anonymous",');
    expect(text).toContain("/runtime/api/answer.ts");
  });

  test("names the parts of its route, and reads them all", () => {
    const named = [...endpoint.route.matchAll(/\{(\w+)\}/g)].map(([, part]) => part);
    expect(Object.keys(endpoint.params.shape)).toEqual(named);
  });

  test("is told of where operators look", async () => {
    const [api, architecture] = await Promise.all(
      ["docs/api.md", "docs/architecture.md"].map((path) => readFile(path, "utf8")),
    );
    expect(api).toContain(`${endpoint.method} /api/${endpoint.route}`);
    expect(architecture).toMatch(new RegExp(`^\\| \`${name}\` +\\|`, "m"));
  });
});

test("everything that could go wrong is told of where operators look", async () => {
  const api = await readFile("docs/api.md", "utf8");
  const { paths } = apiDocument();
  const statuses = Object.values(paths).flatMap((operations) =>
    Object.values(operations).flatMap(({ responses }) => Object.keys(responses)),
  );
  const untold = [...new Set(statuses)].filter(
    (status) => Number(status) >= 400 && !api.includes(`| ${status} `),
  );
  expect(statuses.length).toBeGreaterThan(10);
  expect(untold).toEqual([]);
});
