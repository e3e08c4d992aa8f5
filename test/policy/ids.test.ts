import { expect, expectTypeOf, test } from "vitest";
import {
  accountIdSchema,
  analystIdSchema,
  roleNameSchema,
  tenantIdSchema,
  type AccountId,
  type AnalystId,
  type GroupId,
  type RoleName,
  type TargetName,
  type TenantId,
} from "../../shared/model/ids.ts";

test("an id is a GUID, kept in lower case", () => {
  expect(tenantIdSchema.parse("ABCDEF01-2345-4678-89AB-CDEF01234567")).toBe(
    "abcdef01-2345-4678-89ab-cdef01234567",
  );
  expect(tenantIdSchema.safeParse("contoso.example").success).toBe(false);
  expect(tenantIdSchema.safeParse("{abcdef01-2345-4678-89ab-cdef01234567}").success).toBe(false);
});

test("an id of one kind cannot be passed for another", () => {
  expectTypeOf<AnalystId>().not.toExtend<AccountId>();
  expectTypeOf<AccountId>().not.toExtend<AnalystId>();
  expectTypeOf<TenantId>().not.toExtend<GroupId>();
  expectTypeOf<RoleName>().not.toExtend<TargetName>();
  expectTypeOf<string>().not.toExtend<TenantId>();
  const analyst = analystIdSchema.parse("cccccccc-cccc-4ccc-8ccc-cccccccccccc");
  const block = (account: AccountId) => account;
  // @ts-expect-error an analyst's id is not an account's
  expect(block(analyst)).toBe(analyst);
  expect(block(accountIdSchema.parse(analyst))).toBe(analyst);
});

test.each(["", "a b", "a;b", "a/b", "-a", "a#", "a".repeat(65)])("%j is not a role's name", (name) => {
  expect(roleNameSchema.safeParse(name).success).toBe(false);
});

test.each(["a", "tier-1", "soc.reader_2", "0", "a".repeat(64)])("%j is a role's name", (name) => {
  expect(roleNameSchema.safeParse(name).success).toBe(true);
});
