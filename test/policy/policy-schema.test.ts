import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { policyJsonSchema } from "../../shared/policy/policy-schema.ts";

test("policy.schema.json is current: after a change, npm run muster -- policy schema --write", async () => {
  expect(await readFile("policy.schema.json", "utf8")).toBe(
    `${JSON.stringify(policyJsonSchema(), null, 2)}\n`,
  );
});

test("every key is described, for editors to show", () => {
  expect(keysIn(policyJsonSchema()).filter(({ description }) => description === undefined)).toEqual([]);
});

test.each(["policy.example.yaml", "docs/configuration.md"])("%s explains every key", async (file) => {
  const text = await readFile(file, "utf8");
  const names = [...new Set(keysIn(policyJsonSchema()).map(({ name }) => name))];
  expect(names.length).toBeGreaterThan(30);
  expect(names.filter((name) => !new RegExp(`\\b${name}\\b`).test(text))).toEqual([]);
});

type Key = { readonly name: string; readonly description: unknown };

/** Every named key of a JSON schema, at any depth. */
function keysIn(schema: unknown): readonly Key[] {
  if (typeof schema !== "object" || schema === null) return [];
  return Object.entries(schema).flatMap(([keyword, value]) =>
    keyword === "properties"
      ? Object.entries(value as Record<string, { description?: string }>).flatMap(([name, child]) => [
          { name, description: child.description },
          ...keysIn(child),
        ])
      : keysIn(value),
  );
}
