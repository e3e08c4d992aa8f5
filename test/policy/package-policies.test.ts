import { expect, test } from "vitest";
import { packagesHaveOnePolicy } from "../../shared/policy/package-policies.ts";
import { formatPath } from "../../shared/policy/problem.ts";

const packages = (...policies: readonly string[]) => ({
  accessPackages: policies.map((policy) => ({ package: "Room", policy })),
});

const said = (file: unknown) => packagesHaveOnePolicy(file).map(({ path }) => formatPath(path));

test("a target's own grants and those of its profile give a role a package under one policy", () => {
  const file = (own: string) => ({
    profiles: { standard: { reader: packages("Direct") } },
    targets: { contoso: { profile: "standard", grants: { reader: packages(own) } } },
  });
  expect(said(file("direct"))).toEqual([]);
  expect(said(file("Approved"))).toEqual(["targets.contoso.grants.reader.accessPackages[0].policy"]);
});

test("two roles, and two targets, may be given it under two policies", () => {
  const roles = { reader: packages("Direct"), responder: packages("Approved") };
  const targets = { contoso: { grants: roles }, fabrikam: { grants: { reader: packages("Approved") } } };
  expect(said({ profiles: { standard: roles }, targets })).toEqual([]);
});

test("a mistake in a profile is said once, where it is", () => {
  const profiles = { standard: { reader: packages("Direct", "Approved") } };
  const targets = { contoso: { profile: "standard" }, fabrikam: { profile: "standard" } };
  expect(said({ profiles, targets })).toEqual(["profiles.standard.reader.accessPackages[1].policy"]);
});

test("what is broken elsewhere is not judged here", () => {
  expect(
    said({ profiles: 1, targets: { contoso: { profile: 2, grants: { reader: { accessPackages: "x" } } } } }),
  ).toEqual([]);
  expect(said(null)).toEqual([]);
});
