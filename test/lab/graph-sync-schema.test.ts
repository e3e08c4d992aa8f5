import { expect, test } from "vitest";
import { type Body, ids, rolesExtension } from "./graph-world.ts";
import { jobPath, scene, type Scene } from "./sync-scene.ts";

type Mapping = { readonly targetAttributeName: string; readonly source: { readonly name: string } };
type Schema = {
  readonly synchronizationRules: readonly [
    {
      readonly id: string;
      readonly objectMappings: readonly [{ readonly attributeMappings: readonly Mapping[] }];
    },
  ];
};

const path = `${jobPath}/schema`;

async function schemaOf({ source }: Scene): Promise<Schema> {
  return (await source.get(path)).body as unknown as Schema; // what Graph answers
}

const mappingsOf = (schema: Schema) => schema.synchronizationRules[0].objectMappings[0].attributeMappings;

/** The same schema with other mappings; everything else as it was. */
function withMappings(schema: Schema, change: (mappings: readonly Mapping[]) => readonly Mapping[]): Schema {
  const [rule] = schema.synchronizationRules;
  const [mapping] = rule.objectMappings;
  const attributeMappings = change(mapping.attributeMappings);
  return {
    ...schema,
    synchronizationRules: [{ ...rule, objectMappings: [{ ...mapping, attributeMappings }] }],
  };
}

async function account(world: Scene, select: string): Promise<Body> {
  const [found] = await world.accounts();
  return (await world.target.get(`/users/${found?.id}?$select=id,${select}`)).body;
}

test("only what the schema maps travels: an extension that it does not map stays at home", async () => {
  const world = await scene({ job: { mappedExtensions: [] } });
  expect(mappingsOf(await schemaOf(world)).map((each) => each.targetAttributeName)).not.toContain(
    rolesExtension,
  );
  await world.source.patch(`/users/${ids.ana}`, { [rolesExtension]: "hunter" });
  await world.scope(ids.ana);
  await world.cycle();
  const copy = await account(world, `jobTitle,${rolesExtension}`);
  expect(copy["jobTitle"]).toBe("Threat Hunter");
  expect(copy[rolesExtension]).toBeUndefined();
});

test("a schema that is put back as it was read changes nothing", async () => {
  const world = await scene();
  const schema = await schemaOf(world);
  expect(mappingsOf(schema).map((each) => each.targetAttributeName)).toContain(rolesExtension);
  expect((await world.source.put(path, schema)).status).toBe(204);
  expect(await schemaOf(world)).toEqual(schema);
});

test("an administrator can unmap an extension: what it was in the target stays", async () => {
  const world = await scene();
  await world.source.patch(`/users/${ids.ana}`, { [rolesExtension]: "hunter" });
  await world.scope(ids.ana);
  await world.cycle();
  const schema = await schemaOf(world);
  const unmapped = withMappings(schema, (all) =>
    all.filter((each) => each.targetAttributeName !== rolesExtension),
  );
  expect((await world.source.put(path, unmapped)).status).toBe(204);
  await world.source.patch(`/users/${ids.ana}`, { [rolesExtension]: "reader", jobTitle: "Lead" });
  await world.cycle();
  expect(await account(world, `jobTitle,${rolesExtension}`)).toMatchObject({
    jobTitle: "Lead",
    [rolesExtension]: "hunter",
  });
});

test("after a change of mappings everybody is written again in the next cycle", async () => {
  const world = await scene({ job: { mappedExtensions: [] } });
  await world.source.patch(`/users/${ids.ana}`, { [rolesExtension]: "hunter" });
  await world.scope(ids.ana);
  await world.cycle();
  const [first] = mappingsOf(await schemaOf(world));
  const mapped = withMappings(await schemaOf(world), (all) => [
    ...all,
    {
      ...first,
      matchingPriority: 0,
      targetAttributeName: rolesExtension,
      source: { name: rolesExtension, type: "Attribute" },
    } as Mapping,
  ]);
  expect((await world.source.put(path, mapped)).status).toBe(204);
  await world.cycle();
  expect(await account(world, rolesExtension)).toMatchObject({ [rolesExtension]: "hunter" });
});

test("an attribute can be mapped to another", async () => {
  const world = await scene();
  const mapped = withMappings(await schemaOf(world), (all) =>
    all.map((each) =>
      each.targetAttributeName === "department"
        ? { ...each, source: { ...each.source, name: "jobTitle" } }
        : each,
    ),
  );
  expect((await world.source.put(path, mapped)).status).toBe(204);
  await world.scope(ids.ana);
  await world.cycle();
  expect(await account(world, "department")).toMatchObject({ department: "Threat Hunter" });
});

test.each([
  [
    "an attribute that nobody has",
    (schema: Schema) =>
      withMappings(schema, (all) => all.map((each) => ({ ...each, targetAttributeName: "shoeSize" }))),
  ],
  ["no matching attribute", (schema: Schema) => withMappings(schema, (all) => all.slice(1))],
  [
    "another rule",
    (schema: Schema) => ({
      ...schema,
      synchronizationRules: [{ ...schema.synchronizationRules[0], id: "x" }],
    }),
  ],
  ["no rules", () => ({})],
])("a schema with %s is refused and leaves the old one in force", async (_what, change) => {
  const world = await scene();
  const schema = await schemaOf(world);
  const { status, body } = await world.source.put(path, change(schema));
  expect([status, body.error?.code]).toEqual([400, "schemaInvalid"]);
  expect(await schemaOf(world)).toEqual(schema);
});
