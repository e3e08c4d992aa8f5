import { guidFrom } from "../../lab/graph/ids.ts";
import type { TargetPlan } from "./plan.ts";

/** Ids of what a plan names; the same whoever else is in the lab. */
export type Ids = {
  readonly tenant: (target: string) => string;
  readonly person: (name: string) => string;
  /** A group of a target, or with "source" of the source tenant. */
  readonly group: (tenant: string, name: string) => string;
  readonly package: (target: string, name: string) => string;
  readonly account: (target: string, person: string) => string;
};

export const idsOf: Ids = {
  tenant: (target) => guidFrom("worlds", target),
  person: (name) => guidFrom("worlds", "user", name),
  group: (tenant, name) => guidFrom("worlds", tenant, "group", name),
  package: (target, name) => guidFrom("worlds", target, "package", name),
  account: (target, person) => guidFrom("worlds", target, "account", person),
};

export const mailOf = (person: string): string => `${person}@source.example`;
export const scopeName = (target: string): string => `Scope of ${target}`;
/** The package of the source that puts people in scope. */
export const scopePackage = (target: string): string => guidFrom("worlds", "source", "package", target);
export const teamName = (role: string): string => `${role} team`;
export const stampNames = ["socRoles", "socSourceId"] as const;

export const appOfStamps = (target: TargetPlan, ofSource: string): string =>
  target.extensionApp === "its own" ? guidFrom("worlds", target.name, "extension-app") : ofSource;

export const syncOf = (target: string) => ({
  servicePrincipal: guidFrom("worlds", target, "sync"),
  job: `Azure2Azure.${guidFrom("worlds", target, "job").replaceAll("-", "")}.${guidFrom("worlds", target, "job", 2)}`,
});

/** The source tenant, and the application whose extension properties are stamps there. */
export type Home = { readonly tenantId: string; readonly extensionApp: string };
