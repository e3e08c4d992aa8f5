import { expect } from "vitest";
import {
  ids,
  idsIn,
  ref,
  testLab,
  type Body,
  type Changes,
  type Client,
  type TestLab,
} from "./graph-world.ts";

export const minute = 60_000;
export const cycleMs = 40 * minute;
export const jobPath = `/servicePrincipals/${ids.syncApp}/synchronization/jobs/${ids.job}`;
const accounts = "/users?$select=id,displayName,userPrincipalName,accountEnabled,userType,mail";

/** The small world with what sync tests do in it, by the administrators of both tenants and by the app. */
export type Scene = {
  readonly lab: TestLab;
  readonly source: Client;
  readonly target: Client;
  readonly app: Client;
  readonly scope: (...people: readonly string[]) => Promise<void>;
  readonly unscope: (person: string) => Promise<void>;
  readonly cycle: () => Promise<void>;
  readonly accounts: () => Promise<readonly Body[]>;
  readonly deletedAccounts: () => Promise<string[]>;
  readonly onDemand: (person: string) => Promise<{ readonly answer: Body; readonly details: Body }>;
};

export async function scene(changes: Changes = {}): Promise<Scene> {
  const lab = await testLab(changes);
  const [source, target, app] = [
    await lab.as("admin", ids.source),
    await lab.as("admin", ids.contoso),
    await lab.as("app", ids.source),
  ];
  return {
    lab,
    source,
    target,
    app,
    async scope(...people) {
      for (const person of people) {
        expect((await source.post(`/groups/${ids.scope}/members/$ref`, ref(person))).status).toBe(204);
      }
    },
    async unscope(person) {
      expect((await source.delete(`/groups/${ids.scope}/members/${person}/$ref`)).status).toBe(204);
    },
    cycle: () => lab.advance(cycleMs),
    accounts: async () => (await target.get(accounts)).body.value ?? [],
    deletedAccounts: async () =>
      idsIn(await target.get("/directory/deletedItems/microsoft.graph.user?$select=id")),
    async onDemand(person) {
      const { status, body } = await app.post(`${jobPath}/provisionOnDemand`, onDemandBody(person));
      expect(status).toBe(200);
      const value = JSON.parse(textOf(body.value)) as Body | Body[];
      const details = Array.isArray(value) ? value[0] : value;
      return { answer: body, details: details ?? {} };
    },
  };
}

export function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

export function onDemandBody(person: string) {
  return {
    parameters: [{ ruleId: ids.rule, subjects: [{ objectId: person, objectTypeName: "User" }] }],
  };
}
