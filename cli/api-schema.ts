import type { Command } from "commander";
import { tellSchema } from "./tell-schema.ts";

const usual = "docs/openapi.json";

export function addApiSchema(parent: Command): void {
  parent
    .command("schema")
    .description("print the OpenAPI document of the operators' API, from which clients are made")
    .option("--write [file]", `write it to a file instead (${usual} unless named)`)
    .action(async ({ write }: { write?: string | true }) => {
      // What endpoints are made of takes longer to load than other commands take to run.
      const { apiDocument } = await import("../shared/runtime/api/api-document.ts");
      process.exitCode = await tellSchema(apiDocument(), { write, usual });
    });
}
