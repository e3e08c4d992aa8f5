import { describe, expect, test } from "vitest";
import { runMuster } from "../support/run-muster.ts";

const nowhere =
  "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey=bm90IGEga2V5;TableEndpoint=http://127.0.0.1:1/devstoreaccount1;";

describe("muster findings", () => {
  test("without settings says which one to set, and exits 2", async () => {
    const run = await runMuster(["findings"]);
    expect(run).toMatchObject({ code: 2, stdout: "" });
    expect(run.stderr).toContain("MUSTER_TABLES_URL: set the table endpoint");
  });

  test("takes no secret of a place that is not this machine", async () => {
    const run = await runMuster(["findings"], {
      MUSTER_TABLES: nowhere.replace("127.0.0.1:1", "example.com"),
    });
    expect(run).toMatchObject({ code: 2, stdout: "" });
    expect(run.stderr).toContain("a connection string is a secret");
  });

  test("says that the tables cannot be reached, and exits 2", async () => {
    const run = await runMuster(["findings", "--json"], { MUSTER_TABLES: nowhere });
    expect(run).toMatchObject({ code: 2, stdout: "" });
    expect(run.stderr).toMatch(
      /^cannot read the findings in the tables that MUSTER_TABLES names: .*ECONNREFUSED/,
    );
  });

  test("is asked for what is open, or for all", async () => {
    const run = await runMuster(["findings", "--open", "--all"], { MUSTER_TABLES: nowhere });
    expect(run.code).toBe(2);
    expect(run.stderr).toContain("cannot be used with option");
  });
});
